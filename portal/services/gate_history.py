"""The contacts of a borrower as the contact gate counts them."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.contact_log import BEGUN, Event, Log
from portal.models import Case, CaseLoan, CaseMove, Contact, ContactPoint, Decision, Loan
from portal.services.gate_visits import Question
from portal.vocabulary import Action, ActionClass, CaseState, Channel, ContactKind


def of(session: Session, question: Question, zone: str) -> Log:
    """Read what has passed with the borrower of a case until now, over all their cases at the lender."""
    case, now = question["case"], question["now"]
    again = _again_since(session, case)
    query = (
        select(
            Decision.created_at,
            Decision.action,
            Decision.case_id,
            _ended_for_same_product(case).label("ended"),
            Contact.at,
            Contact.channel,
            Contact.outcome,
            Contact.inbound,
            Contact.result,
            Contact.contact_point_id,
        )
        .join(Case, Case.id == Decision.case_id)
        .outerjoin(Contact, and_(Contact.decision_id == Decision.id, Contact.at <= now))
        .where(
            Decision.lender_id == case.lender_id,
            Case.lender_id == case.lender_id,
            Case.borrower_id == case.borrower_id,
            Decision.created_at <= now,
            or_(Contact.id.is_not(None), _call_begun()),
        )
    )
    events = [
        Event(
            at=row.at or row.created_at,
            channel=row.channel or Channel.PHONE,
            outcome=row.outcome or BEGUN,
            inbound=bool(row.inbound),
            result=row.result,
            number=row.contact_point_id,
            third_party=row.action is Action.THIRD_PARTY,
            of_case=row.case_id == case.id,
            earlier_cycle=_is_earlier(row.at or row.created_at, again)
            if row.case_id == case.id
            else row.ended,
        )
        for row in session.execute(query.order_by(Decision.id, Contact.id))
    ]
    events.sort(key=lambda each: each.at)
    return Log(tuple(events), zone, _number(session, question))


def _call_begun() -> ColumnElement[bool]:
    """Leave to call counts as a call from then on: nobody is called twice while an outcome is missing."""
    return and_(
        Decision.allowed.is_(True),
        Decision.action_class == ActionClass.COLLECTION,
        Decision.action.in_((Action.CALL, Action.THIRD_PARTY)),
    )


def _is_earlier(at: datetime, again: datetime | None) -> bool:
    return again is not None and at < again


def _again_since(session: Session, case: Case) -> datetime | None:
    """When a case fell overdue again after all had been paid; None: it never was."""
    query = select(func.max(CaseMove.created_at)).where(
        CaseMove.lender_id == case.lender_id,
        CaseMove.case_id == case.id,
        CaseMove.from_state == CaseState.CURED,
    )
    again: datetime | None = session.scalar(query)
    return again


def _ended_for_same_product(case: Case) -> ColumnElement[bool]:
    """Whether a contact's case has ended and had a loan of a product that is in this case."""
    own, other = aliased(Loan), aliased(Loan)
    of_own, of_other = aliased(CaseLoan), aliased(CaseLoan)
    shared = (
        select(of_own.id)
        .join(own, own.id == of_own.loan_id)
        .join(other, other.product == own.product)
        .join(of_other, of_other.loan_id == other.id)
        .where(
            of_own.lender_id == case.lender_id,
            of_other.lender_id == case.lender_id,
            own.lender_id == case.lender_id,
            other.lender_id == case.lender_id,
            of_own.case_id == case.id,
            of_other.case_id == Case.id,
        )
        .exists()
    )
    return and_(Case.closed_at.is_not(None), shared)


def _number(session: Session, question: Question) -> int | None:
    """The telephone that is asked about, else the borrower's main one."""
    if point := question.get("contact_point"):
        return point.id
    case = question["case"]
    query = select(ContactPoint.id).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.PHONE,
        ContactPoint.main.is_(True),
    )
    return session.scalar(query)
