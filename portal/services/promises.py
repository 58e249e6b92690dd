"""Promises to pay: an amount by a day, one of them at a time. Whether one was kept is seen at night, from
what was paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from portal.domain import deadlines, masking, transitions
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Borrower, Case, CaseLoan, Contact, Payment
from portal.models import Promise as Promise
from portal.services import audit, budgets, lenders, policies, scope, strategies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import PaymentKind, PromiseState

RUNNING = (PromiseState.ACTIVE, PromiseState.VERIFYING)
PAGE_LENGTH = 25


@dataclass(frozen=True, kw_only=True)
class Line:
    """A promise as a list shows it: the name is masked, `paid` is in minor units and counts to its day."""

    promise: Promise
    case: Case
    borrower: str
    paid: int


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    lines: Sequence[Line]
    after: str | None


@in_savepoint
def make(
    session: Session,
    *,
    case: Case,
    contact: Contact | None,
    amount: int,
    due_on: date,
    actor: Actor,
    now: datetime,
) -> Promise:
    """Write down a promise (minor units of the case's currency). `actor`: who wrote it down.

    Refused: the case is closed, another promise runs, the day is past or too far off, the amount is too
    small, or more than the newest budget can afford in a month (the facts name what it can)."""
    policy = policies.of(lenders.get(session, case.lender_id), now)
    if case.closed_at is not None:
        raise Refused("case_closed")
    if running_of(session, case=case) is not None:
        raise Refused("promise_active")
    made_on = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    deadlines.check_promise(made_on=made_on, due_on=due_on, amount=amount, active=0, promise=policy.promise)
    _check_affordable(session, case, amount)
    promise = Promise(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        contact_id=contact.id if contact else None,
        amount=amount,
        currency=case.currency,
        due_on=due_on,
        state=PromiseState.ACTIVE,
        actor=str(actor),
    )
    session.add(promise)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="promise_made",
        subject=promise,
        case=case,
        now=now,
        amount=amount,
        currency=case.currency,
        due_on=due_on.isoformat(),
    )
    strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)
    return promise


@in_savepoint
def withdraw(session: Session, *, promise: Promise, actor: Actor, now: datetime) -> None:
    """Take a promise back, which is no broken one. Refused: its day has come, or it was decided."""
    case = session.get_one(Case, promise.case_id)
    policy = policies.of(lenders.get(session, case.lender_id), now)
    if not transitions.allowed("promise", promise.state, PromiseState.WITHDRAWN):
        raise Refused("promise_not_running")
    promise.state = PromiseState.WITHDRAWN
    promise.decided_on = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    audit.record(session, actor=actor, action="promise_withdrawn", subject=promise, case=case, now=now)
    strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Promise | None:
    """Return a promise if this person may see it."""
    return session.scalar(scope.promises(actor, now=now).where(Promise.ref == ref))


def active_of(session: Session, *, case: Case) -> Promise | None:
    """Return the promise whose day has not come yet."""
    return _first(session, case, (PromiseState.ACTIVE,))


def running_of(session: Session, *, case: Case) -> Promise | None:
    """Return the promise that is not decided yet: its day has not come, or payments are still looked for."""
    return _first(session, case, RUNNING)


def newest_of(session: Session, *, case: Case) -> Promise | None:
    """Return the last promise of a case, whatever became of it."""
    return _first(session, case, tuple(PromiseState))


def least_and_latest(session: Session, *, case: Case, now: datetime) -> tuple[int, date]:
    """Return the least amount (minor units) and the last day that may be promised today."""
    policy = policies.of(lenders.get(session, case.lender_id), now)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    return max(policy.promise.min_amount, 1), today + timedelta(days=policy.promise.max_days)


def page_of(
    session: Session,
    *,
    state: PromiseState | None,
    after: str | None,
    zone: ZoneInfo,
    actor: Actor,
    now: datetime,
) -> Page:
    """Return a page of the promises this person may see, the newest first."""
    mine = scope.promises(actor, now=now)
    wanted = mine.with_only_columns(Promise.id)
    if state is not None:
        wanted = wanted.where(Promise.state == state)
    if after:
        last = mine.where(Promise.ref == after).with_only_columns(Promise.id)
        wanted = wanted.where(Promise.id < last.scalar_subquery())
    query = (
        select(Promise, Case, Borrower)
        .join(Case, Case.id == Promise.case_id)
        .join(Borrower, Borrower.id == Case.borrower_id)
        .where(Promise.id.in_(wanted))
        .options(contains_eager(Case.borrower))
    )
    found = session.execute(query.order_by(Promise.id.desc()).limit(PAGE_LENGTH + 1)).all()
    shown = found[:PAGE_LENGTH]
    paid = paid_so_far(session, promises=[promise for promise, *_ in shown], zone=zone)
    lines = [
        Line(promise=promise, case=case, borrower=masking.name(borrower.name), paid=paid[promise.id])
        for promise, case, borrower in shown
    ]
    return Page(lines, lines[-1].promise.ref if len(found) > PAGE_LENGTH else None)


def counts(session: Session, *, actor: Actor, now: datetime) -> Mapping[PromiseState, int]:
    """Return how many promises there are of each state."""
    mine = scope.promises(actor, now=now).with_only_columns(Promise.id)
    query = select(Promise.state, func.count(Promise.id)).where(Promise.id.in_(mine)).group_by(Promise.state)
    return {row.state: row[1] for row in session.execute(query)}


def paid_so_far(session: Session, *, promises: Sequence[Promise], zone: ZoneInfo) -> Mapping[int, int]:
    """Return what came in for each promise (by id, minor units), from the day it was made to its due day;
    what was found when it was decided stands. Money that went back counts against it."""
    totals = {each.id: each.paid or 0 for each in promises}
    made_on = {each.id: each.created_at.astimezone(zone).date() for each in promises if each.state in RUNNING}
    query = (
        select(Promise.id, Payment.paid_on, Payment.kind, Payment.amount)
        .join(CaseLoan, (CaseLoan.case_id == Promise.case_id) & CaseLoan.left_at.is_(None))
        .join(Payment, (Payment.loan_id == CaseLoan.loan_id) & (Payment.paid_on <= Promise.due_on))
        .where(Promise.id.in_(made_on))
    )
    for found, paid_on, kind, amount in session.execute(query) if made_on else []:
        if paid_on >= made_on[found]:
            totals[found] += amount if kind is PaymentKind.PAYMENT else -amount
    return totals


def _first(session: Session, case: Case, states: Sequence[PromiseState]) -> Promise | None:
    query = select(Promise).where(
        Promise.lender_id == case.lender_id, Promise.case_id == case.id, Promise.state.in_(states)
    )
    return session.scalars(query.order_by(Promise.id.desc()).limit(1)).first()


def _check_affordable(session: Session, case: Case, amount: int) -> None:
    """What cannot be kept is no promise (requirement B6): the answer offers what can."""
    budget = budgets.newest(session, case=case)
    if budget is None or amount <= budget.affordable:
        return
    if budget.affordable <= 0:
        raise Refused("promise_nothing_affordable")
    raise Refused("promise_above_affordable", most=budget.affordable, currency=case.currency)
