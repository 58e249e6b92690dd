"""Cases: opening one for a confirmed overdue, moving it, holding it, finding it."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.models import Borrower, CaseLoan, CaseMove, Hold, Loan
from portal.models import Case as Case
from portal.services import audit, scope, strategies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import CaseState, HoldReason


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Case | None:
    """Return a case if this person may see it."""
    return session.scalar(scope.cases(actor, now=now).where(Case.ref == ref))


def open_case_of(session: Session, *, borrower: Actor, now: datetime) -> Case | None:
    """Return the borrower's open case; the oldest one when there are several currencies."""
    query = scope.cases(borrower, now=now).where(Case.closed_at.is_(None))
    return session.scalars(query.order_by(Case.id).limit(1)).first()


def open_cases_of(session: Session, *, borrower: Actor, now: datetime) -> list[Case]:
    """Return the borrower's open cases, one of each currency, the oldest first."""
    query = scope.cases(borrower, now=now).where(Case.closed_at.is_(None))
    return list(session.scalars(query.order_by(Case.id)))


def loans_of(session: Session, case: Case) -> list[Loan]:
    """Return the loans in a case, the longest overdue first."""
    joined = select(CaseLoan.loan_id).where(CaseLoan.case_id == case.id, CaseLoan.left_at.is_(None))
    query = select(Loan).where(Loan.lender_id == case.lender_id, Loan.id.in_(joined))
    return list(session.scalars(query.order_by(Loan.dpd.desc(), Loan.id)))


@in_savepoint
def open_for(
    session: Session, *, borrower: Borrower, loans: list[Loan], today: date, actor: Actor, now: datetime
) -> Case:
    """Open a case for a borrower's overdue loans of one currency, or let them join the open one."""
    currency = loans[0].currency
    query = select(Case).where(
        Case.lender_id == borrower.lender_id,
        Case.borrower_id == borrower.id,
        Case.currency == currency,
        Case.closed_at.is_(None),
    )
    case = session.scalar(query)
    if case is None:
        case = Case(
            lender_id=borrower.lender_id,
            created_at=now,
            borrower_id=borrower.id,
            currency=currency,
            state=CaseState.CONFIRMED,
            confirmed_on=today,
        )
        session.add(case)
        session.flush()
        audit.record(
            session, actor=actor, action="case_opened", subject=case, case=case, now=now, loans=len(loans)
        )
    known = {loan.id for loan in loans_of(session, case)}
    for loan in loans:
        if loan.id not in known:
            session.add(CaseLoan(lender_id=case.lender_id, created_at=now, case_id=case.id, loan_id=loan.id))
    session.flush()
    return case


def move(session: Session, *, case: Case, to: CaseState, actor: Actor, now: datetime) -> None:
    """Move a case to another state. Refused: the table of moves does not have it. Same state: nothing."""
    if case.state is to:
        return
    transitions.check("case", case.state, to)
    session.add(
        CaseMove(
            lender_id=case.lender_id,
            created_at=now,
            case_id=case.id,
            from_state=case.state,
            to_state=to,
            actor=str(actor),
        )
    )
    before, case.state = case.state, to
    audit.record(
        session, actor=actor, action="case_moved", subject=case, case=case, now=now, before=before, after=to
    )
    strategies.follow(session, case=case, actor=actor, now=now)


def advance(session: Session, *, case: Case, to: CaseState, actor: Actor, now: datetime) -> None:
    """Move a case forward to a state unless it is there or beyond already."""
    order = list(CaseState)
    if order.index(case.state) < order.index(to):
        move(session, case=case, to=to, actor=actor, now=now)


def hold(
    session: Session, *, case: Case, reason: HoldReason, subject: str | None, actor: Actor, now: datetime
) -> Hold:
    """Stop lender-initiated contact on a case for a reason."""
    placed = Hold(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        reason=reason,
        subject=subject,
        actor=str(actor),
    )
    session.add(placed)
    audit.record(
        session, actor=actor, action="hold_placed", subject=placed, case=case, now=now, reason=reason
    )
    strategies.follow(session, case=case, actor=actor, now=now)
    return placed


def holds_of(session: Session, case: Case) -> list[Hold]:
    """Return the holds in force."""
    query = select(Hold).where(Hold.case_id == case.id, Hold.ended_at.is_(None))
    return list(session.scalars(query.order_by(Hold.id)))


def end_hold(session: Session, *, hold: Hold, case: Case, actor: Actor, now: datetime) -> None:
    """Let contact go on again, as far as this reason stood in its way."""
    hold.ended_at, hold.ended_by = now, str(actor)
    audit.record(
        session, actor=actor, action="hold_ended", subject=hold, case=case, now=now, reason=hold.reason
    )
    strategies.follow(session, case=case, actor=actor, now=now)
