"""Budgets: a month of a household, and what it can afford. The newest one of a case counts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import budget as rules
from portal.domain.actor import Actor
from portal.domain.policy import BudgetPolicy, LivingStandard, Policy
from portal.domain.refusals import Refused
from portal.models import Budget as Budget
from portal.models import Case, ContactPoint, Visit
from portal.services import audit, debts, visit_progress
from portal.services.savepoints import in_savepoint
from portal.vocabulary import BudgetLine, ContactKind, VisitStep

INCOME = (BudgetLine.WAGES, BudgetLine.BENEFITS, BudgetLine.OTHER_INCOME)
OUTGOINGS = (
    BudgetLine.RENT,
    BudgetLine.FOOD,
    BudgetLine.UTILITIES,
    BudgetLine.TRANSPORT,
    BudgetLine.MEDICAL,
    BudgetLine.CHILDREN,
    BudgetLine.OTHER_OUTGOINGS,
)
DEBTS = (BudgetLine.OTHER_DEBTS, BudgetLine.REGULAR_INSTALMENTS)
ENTERED = (*INCOME, *OUTGOINGS, BudgetLine.OTHER_DEBTS)
# The floor covers what everybody needs; rent and treatment differ from home to home and come on top.
ON_TOP_OF_FLOOR = (BudgetLine.RENT, BudgetLine.MEDICAL)
LARGEST_LINE = 10**12
A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class _Due:
    due_date: date
    total: int


@in_savepoint
def save(
    session: Session,
    *,
    case: Case,
    visit: Visit | None,
    adults: int,
    children: int,
    lines: Mapping[BudgetLine, int],
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Budget:
    """Keep a household's month (lines in minor units of the case's currency) and what follows from it.

    What still falls due on the case's loans is added as a debt that is known. Refused: the case is closed,
    its currency is not the pack's (whose living standards would mean nothing), a line is beyond reason, or
    the visit has not come to the budget."""
    _check(case, lines, policy)
    if visit is not None:
        visit_progress.require_open(session, visit=visit, step=VisitStep.BUDGET)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    regular = regular_instalments(session, case=case, policy=policy, business_date=today)
    filled = dict.fromkeys(ENTERED, 0) | dict(lines) | {BudgetLine.REGULAR_INSTALMENTS: regular}
    standard = _living_standard(session, case, policy)
    month = _month(adults=adults, children=children, lines=filled, standard=standard, policy=policy.budget)
    budget = Budget(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        visit_id=visit.id if visit else None,
        currency=case.currency,
        adults=adults,
        children=children,
        income=month.income,
        outgoings=month.essential_outgoings,
        other_debts=month.other_debts,
        living_cost_floor=month.living_cost_floor,
        available=month.available,
        affordable=month.affordable,
        stressed=month.stressed(policy.budget.stress_income_drop).affordable,
        lines={line.value: amount for line, amount in filled.items()},
        pack_version=policy.version,
        actor=str(actor),
    )
    session.add(budget)
    audit.record(session, actor=actor, action="budget_saved", subject=budget, case=case, now=now)
    return budget


def newest(session: Session, *, case: Case, visit: Visit | None = None) -> Budget | None:
    """Return the budget that counts, or the one made at a visit; the ones before it stay as they were."""
    query = select(Budget).where(Budget.lender_id == case.lender_id, Budget.case_id == case.id)
    if visit is not None:
        query = query.where(Budget.visit_id == visit.id)
    return session.scalars(query.order_by(Budget.id.desc()).limit(1)).first()


def counted_outgoings(budget: Budget) -> int:
    """Return the outgoings that were counted: those entered, at least the floor of the household."""
    return max(budget.outgoings, budget.living_cost_floor)


def regular_instalments(session: Session, *, case: Case, policy: Policy, business_date: date) -> int:
    """Return the dearest month of what still falls due on the case's loans within a year, minor units.

    It goes on beside a plan for the overdue amount, so a plan must leave room for it."""
    debt = debts.debt_of(session, case=case, policy=policy, business_date=business_date)
    lines = (line for loan in debt.loans for line in loan.later_lines)
    return rules.largest_month(
        _Due(line.due, line.contract_unpaid) for line in lines if line.due < business_date + A_YEAR
    )


def _check(case: Case, lines: Mapping[BudgetLine, int], policy: Policy) -> None:
    if case.closed_at is not None:
        raise Refused("budget_case_closed")
    if case.currency != policy.business.currency:
        raise Refused("budget_currency", currency=case.currency, known=policy.business.currency)
    if not set(lines) <= set(ENTERED) or any(not 0 <= amount <= LARGEST_LINE for amount in lines.values()):
        raise Refused("budget_line_out_of_range")


def _month(
    *,
    adults: int,
    children: int,
    lines: Mapping[BudgetLine, int],
    standard: LivingStandard,
    policy: BudgetPolicy,
) -> rules.Budget:
    return rules.Budget(
        income=sum(lines[line] for line in INCOME),
        essential_outgoings=sum(lines[line] for line in OUTGOINGS),
        other_debts=sum(lines[line] for line in DEBTS),
        adults=adults,
        children=children,
        living_cost_floor=rules.household_floor(
            adult=standard.adult,
            child=standard.child,
            adults=adults,
            children=children,
            multiplier=policy.living_cost_floor_multiplier,
            rent_and_treatment=sum(lines[line] for line in ON_TOP_OF_FLOOR),
        ),
        buffer=policy.buffer,
    )


def _living_standard(session: Session, case: Case, policy: Policy) -> LivingStandard:
    """The standard of the city the borrower lives in; a city that is not known counts as the rest."""
    query = select(ContactPoint).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.ADDRESS,
    )
    home = session.scalars(query.order_by(ContactPoint.main.desc(), ContactPoint.id).limit(1)).first()
    found = [policy.budget.living_standard(name) for name in _cities(home.area if home else "")]
    named = (standard for standard in found if standard.cities)
    return next(named, policy.budget.living_standards[-1])


def _cities(area: str) -> Iterator[str]:
    """Yield what may be the city's name in "province, city", "province city" or 省市 written together."""
    for part in re.split(r"[,，、|/\n省]", area):
        words = part.split()
        for first in range(len(words)):
            yield " ".join(words[first:])
