"""The call list: whom to contact now, in order, and who has taken whom.

Only what may be done at this moment stands on it: a case before its hour, or whose borrower is out of hours,
is passed over. Two people never hold one case: a claim is one statement that finds the case free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session, joinedload

from portal.domain import contact_times, masking
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Borrower, Case, Strategy
from portal.models.types import Flag
from portal.services import audit, case_list, lenders, policies, scope, strategies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import NextStep, StepReason

CLAIM = timedelta(minutes=15)
PAGE_LENGTH = 25
COUNTED_TO = 1000  # a list that is longer says "more than": counting it all would slow every page
STEPS = (NextStep.CALL, NextStep.SMS, NextStep.EMAIL, NextStep.LETTER, NextStep.VISIT_PROPOSAL)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """`search` is the beginning of a contract number or a borrower number; names are not searched."""

    step: NextStep = NextStep.CALL
    bucket: str = ""
    reason: StepReason | None = None
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A case as the list shows it: why now, from when. `overdue` is minor units of the case's currency, the
    name is masked; `claimed_by` names who has it now."""

    strategy: Strategy
    case: Case
    borrower: str
    dpd: int = 0
    overdue: int = 0
    claimed_by: str | None = None


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    lines: Sequence[Line]
    after: str | None


def page_of(session: Session, *, filters: Filters, after: str | None, actor: Actor, now: datetime) -> Page:
    """Return a page of what this person may take on now, the most urgent first."""
    query = _open_now(session, actor, now, filters.step)
    if query is None:
        return Page((), None)
    query = _filtered(query, filters, actor)
    if after:
        query = query.where(_key() > _key_of(actor, after))
    query = _in_order(query, Case).options(joinedload(Case.borrower))
    found = session.execute(query.limit(PAGE_LENGTH + 1)).unique().all()
    shown, more = found[:PAGE_LENGTH], len(found) > PAGE_LENGTH
    return Page(_lines(session, shown, actor, now), shown[-1][0].ref if more else None)


def counts(session: Session, *, actor: Actor, now: datetime) -> Mapping[NextStep, int]:
    """Return how many of each step are due today, counted up to COUNTED_TO."""
    own = scope.of_lender(Strategy, actor)

    def counted(step: NextStep) -> Any:
        some = own.where(*_due(step)).with_only_columns(Strategy.id).limit(COUNTED_TO).subquery()
        return select(literal(step.value).label("step"), func.count().label("due")).select_from(some)

    rows = session.execute(union_all(*map(counted, STEPS)))
    return {NextStep(row.step): row.due for row in rows}


@in_savepoint
def claim_next(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    after: Case | None = None,
    step: NextStep = NextStep.CALL,
) -> Strategy | None:
    """Take the most urgent case that nobody has; None: nobody is left.

    `after`: the case that was just left; the one behind it comes next, and itself not again."""
    query = _open_now(session, actor, now, step)
    if query is None:
        return None
    free = query.where(_is_free(now, actor))
    if after is not None:
        free = free.where(Strategy.case_id != after.id)
        found = _first(session, free.where(_key() > _key_of(actor, after.ref))) or _first(session, free)
    else:
        found = _first(session, free)
    return _take(session, found, actor, now) if found else None


@in_savepoint
def claim(session: Session, *, case: Case, actor: Actor, now: datetime) -> Strategy:
    """Take a case for a quarter of an hour, or for longer again. Refused: somebody else has it."""
    found = strategies.of_case(session, case=case)
    if found is None:
        policy = policies.of(lenders.get(session, case.lender_id), now)
        found = strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)
    return _take(session, found, actor, now)


