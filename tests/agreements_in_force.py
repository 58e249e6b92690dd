"""Plain functions for a plan in force: agreed on a day, paid by its instalments, or not."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.domain.concessions import Concession
from portal.infra.files import FileStore
from portal.models import Agreement, Case, Loan, Payment
from portal.services import approvals, cases, lenders, plans
from portal.vocabulary import ConcessionKind, PaymentKind, PlanState, Role
from tests import factories
from tests.agreements_made import offered, sign
from tests.at_the_table import budget_of, propose
from tests.conftest import NOW


def agreed(session: Session, case: Case, folder: FileStore, *, now: datetime = NOW, **named) -> Agreement:
    """A plan of a case, proposed, approved where that is needed, offered, signed by both sides."""
    of = lenders.get(session, case.lender_id)
    agent, manager = factories.staff(session, of, Role.LEAD), factories.staff(session, of, Role.MANAGER)
    plan = propose(session, case, budget_of(session, case), factories.actor_of(agent), **named)
    if plan.state is PlanState.WAITING_APPROVAL:
        yes = {"approved": True, "answer": "Yes", "actor": factories.actor_of(manager), "now": now}
        approvals.decide(session, plan=plan, version=plan.version, **yes)
    agreement = offered(session, of, folder, by=agent, case=case, plan=plan, now=now)
    sign(session, agreement, case.borrower, folder, now=now)
    sign(session, agreement, agent, folder, now=now)
    return agreement


def waiver(kind: ConcessionKind, percent: int) -> Concession:
    return Concession(kind, share=Decimal(percent) / 100)


def loan_of(session: Session, case: Case) -> Loan:
    return cases.loans_of(session, case)[0]


def pay(
    session: Session,
    case: Case,
    amount: int,
    on: date,
    *,
    number: str | None = None,
    reverses: str | None = None,
    known: datetime | None = None,
) -> Payment:
    """Money that came in for the first loan of a case, or went back, imported on the morning after."""
    loan = loan_of(session, case)
    made = Payment(
        lender_id=loan.lender_id,
        created_at=known or NOW + timedelta(days=(on - NOW.date()).days + 1),
        loan_id=loan.id,
        payment_no=number or f"P-{on}-{amount}-{reverses or ''}",
        paid_on=on,
        amount=amount,
        currency=loan.currency,
        kind=PaymentKind.REVERSAL if reverses else PaymentKind.PAYMENT,
        reference=reverses or "",
    )
    session.add(made)
    session.flush()
    return made


def amounts_of(session: Session, agreement: Agreement) -> list[int]:
    sheet = plans.sheet(session, session.get_one(plans.Plan, agreement.plan_id))
    return [row.principal + row.interest for row in sheet.rows]
