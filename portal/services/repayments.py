"""What an agreement in force asks for."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Agreement, Case, PlanInstalment
from portal.vocabulary import AgreementState


@dataclass(frozen=True, kw_only=True)
class NextPayment:
    """The instalment that falls due next: `amount` in minor units, the `number`-th `of` so many."""

    agreement: str
    amount: int
    due_on: date
    number: int
    of: int


def next_payment(session: Session, *, case: Case, today: date) -> NextPayment | None:
    """Return what the newest sealed agreement of a case asks for from today on; None: nothing more."""
    agreed = select(Agreement).where(
        Agreement.lender_id == case.lender_id,
        Agreement.case_id == case.id,
        Agreement.state == AgreementState.SEALED,
    )
    agreement = session.scalars(agreed.order_by(Agreement.id.desc()).limit(1)).first()
    if agreement is None:
        return None
    rows = select(PlanInstalment).where(
        PlanInstalment.lender_id == case.lender_id, PlanInstalment.plan_id == agreement.plan_id
    )
    due = session.scalars(
        rows.where(PlanInstalment.due_on >= today).order_by(PlanInstalment.number).limit(1)
    ).first()
    if due is None:
        return None
    return NextPayment(
        agreement=agreement.ref,
        amount=due.principal + due.interest,
        due_on=due.due_on,
        number=due.number,
        of=session.scalar(select(func.count()).select_from(rows.subquery())) or 0,
    )