def release(session: Session, *, case: Case, actor: Actor, now: datetime) -> None:
    """Give a case back to the list; nothing when somebody else has it, or nobody."""
    held = _own(case.lender_id, Strategy.case_id == case.id, Strategy.claimed_by == actor.id)
    gave = session.execute(
        update(Strategy)
        .where(*held)
        .values(claimed_by=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )
    _look_again(session, case.id)
    if gave.rowcount:  # type: ignore[attr-defined]
        audit.record(session, actor=actor, action="call_released", subject=case, case=None, now=now)


def _take(session: Session, found: Strategy, actor: Actor, now: datetime) -> Strategy:
    """Claim a row in one statement: whoever comes second finds it taken."""
    free = _own(found.lender_id, Strategy.id == found.id, _is_free(now, actor))
    took = session.execute(
        update(Strategy)
        .where(*free)
        .values(claimed_by=actor.id, claimed_until=now + CLAIM)
        .execution_options(synchronize_session=False)
    )
    if not took.rowcount:  # type: ignore[attr-defined]
        raise Refused("call_claimed")
    session.refresh(found)
    audit.record(session, actor=actor, action="call_claimed", subject=found, now=now)
    return found


def _look_again(session: Session, case_id: int) -> None:
    """What was changed past the session is read anew."""
    for row in session.identity_map.values():
        if isinstance(row, Strategy) and row.case_id == case_id:
            session.expire(row)


def _own(lender_id: int, *which: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return (Strategy.lender_id == lender_id, *which)


def _is_free(now: datetime, actor: Actor) -> ColumnElement[bool]:
    return or_(Strategy.claimed_by.is_(None), Strategy.claimed_until <= now, Strategy.claimed_by == actor.id)


def _due(step: NextStep) -> tuple[ColumnElement[bool], ...]:
    return (Strategy.step == step, Strategy.due == literal(True, Flag()))


def _open_now(session: Session, actor: Actor, now: datetime, step: NextStep) -> Select[Strategy] | None:
    """Steps of a kind that may be taken at this moment; None: it is nobody's hour."""
    policy = policies.of(lenders.get(session, actor.lender_id), now)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    if not contact_times.may_be_called_on(policy, today):
        return None
    zones = _zones(session, actor)
    query = (
        scope.of_lender(Strategy, actor)
        .join(Case, Case.id == Strategy.case_id)
        .where(*_due(step), Strategy.earliest_at <= now, scope.sees_case(actor, now))
    )
    if not contact_times.is_business_day(policy, today):  # then only whom we said we would call
        query = query.where(Strategy.reason == StepReason.CALLBACK_AGREED)
    own_open = _is_open(policy, policy.business.timezone, now)
    if own_open and all(_is_open(policy, zone, now) for zone in zones):
        return query
    open_zones = [zone for zone in zones if _is_open(policy, zone, now)]
    if not own_open and not open_zones:
        return None
    at_home: ColumnElement[bool] = Borrower.timezone.in_(open_zones)
    if own_open:
        at_home = or_(Borrower.timezone.is_(None), at_home)
    return query.join(Borrower, Borrower.id == Case.borrower_id).where(at_home)


def _zones(session: Session, actor: Actor) -> Sequence[str]:
    """The zones in which borrowers live whose zone is not the lender's."""
    query = select(Borrower.timezone).where(
        Borrower.lender_id == actor.lender_id, Borrower.timezone.is_not(None)
    )
    return [zone for zone in session.scalars(query.distinct()) if zone]


def _is_open(policy: Policy, zone: str, now: datetime) -> bool:
    return policy.contact.window.holds(now.astimezone(ZoneInfo(zone)).time())


def _filtered(query: Select[Strategy], filters: Filters, actor: Actor) -> Select[Strategy]:
    if filters.bucket:
        query = query.where(Strategy.bucket == filters.bucket)
    if filters.reason:
        query = query.where(Strategy.reason == filters.reason)
    if search := filters.search.strip():
        query = query.where(case_list.matches(search, actor))
    return query


def _key() -> Any:
    return tuple_(Strategy.rank, Strategy.id)


def _key_of(actor: Actor, ref: str) -> Any:
    last = scope.of_lender(Strategy, actor).where(Strategy.ref == ref)
    columns = Strategy.rank, Strategy.id
    return tuple_(*(last.with_only_columns(each).scalar_subquery() for each in columns))


def _in_order(query: Select[Strategy], *beside: Any) -> Any:
    read = query.add_columns(*beside) if beside else query
    return read.order_by(Strategy.rank, Strategy.id)


def _first(session: Session, query: Select[Strategy]) -> Strategy | None:
    """The first one that nobody else is taking at this very moment."""
    locked = _in_order(query).limit(1).with_for_update(of=Strategy, skip_locked=True)
    return session.scalars(locked.execution_options(populate_existing=True)).first()


def _lines(
    session: Session, found: Sequence[tuple[Strategy, Case]], actor: Actor, now: datetime
) -> list[Line]:
    sums = case_list.sums(session, [each.id for _, each in found], actor)
    holders = {row.claimed_by for row, _ in found if row.claimed_by}
    names = case_list.names_of_staff(session, holders, actor) if holders else {}
    return [
        Line(
            strategy=row,
            case=each,
            borrower=masking.name(each.borrower.name),
            dpd=sums[each.id]["dpd"] if each.id in sums else 0,
            overdue=sums[each.id]["overdue"] if each.id in sums else 0,
            claimed_by=names.get(row.claimed_by or 0) if _is_held(row, now) else None,
        )
        for row, each in found
    ]


def _is_held(row: Strategy, now: datetime) -> bool:
    return row.claimed_by is not None and row.claimed_until is not None and row.claimed_until > now
