"""What it takes to settle a plan in force today, row by row, and until when that amount stands."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import accrual
from portal.domain import plans as rules
from portal.domain.money import rate_from_ppm
from portal.domain.plans import bearing_from
from portal.domain.policy import Policy
from portal.domain.schedule import Row
from portal.domain.settlement import Charges, Grace, SettlementQuote, settlement_quote
from portal.models import Case, Concession, Plan
from portal.services import debts, repayments
from portal.services.debts import LoanDebt
from portal.services.repayments import Repayment
from portal.vocabulary import ConcessionKind


def quote_of(
    session: Session, *, case: Case, repayment: Repayment | None, policy: Policy, today: date
) -> SettlementQuote | None:
    """Return today's quote for settling a plan, minor units; None where the plan is not in force, has had its
    last due date, or nothing of it is left.

    Interest ends today; all instalments on time so far spare the penalty charged since it took effect."""
    if repayment is None or not repayment.standing.in_force or not repayment.standing.outstanding:
        return None
    plan = repayment.plan
    rows = _rows(session, plan)
    if today > rows[-1].due_date:
        return None
    received = repayments.receipts_of_plan(session, plan)
    return settlement_quote(
        rows,
        [each for each in received if plan.start_on <= each.on],
        start=plan.start_on,
        settlement_day=today,
        quoted_on=today,
        valid_days=policy.plan.quote_valid_days,
        charges=_charges(session, case, repayment, policy, today),
        grace=_grace(session, plan),
    )


def _rows(session: Session, plan: Plan) -> list[Row]:
    left, rows = plan.principal, []
    for each in repayments.instalments_of(session, plan):
        left -= each.principal
        total = each.principal + each.interest
        rows.append(Row(each.number, each.due_on, each.principal, each.interest, total, left))
    return rows


def _grace(session: Session, plan: Plan) -> Grace | None:
    """The interest of the months before the first instalment, as the plan was made with it."""
    months = session.scalar(
        select(Concession.months).where(
            Concession.plan_id == plan.id, Concession.kind == ConcessionKind.GRACE
        )
    )
    ends = bearing_from(plan.start_on, grace_months=months or 0, first_due=plan.first_due_on)
    if ends == plan.start_on:
        return None
    interest = rules.interest_of_grace(
        plan.parts["principal"],
        rate_from_ppm(plan.annual_rate_ppm),
        start=plan.start_on,
        ends=ends,
        day_count=plan.day_count,
    )
    return Grace(ends=ends, interest=interest)


def _charges(session: Session, case: Case, repayment: Repayment, policy: Policy, today: date) -> Charges:
    """The penalty that ran on what the plan is about since it took effect: none while it is stopped."""

    def charged(day: date) -> int:
        debt = debts.debt_of(session, case=case, policy=policy, business_date=day)
        own = {loan.id for loan in repayment.loans}
        return sum(_penalty(part, repayment.plan.start_on) for part in debt.loans if part.loan.id in own)

    return Charges(penalty=max(0, charged(today) - charged(repayment.standing.effective_on)))


def _penalty(part: LoanDebt, before: date) -> int:
    """All penalty interest of a loan's instalments that were due before a day, paid, waived or not."""
    return sum(
        accrual.penalty_interest(accrual.accrued(line.spans), part.terms.basis)
        for line in part.lines
        if line.due < before
    )
