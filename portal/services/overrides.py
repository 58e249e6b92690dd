"""Overrides: rules of the contact gate set aside for one act, asked for by one person, allowed by another.

What is allowed is good until the end of the next business day and for one act; the gate takes it by itself.
Rules that protect the borrower whoever agrees cannot be asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.calendar import BusinessCalendar
from portal.domain.contact_decision import NEVER_OVERRIDDEN, RuleId
from portal.domain.refusals import Refused
from portal.models import Case, Decision, Override, Staff
from portal.services import audit, gate_facts, lenders, policies, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Action, ActionClass, OverrideState, Role

ASKERS = (Role.CALLER, Role.LEAD)
DECIDERS = (Role.LEAD, Role.MANAGER)
NEWEST = 50
_OPEN = (OverrideState.REQUESTED, OverrideState.APPROVED)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """An override with the people in it; `barred`: the code of the rule that keeps the reader from answering.
    `open`: it waits, and still in time. `refusal`: the newest decision that refused the act before."""

    override: Override
    case: Case
    refusal: Decision | None
    asked_by: Staff
    decided_by: Staff | None
    open: bool
    barred: str | None


def rules_of(override: Override) -> frozenset[RuleId]:
    """Return the rules an override sets aside."""
    ids = override.rules["ids"]
    assert isinstance(ids, list)
    return frozenset(RuleId(each) for each in ids)


def askable(decision: Decision) -> frozenset[RuleId]:
    """Return the rules of a refused decision that another person may set aside."""
    if decision.allowed or decision.action_class is not ActionClass.COLLECTION:
        return frozenset()
    asked = decision.rules["asked"]
    assert isinstance(asked, list)
    return frozenset(RuleId(each["id"]) for each in asked if not each["passed"]) - NEVER_OVERRIDDEN


@in_savepoint
def request(
    session: Session,
    *,
    decision: Decision,
    rules: Collection[RuleId],
    reason: str,
    actor: Actor,
    now: datetime,
) -> Override:
    """Ask another person to set aside rules that a refused decision named.

    Refused: a rule can never be set aside or did not refuse, no reason, or something waits or is allowed."""
    case = session.get_one(Case, decision.case_id)
    if not rules or set(rules) - askable(decision):
        raise Refused("override_rules")
    if not reason.strip():
        raise Refused("override_reason_missing")
    if _open(session, case, decision.action, now):
        raise Refused("override_waiting")
    override = Override(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        action=decision.action,
        rules={"ids": sorted(each.value for each in rules)},
        reason=reason.strip(),
        requested_by=actor.id,
        valid_until=_end_of_next_business_day(session, case, now),
        state=OverrideState.REQUESTED,
    )
    session.add(override)
    session.flush()
    _record(session, "override_requested", override, case, actor=actor, now=now)
    return override


@in_savepoint
def decide(
    session: Session,
    *,
    override: Override,
    version: int,
    approved: bool,
    answer: str,
    actor: Actor,
    now: datetime,
) -> Override:
    """Allow or refuse an override, in words. `version` is the override's as it was read.

    Refused: it was answered since or came too late, the asker answers, or the person is recused."""
    case = session.get_one(Case, override.case_id)
    if not _waits(override, now) or override.version != version:
        raise Refused("override_not_waiting")
    if code := why_not(session, override, case=case, actor=actor):
        raise Refused(code)
    if not answer.strip():
        raise Refused("override_reason_missing")
    override.decided_by, override.decided_at, override.answer = actor.id, now, answer.strip()
    override.state = OverrideState.APPROVED if approved else OverrideState.REFUSED
    if approved:
        override.valid_until = _end_of_next_business_day(session, case, now)
    session.flush()
    _record(session, f"override_{override.state.value}", override, case, actor=actor, now=now)
    return override


def why_not(session: Session, override: Override, *, case: Case, actor: Actor) -> str | None:
    """Return the code of the rule that keeps a person from answering; None when they may."""
    if override.requested_by == actor.id:
        return "override_own_request"
    if not actor.has(*DECIDERS):
        return "override_not_a_decider"
    complaints = gate_facts.open_complaints(session, case)
    return "override_recused" if gate_facts.recused(session, actor, (), complaints) else None


def usable(
    session: Session, *, case: Case, action: Action, failed: Collection[RuleId], now: datetime
) -> Override | None:
    """Return the override that lets an act happen although these rules refuse it; it must name them all."""
    if not failed or set(failed) & NEVER_OVERRIDDEN:
        return None
    query = _of(case, action).where(Override.state == OverrideState.APPROVED, Override.valid_until > now)
    found = session.scalars(query.order_by(Override.id).with_for_update())
    return next((each for each in found if set(failed) <= rules_of(each)), None)


def use(session: Session, override: Override, *, actor: Actor, now: datetime) -> None:
    """Note that an override has been taken for its one act."""
    override.state = OverrideState.USED
    session.flush()
    case = session.get_one(Case, override.case_id)
    _record(session, "override_used", override, case, actor=actor, now=now)


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Override | None:
    """Return an override of a case this person may see."""
    return session.scalar(_seen(actor, now).where(Override.ref == ref))


def of_case(session: Session, *, case: Case) -> Sequence[Override]:
    """Return the overrides of a case, the newest first."""
    query = select(Override).where(Override.lender_id == case.lender_id, Override.case_id == case.id)
    return session.scalars(query.order_by(Override.id.desc()).limit(NEWEST)).all()


def waiting(session: Session, *, actor: Actor, now: datetime) -> list[Sheet]:
    """Return what waits for an answer, the longest waiting first. What came too late waits no more."""
    waits = and_(Override.state == OverrideState.REQUESTED, Override.valid_until > now)
    found = session.scalars(_seen(actor, now).where(waits).order_by(Override.id).limit(NEWEST))
    return [sheet(session, each, actor=actor, now=now) for each in found]


def decided(session: Session, *, actor: Actor, now: datetime) -> list[Sheet]:
    """Return what was answered, the last answer first."""
    query = _seen(actor, now).where(Override.decided_by.is_not(None))
    found = session.scalars(query.order_by(Override.decided_at.desc()).limit(NEWEST))
    return [sheet(session, each, actor=actor, now=now) for each in found]


def sheet(session: Session, override: Override, *, actor: Actor, now: datetime) -> Sheet:
    """Put together what a reader needs to answer an override."""
    case = session.get_one(Case, override.case_id)
    decider = override.decided_by
    return Sheet(
        override=override,
        case=case,
        refusal=_refusal(session, override),
        asked_by=session.get_one(Staff, override.requested_by),
        decided_by=session.get_one(Staff, decider) if decider else None,
        open=_waits(override, now),
        barred=why_not(session, override, case=case, actor=actor),
    )


def open_ref(found: Sequence[Override], *, now: datetime) -> str | None:
    """Return the reference of the one that still waits or is allowed and not used."""
    return next((each.ref for each in found if each.state in _OPEN and now < each.valid_until), None)


def _refusal(session: Session, override: Override) -> Decision | None:
    """The refusal somebody asked about: the newest one before the question."""
    query = select(Decision).where(
        Decision.lender_id == override.lender_id,
        Decision.case_id == override.case_id,
        Decision.action == override.action,
        Decision.allowed.is_(False),
        Decision.created_at <= override.created_at,
    )
    return session.scalar(query.order_by(Decision.id.desc()).limit(1))


def _waits(override: Override, now: datetime) -> bool:
    return override.state is OverrideState.REQUESTED and now < override.valid_until


def _of(case: Case, action: Action) -> Select[Override]:
    return select(Override).where(
        Override.lender_id == case.lender_id, Override.case_id == case.id, Override.action == action
    )


def _open(session: Session, case: Case, action: Action, now: datetime) -> bool:
    query = _of(case, action).where(Override.state.in_(_OPEN), Override.valid_until > now)
    return session.scalars(query.limit(1)).first() is not None


def _seen(actor: Actor, now: datetime) -> Select[Override]:
    return scope.of_lender(Override, actor).where(
        Override.case_id.in_(scope.cases(actor, now=now).with_only_columns(Case.id))
    )


def _end_of_next_business_day(session: Session, case: Case, now: datetime) -> datetime:
    """The midnight after the next business day, in the lender's zone."""
    business = policies.of(lenders.get(session, case.lender_id), now).business
    zone = ZoneInfo(business.timezone)
    day = BusinessCalendar.of(business).next_business_day(now.astimezone(zone).date())
    return datetime.combine(day + _DAY, time.min, zone)


def _record(
    session: Session, what: str, override: Override, case: Case, *, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        actor=actor,
        action=what,
        subject=override,
        case=case,
        now=now,
        about=override.action,
        rules=",".join(sorted(rules_of(override))),
    )
