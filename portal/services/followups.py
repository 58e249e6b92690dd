"""Follow-ups: revisits after the agreement, each with a named owner, until the plan's last instalment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain import deadlines, masking, transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Agreement, Borrower, Case, Plan, Signature, Staff, VisitCrew
from portal.models import FollowUp as FollowUp
from portal.services import agreement_terms, audit, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import FollowUpState, Signer

MOST_LISTED = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """A follow-up as a list shows it; the borrower's name is masked."""

    follow_up: FollowUp
    agreement: Agreement
    case: Case
    borrower: str
    owner: Staff | None


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Line | None:
    """Return a follow-up if this person may see it."""
    mine = scope.follow_ups(actor, now=now).with_only_columns(FollowUp.id)
    return next(_lines(session, _with_names().where(FollowUp.id.in_(mine), FollowUp.ref == ref)), None)


def due(session: Session, *, until: date, actor: Actor, now: datetime) -> list[Line]:
    """Return what is to be done until a day, what is late first; at most 200."""
    mine = scope.follow_ups(actor, now=now).with_only_columns(FollowUp.id)
    query = _with_names().where(
        FollowUp.id.in_(mine), FollowUp.state == FollowUpState.SCHEDULED, FollowUp.due_on <= until
    )
    return list(_lines(session, query.order_by(FollowUp.due_on, FollowUp.id).limit(MOST_LISTED)))


def of_agreement(session: Session, *, agreement: Agreement) -> list[Line]:
    """Return the follow-ups of an agreement in order."""
    query = _with_names().where(
        FollowUp.lender_id == agreement.lender_id, FollowUp.agreement_id == agreement.id
    )
    return list(_lines(session, query.order_by(FollowUp.number)))


@in_savepoint
def schedule(
    session: Session,
    *,
    agreement: Agreement,
    case: Case,
    until: date,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> None:
    """Schedule the follow-ups of an agreement in force, up to a day; those of older agreements end."""
    assert agreement.effective_on is not None
    _cancel_older(session, agreement, case, actor, now)
    owner_id = _owner_id(session, agreement, case)
    dates = list(deadlines.follow_up_due_dates(agreement.effective_on, until, policy.followup))
    session.add_all(
        FollowUp(
            lender_id=agreement.lender_id,
            created_at=now,
            agreement_id=agreement.id,
            owner_id=owner_id,
            number=number,
            due_on=due_on,
            state=FollowUpState.SCHEDULED,
        )
        for number, due_on in enumerate(dates, 1)
    )
    audit.record(
        session,
        actor=actor,
        action="follow_ups_scheduled",
        subject=agreement,
        case=case,
        now=now,
        count=len(dates),
        first=dates[0].isoformat(),
    )


@in_savepoint
def finish(session: Session, *, follow_up: FollowUp, note: str, actor: Actor, now: datetime) -> None:
    """Record that a follow-up took place. Refused: it is done or cancelled."""
    if not transitions.allowed("follow_up", follow_up.state, FollowUpState.DONE):
        raise Refused("follow_up_not_open")
    follow_up.state, follow_up.done_at, follow_up.done_by = FollowUpState.DONE, now, actor.id
    follow_up.note = note
    case = _case(session, follow_up)
    audit.record(
        session,
        actor=actor,
        action="follow_up_done",
        subject=follow_up,
        case=case,
        now=now,
        number=follow_up.number,
    )


def _with_names() -> Select[FollowUp, Agreement, Case, Borrower, Staff]:
    return (
        select(FollowUp, Agreement, Case, Borrower, Staff)
        .join(Agreement, Agreement.id == FollowUp.agreement_id)
        .join(Case, Case.id == Agreement.case_id)
        .join(Borrower, Borrower.id == Case.borrower_id)
        .outerjoin(Staff, Staff.id == FollowUp.owner_id)
    )


def _lines(session: Session, query: Select[FollowUp, Agreement, Case, Borrower, Staff]) -> Iterator[Line]:
    for follow_up, agreement, case, borrower, owner in session.execute(query):
        shown = masking.name(borrower.name)
        yield Line(follow_up=follow_up, agreement=agreement, case=case, borrower=shown, owner=owner)


def _cancel_older(session: Session, agreement: Agreement, case: Case, actor: Actor, now: datetime) -> None:
    older = select(Agreement.id).where(
        Agreement.lender_id == case.lender_id, Agreement.case_id == case.id, Agreement.id != agreement.id
    )
    open_ones = select(FollowUp).where(
        FollowUp.agreement_id.in_(older), FollowUp.state == FollowUpState.SCHEDULED
    )
    for follow_up in session.scalars(open_ones):
        follow_up.state = FollowUpState.CANCELLED
        audit.record(
            session, actor=actor, action="follow_up_cancelled", subject=follow_up, case=case, now=now
        )


def _owner_id(session: Session, agreement: Agreement, case: Case) -> int | None:
    """Who looks after the borrower: the case's owner, else who led the visit, else who signed."""
    if case.owner_id:
        return case.owner_id
    if visit := agreement_terms.visit_of(session, plan=session.get_one(Plan, agreement.plan_id)):
        crew = select(VisitCrew.staff_id).where(VisitCrew.visit_id == visit.id).order_by(VisitCrew.position)
        if leader := session.scalars(crew).first():
            return leader
    signed = select(Signature.staff_id).where(
        Signature.agreement_id == agreement.id, Signature.signer == Signer.LENDER
    )
    return session.scalar(signed)


def _case(session: Session, follow_up: FollowUp) -> Case:
    agreement = session.get_one(Agreement, follow_up.agreement_id)
    return session.get_one(Case, agreement.case_id)
