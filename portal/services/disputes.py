"""Disputes: the borrower says that a debt is not owed like that. Collection stops at once, and the lender
answers with reasons, by a date. See `dispute_list` for what waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain import deadlines, transitions
from portal.domain.actor import Actor, ActorKind
from portal.domain.calendar import BusinessCalendar
from portal.domain.refusals import Refused
from portal.models import Case, CaseLoan, Hold, Loan, Staff
from portal.models import Dispute as Dispute
from portal.services import audit, cases, lenders, notifications, policies, scope, strategies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import DisputeKind, DisputeState, HoldReason, Role

ANSWERS = (DisputeState.UPHELD, DisputeState.NOT_UPHELD)
ANSWERING = (Role.LEAD, Role.MANAGER)


@in_savepoint
def open(
    session: Session,
    *,
    case: Case,
    loan: Loan | None = None,
    kind: DisputeKind,
    words: str,
    actor: Actor,
    now: datetime,
) -> Dispute:
    """Open a dispute about a loan of a case, or about all of them (None), and start the clock of its answer.

    Collection on the case stops at once, and the borrower is told by when the answer comes. `actor` is the
    borrower, or the member of staff who wrote it down. Refused: the case is closed, the loan is not in it,
    or the same is disputed already."""
    if case.closed_at is not None:
        raise Refused("case_closed")
    if loan is not None and loan.id not in _loan_ids(session, case):
        raise Refused("dispute_loan_elsewhere")
    if _is_disputed(session, case, loan):
        raise Refused("dispute_open_already")
    policy = policies.of(lenders.get(session, case.lender_id), now)
    received_on = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    dispute = Dispute(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        loan_id=loan.id if loan else None,
        kind=kind,
        state=DisputeState.OPEN,
        words=words,
        actor=str(actor),
        answer_by=deadlines.dispute_answer_date(
            received_on, policy.dispute.answer_business_days, BusinessCalendar.of(policy.business)
        ),
    )
    session.add(dispute)
    audit.record(
        session, actor=actor, action="dispute_opened", subject=dispute, case=case, now=now, kind=kind
    )
    cases.hold(session, case=case, reason=HoldReason.DISPUTE, subject=dispute.ref, actor=actor, now=now)
    _went_on(session, case, actor, now)
    _tell(session, dispute, case, "dispute_received", now=now, answer_by=dispute.answer_by)
    return dispute


@in_savepoint
def answer(
    session: Session, *, dispute: Dispute, outcome: DisputeState, reasons: str, actor: Actor, now: datetime
) -> None:
    """Answer a dispute with reasons; the borrower is told. The hold ends with the answer, unless the borrower
    is right: then it stands until the loan book is corrected, see `correct`.

    Refused: not a lead or manager, written down by this person, or not open any more."""
    if not actor.has(*ANSWERING):
        raise Refused("dispute_not_yours")
    if dispute.actor == str(actor):
        raise Refused("dispute_recorded_by_you")
    if outcome not in ANSWERS:
        raise ValueError(f"{outcome} is no answer")
    transitions.check("dispute", dispute.state, outcome)
    case = case_of(session, dispute)
    dispute.state, dispute.answer = outcome, reasons
    dispute.answered_by, dispute.answered_at = actor.id, now
    if outcome is DisputeState.NOT_UPHELD:
        _end_hold(session, dispute, case, actor, now)
    audit.record(
        session,
        actor=actor,
        action="dispute_answered",
        subject=dispute,
        case=case,
        now=now,
        outcome=outcome,
    )
    _went_on(session, case, actor, now)
    _tell(session, dispute, case, "dispute_answered", now=now, answer=reasons, outcome=outcome.value)


@in_savepoint
def correct(session: Session, *, dispute: Dispute, actor: Actor, now: datetime) -> None:
    """Note that the loan book says what the borrower was right about: contact may go on again.

    Refused: not a lead or manager, or nothing waits for a correction."""
    if not actor.has(*ANSWERING):
        raise Refused("dispute_not_yours")
    if not waits_for_correction(session, dispute):
        raise Refused("dispute_needs_no_correction")
    case = case_of(session, dispute)
    _end_hold(session, dispute, case, actor, now)
    audit.record(session, actor=actor, action="dispute_corrected", subject=dispute, case=case, now=now)
    _went_on(session, case, actor, now)


@in_savepoint
def withdraw(session: Session, *, dispute: Dispute, actor: Actor, now: datetime) -> None:
    """Take an open dispute back. Only the borrower may; nothing of it is deleted."""
    if not actor.is_borrower:
        raise Refused("dispute_not_yours")
    transitions.check("dispute", dispute.state, DisputeState.WITHDRAWN)
    case = case_of(session, dispute)
    dispute.state = DisputeState.WITHDRAWN
    _end_hold(session, dispute, case, actor, now)
    audit.record(session, actor=actor, action="dispute_withdrawn", subject=dispute, case=case, now=now)
    _went_on(session, case, actor, now)


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Dispute | None:
    """Return a dispute if this person may see its case."""
    return session.scalar(scope.disputes(actor, now=now).where(Dispute.ref == ref))


def of_case(session: Session, case: Case) -> Sequence[Dispute]:
    """Return the disputes of a case, the newest first."""
    query = select(Dispute).where(Dispute.lender_id == case.lender_id, Dispute.case_id == case.id)
    return session.scalars(query.order_by(Dispute.id.desc())).all()


def case_of(session: Session, dispute: Dispute) -> Case:
    return session.get_one(Case, dispute.case_id)


def loan_of(session: Session, dispute: Dispute) -> Loan | None:
    """Return the loan that is disputed; None: all of the case."""
    return session.get_one(Loan, dispute.loan_id) if dispute.loan_id else None


def told_by(session: Session, dispute: Dispute) -> Staff | None:
    """Return the member of staff who wrote a dispute down; None: the borrower did."""
    kind, _, ref = dispute.actor.partition(":")
    if kind != ActorKind.STAFF:
        return None
    query = select(Staff).where(Staff.lender_id == dispute.lender_id, Staff.ref == ref)
    return session.scalars(query).one()


def answered_by(session: Session, dispute: Dispute) -> Staff | None:
    return session.get_one(Staff, dispute.answered_by) if dispute.answered_by else None


def waits_for_correction(session: Session, dispute: Dispute) -> bool:
    """Whether the borrower was right and contact still waits for the loan book to say so."""
    return dispute.state is DisputeState.UPHELD and bool(_holds(session, dispute))


def _loan_ids(session: Session, case: Case) -> set[int]:
    query = select(CaseLoan.loan_id).where(CaseLoan.case_id == case.id, CaseLoan.left_at.is_(None))
    return set(session.scalars(query))


def _is_disputed(session: Session, case: Case, loan: Loan | None) -> bool:
    """Whether an open dispute is about the same: what is said of all loans is said of each."""
    query = select(Dispute.id).where(
        Dispute.lender_id == case.lender_id,
        Dispute.case_id == case.id,
        Dispute.state == DisputeState.OPEN,
        or_(Dispute.loan_id.is_(None), Dispute.loan_id == (loan.id if loan else None)),
    )
    return session.scalars(query.limit(1)).first() is not None


def _holds(session: Session, dispute: Dispute) -> Sequence[Hold]:
    query = select(Hold).where(
        Hold.case_id == dispute.case_id, Hold.subject == dispute.ref, Hold.ended_at.is_(None)
    )
    return session.scalars(query).all()


def _end_hold(session: Session, dispute: Dispute, case: Case, actor: Actor, now: datetime) -> None:
    for placed in _holds(session, dispute):
        cases.end_hold(session, hold=placed, case=case, actor=actor, now=now)


def _went_on(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    """What comes next on an open case is another thing now."""
    if case.closed_at is None:
        policy = policies.of(lenders.get(session, case.lender_id), now)
        strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)


def _tell(
    session: Session, dispute: Dispute, case: Case, template: str, *, now: datetime, **facts: Any
) -> None:
    """Tell the borrower. No hold stops these notices."""
    policy = policies.of(lenders.get(session, dispute.lender_id), now)
    notifications.notify(
        session,
        borrower=case.borrower,
        template=template,
        case=case,
        now=now,
        regulator_hotline=policy.contacts.regulator_hotline,
        **facts,
    )
