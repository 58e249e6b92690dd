"""A plan in force: what was paid of it, what is due next, and whether it comes up for review.

Payments count towards the newest sealed agreement of a case from its effective day on. They lower the
contract's debt as well; beside each other stand what the contract says and what the plan says, and neither
is added to the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain import overlay
from portal.domain.ledger_facts import Receipt
from portal.domain.overlay import BreakReason, PlanLine, PlanStanding
from portal.domain.policy import Policy
from portal.models import Agreement, Case, Loan, Payment, Plan, PlanInstalment, PlanLoan
from portal.vocabulary import AgreementState


@dataclass(frozen=True, kw_only=True)
class Repayment:
    """The plan of an agreement beside its contracts on a day. `review`: why it comes up for review, if so."""

    agreement: Agreement
    plan: Plan
    loans: tuple[Loan, ...]
    standing: PlanStanding
    review: tuple[BreakReason, ...]

    @property
    def plan_dpd(self) -> int:
        return self.standing.plan_dpd if self.standing.in_force else 0

    @property
    def lines(self) -> tuple[PlanLine, ...]:
        return self.standing.lines

    @property
    def is_kept(self) -> bool:
        """Whether nothing of it is late, as before it takes effect."""
        return self.plan_dpd == 0

    @property
    def late_amount(self) -> int:
        """What should have been paid by now and was not, minor units."""
        return self.standing.overdue_amount if self.standing.in_force else 0


@dataclass(frozen=True, kw_only=True)
class NextPayment:
    """What is asked for next, minor units: the rest of the `number`-th instalment `of` so many, `paid` of it
    so far. `late` is what earlier instalments lack, `late_days` since the oldest of them fell due."""

    agreement: str
    amount: int
    paid: int
    due_on: date
    number: int
    of: int
    late: int
    late_days: int


def of_case(session: Session, *, case: Case, policy: Policy, today: date) -> Repayment | None:
    """Return how the newest sealed agreement of a case stands on a day; None: there is none."""
    agreed = select(Agreement).where(
        Agreement.lender_id == case.lender_id,
        Agreement.case_id == case.id,
        Agreement.state == AgreementState.SEALED,
    )
    agreement = session.scalars(agreed.order_by(Agreement.id.desc()).limit(1)).first()
    return _repayment(session, agreement, policy, today) if agreement else None


def of_plan(session: Session, *, plan: Plan, policy: Policy, today: date) -> Repayment | None:
    """Return how a plan stands on a day; None: it is not the one that is repaid now."""
    case = session.get_one(Case, plan.case_id)
    found = of_case(session, case=case, policy=policy, today=today)
    return found if found and found.plan.id == plan.id else None


def next_payment(repayment: Repayment | None) -> NextPayment | None:
    """Return what a plan asks for next: the first instalment from today on that is not met, or the oldest
    late one where none follows. None: nothing more."""
    if repayment is None:
        return None
    standing = repayment.standing
    line = standing.next_payment or next((each for each in standing.lines if each.unpaid), None)
    if line is None:
        return None
    return NextPayment(
        agreement=repayment.agreement.ref,
        amount=line.unpaid,
        paid=line.paid,
        due_on=line.due,
        number=line.number,
        of=len(standing.lines),
        late=repayment.late_amount,
        late_days=repayment.plan_dpd,
    )


def receipts_of_plan(session: Session, plan: Plan) -> list[Receipt]:
    """Return the payments and reversals on the loans of a plan that are not in it already.

    What was paid by the day it was made, and known then, lowered the debt that it repays."""
    return _receipts_of_plans(session, [plan.id])[plan.id]


def standings(
    session: Session, plans: Sequence[tuple[Plan, date]], *, today: date
) -> dict[int, PlanStanding]:
    """Return how sealed plans stand on a day, by plan id. Each comes with the day it takes effect."""
    ids = [plan.id for plan, _ in plans]
    receipts, lines = _receipts_of_plans(session, ids), _lines_of_plans(session, ids)
    return {
        plan.id: overlay.plan_standing(
            lines[plan.id], receipts[plan.id], effective_on=effective_on, business_date=today
        )
        for plan, effective_on in plans
    }


def _receipts_of_plans(session: Session, plan_ids: Sequence[int]) -> dict[int, list[Receipt]]:
    not_in_it_already = or_(Payment.paid_on > Plan.start_on, Payment.created_at > Plan.created_at)
    query = (
        select(Plan.id.label("plan_id"), Payment)
        .join(PlanLoan, PlanLoan.plan_id == Plan.id)
        .join(Payment, Payment.loan_id == PlanLoan.loan_id)
        .where(Plan.id.in_(plan_ids), not_in_it_already)
        .order_by(Payment.paid_on, Payment.id)
    )
    found: dict[int, list[Receipt]] = {plan_id: [] for plan_id in plan_ids}
    for plan_id, each in session.execute(query):
        found[plan_id].append(Receipt(each.payment_no, each.paid_on, each.amount, each.kind, each.reference))
    return found


def _lines_of_plans(session: Session, plan_ids: Sequence[int]) -> dict[int, list[overlay.PlanInstalment]]:
    query = select(PlanInstalment).where(PlanInstalment.plan_id.in_(plan_ids))
    found: dict[int, list[overlay.PlanInstalment]] = {plan_id: [] for plan_id in plan_ids}
    for row in session.scalars(query.order_by(PlanInstalment.number)):
        found[row.plan_id].append(
            overlay.PlanInstalment(row.number, row.due_on, row.principal + row.interest)
        )
    return found


def instalments_of(session: Session, plan: Plan) -> Sequence[PlanInstalment]:
    rows = select(PlanInstalment).where(PlanInstalment.plan_id == plan.id)
    return session.scalars(rows.order_by(PlanInstalment.number)).all()


def _repayment(session: Session, agreement: Agreement, policy: Policy, today: date) -> Repayment:
    plan = session.get_one(Plan, agreement.plan_id)
    assert agreement.effective_on is not None  # sealed
    standing = standings(session, [(plan, agreement.effective_on)], today=today)[plan.id]
    named = select(PlanLoan.loan_id).where(PlanLoan.plan_id == plan.id)
    return Repayment(
        agreement=agreement,
        plan=plan,
        loans=tuple(session.scalars(select(Loan).where(Loan.id.in_(named)).order_by(Loan.id))),
        standing=standing,
        review=overlay.break_reasons(standing, policy.plan),
    )
