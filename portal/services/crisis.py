"""A sign of despair or self-harm: collecting stops at once, and a lead hears of it (requirement B9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Borrower, Case, Hold
from portal.services import audit, cases, lenders, policies, scope, staff_messages, strategies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import HoldReason, Role

ENDING = (Role.LEAD, Role.MANAGER)
MOST_LISTED = 100


@dataclass(frozen=True, kw_only=True)
class Line:
    """A case on hold because somebody is not well, with the borrower's masked name."""

    hold: Hold
    case: Case
    borrower: str


@in_savepoint
def raise_alarm(session: Session, *, case: Case, actor: Actor, now: datetime) -> Hold:
    """Stop everything the lender starts on a case, and tell the leads at once; the second alarm changes
    nothing. `actor` is who saw the sign, or the borrower.

    What waits in the outbox meets the hold when its turn comes."""
    if running := hold_of(session, case=case):
        return running
    placed = cases.hold(session, case=case, reason=HoldReason.CRISIS, subject=None, actor=actor, now=now)
    session.flush()
    audit.record(session, actor=actor, action="crisis_raised", subject=placed, case=case, now=now)
    for role in ENDING:
        told = staff_messages.notify_role(
            session, lender_id=case.lender_id, role=role, template="crisis_raised", now=now, case=case.ref
        )
        if told:
            break
    _recompute(session, case, actor, now)
    return placed


@in_savepoint
def end(session: Session, *, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """Let contact go on again, for a reason that is kept. Refused: not a lead or manager, or none is on."""
    if not actor.has(*ENDING):
        raise Refused("crisis_not_yours")
    placed = hold_of(session, case=case)
    if placed is None:
        raise Refused("crisis_over")
    placed.end_reason = reason.strip()
    cases.end_hold(session, hold=placed, case=case, actor=actor, now=now)
    _recompute(session, case, actor, now)


def hold_of(session: Session, *, case: Case) -> Hold | None:
    """Return the hold of a crisis that goes on."""
    return next((each for each in cases.holds_of(session, case) if each.reason is HoldReason.CRISIS), None)


def going_on(session: Session, *, actor: Actor, now: datetime) -> Sequence[Line]:
    """Return the cases on hold for this reason that the person may see, the newest first; at most 100."""
    mine = scope.cases(actor, now=now).with_only_columns(Case.id)
    query = (
        select(Hold, Case, Borrower)
        .join(Case, Case.id == Hold.case_id)
        .join(Borrower, Borrower.id == Case.borrower_id)
        .where(
            Hold.lender_id == actor.lender_id,
            Hold.case_id.in_(mine),
            Hold.reason == HoldReason.CRISIS,
            Hold.ended_at.is_(None),
        )
    )
    found = session.execute(query.order_by(Hold.id.desc()).limit(MOST_LISTED))
    return [
        Line(hold=hold, case=case, borrower=masking.name(borrower.name)) for hold, case, borrower in found
    ]


def count(session: Session, *, actor: Actor, now: datetime) -> int:
    """Return how many cases are on hold for this reason."""
    mine = scope.cases(actor, now=now).with_only_columns(Case.id)
    query = select(func.count(Hold.id)).where(
        Hold.lender_id == actor.lender_id,
        Hold.case_id.in_(mine),
        Hold.reason == HoldReason.CRISIS,
        Hold.ended_at.is_(None),
    )
    return session.scalar(query) or 0


def _recompute(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    policy = policies.of(lenders.get(session, case.lender_id), now)
    strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)
