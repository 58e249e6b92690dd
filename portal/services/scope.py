"""Which rows a person may see. Every query starts here; what is not yours does not exist."""

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import aliased

from portal.domain.actor import Actor, ActorKind
from portal.models import (
    Agreement,
    Borrower,
    Case,
    CaseLoan,
    Complaint,
    Consent,
    Contest,
    Dispute,
    FollowUp,
    Loan,
    Plan,
    Promise,
    Proof,
    Relief,
    Row,
    Staff,
    Visit,
    VisitCrew,
)
from portal.vocabulary import Role

R = TypeVar("R", bound=Row)

# Who works on any case of the lender. An agent sees the cases of their own visits.
WHOLE_BOOK = (Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR, Role.ADMIN)
COMPLAINT_ROLES = (Role.HANDLER, Role.MANAGER, Role.AUDITOR)
AGENT_SEES_AHEAD = timedelta(days=1)


def of_lender(model: type[R], actor: Actor) -> Select[R]:
    """All rows of the actor's lender: for look-ups that carry no personal data, and inside other scopes."""
    return select(model).where(model.lender_id == actor.lender_id)


def cases(actor: Actor, *, now: datetime) -> Select[Case]:
    return of_lender(Case, actor).where(sees_case(actor, now))


def borrowers(actor: Actor, *, now: datetime) -> Select[Borrower]:
    return of_lender(Borrower, actor).where(
        Borrower.id.in_(cases(actor, now=now).with_only_columns(Case.borrower_id))
    )


def loans(actor: Actor, *, now: datetime) -> Select[Loan]:
    return of_lender(Loan, actor).where(
        Loan.borrower_id.in_(cases(actor, now=now).with_only_columns(Case.borrower_id))
    )


def visits(actor: Actor, *, now: datetime) -> Select[Visit]:
    query = of_lender(Visit, actor).where(Visit.case_id.in_(_case_ids(actor, now)))
    if actor.is_staff and not actor.has(*WHOLE_BOOK):
        query = query.where(Visit.id.in_(_own_visits(actor)), Visit.window_start <= _horizon(now))
    return query


def consents(actor: Actor, *, now: datetime) -> Select[Consent]:
    return of_lender(Consent, actor).where(Consent.case_id.in_(_case_ids(actor, now)))


def proofs(actor: Actor, *, now: datetime) -> Select[Proof]:
    return of_lender(Proof, actor).where(Proof.case_id.in_(_case_ids(actor, now)))


def plans(actor: Actor, *, now: datetime) -> Select[Plan]:
    return of_lender(Plan, actor).where(Plan.case_id.in_(_case_ids(actor, now)))


def agreements(actor: Actor, *, now: datetime) -> Select[Agreement]:
    return of_lender(Agreement, actor).where(Agreement.case_id.in_(_case_ids(actor, now)))


def follow_ups(actor: Actor, *, now: datetime) -> Select[FollowUp]:
    mine = agreements(actor, now=now).with_only_columns(Agreement.id)
    return of_lender(FollowUp, actor).where(FollowUp.agreement_id.in_(mine))


def promises(actor: Actor, *, now: datetime) -> Select[Promise]:
    return of_lender(Promise, actor).where(Promise.case_id.in_(_case_ids(actor, now)))


def reliefs(actor: Actor, *, now: datetime) -> Select[Relief]:
    """The relief on loans of cases that the actor sees."""
    loans_of_cases = select(CaseLoan.loan_id).where(CaseLoan.case_id.in_(_case_ids(actor, now)))
    return of_lender(Relief, actor).where(Relief.loan_id.in_(loans_of_cases))


def complaints(actor: Actor, *, now: datetime) -> Select[Complaint]:
    """Nobody sees a complaint about themself, or about anyone they manage."""
    query = of_lender(Complaint, actor)
    if actor.is_borrower:
        return query.where(Complaint.case_id.in_(_case_ids(actor, now)))
    if not actor.has(*COMPLAINT_ROLES):
        return query.where(false())
    about = aliased(Staff)
    managed = select(about.id).where(about.lender_id == actor.lender_id, about.manager_id == actor.id)
    untied = and_(Complaint.about_id != actor.id, Complaint.about_id.not_in(managed))
    return query.where(or_(Complaint.about_id.is_(None), untied))


def disputes(actor: Actor, *, now: datetime) -> Select[Dispute]:
    return of_lender(Dispute, actor).where(Dispute.case_id.in_(_case_ids(actor, now)))


def contests(actor: Actor, *, now: datetime) -> Select[Contest]:
    return of_lender(Contest, actor).where(Contest.case_id.in_(_case_ids(actor, now)))


def sees_case(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Whether an actor sees a case, as a condition for a query that names it already."""
    match actor.kind:
        case ActorKind.BORROWER:
            return Case.borrower_id == actor.id
        case ActorKind.SYSTEM:
            return true()
        case ActorKind.STAFF if actor.has(*WHOLE_BOOK):
            return true()
        case ActorKind.STAFF if actor.has(Role.AGENT):
            near = select(Visit.case_id).where(
                Visit.lender_id == actor.lender_id,
                Visit.id.in_(_own_visits(actor)),
                Visit.window_start <= _horizon(now),
            )
            return or_(Case.id.in_(near), Case.owner_id == actor.id)
        case _:
            return false()


def _case_ids(actor: Actor, now: datetime) -> Select[int]:
    return cases(actor, now=now).with_only_columns(Case.id)


def _own_visits(actor: Actor) -> Select[int]:
    return select(VisitCrew.visit_id).where(
        VisitCrew.lender_id == actor.lender_id, VisitCrew.staff_id == actor.id
    )


def _horizon(now: datetime) -> datetime:
    """An agent sees a case from the day before its visit: 48 hours cover that day in every zone."""
    return now + 2 * AGENT_SEES_AHEAD
