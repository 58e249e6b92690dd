"""Plans: what a case's overdue debt can become, proposing one, finding them. No plan is above the budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import concessions as giving
from portal.domain import plan_choices, transitions
from portal.domain import plans as rules
from portal.domain.actor import Actor
from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession as Given
from portal.domain.money import rate_to_ppm, round_exact
from portal.domain.plan_choices import Choice
from portal.domain.plans import Basis, Draft, Terms
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import (
    Agreement,
    Approval,
    Budget,
    Case,
    Concession,
    Loan,
    PlanInstalment,
    PlanLoan,
    Staff,
    Visit,
)
from portal.models import Plan as Plan
from portal.services import approvals, audit, budgets, cases, debts, plan_rows, scope, visit_progress
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    AgreementState,
    CaseState,
    Frequency,
    Method,
    PlanState,
    Product,
    Tier,
    VisitStep,
)

OPEN = (PlanState.WAITING_APPROVAL, PlanState.APPROVED)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A plan with all that belongs to it."""

    plan: Plan
    case: Case
    rows: list[PlanInstalment]
    concessions: list[Concession]
    loans: list[Loan]
    budget: Budget
    approval: Approval | None
    asked_by: Staff | None
    decided_by: Staff | None
    visit: Visit | None
    agreement: Agreement | None

    @property
    def total(self) -> int:
        return self.plan.principal + self.plan.interest

    @property
    def last_due_on(self) -> date:
        return self.rows[-1].due_on

    @property
    def last_difference(self) -> int | None:
        """By how much the last instalment is more than the one before it (see `domain.plans`)."""
        return rules.last_difference(
            self.plan.method, [(row.principal, row.principal + row.interest) for row in self.rows]
        )

    @property
    def parts(self) -> DebtParts:
        return DebtParts(**self.plan.parts)


def basis_of(
    session: Session,
    *,
    case: Case,
    policy: Policy,
    now: datetime,
    loans: Sequence[Loan] | None = None,
) -> Basis:
    """Return what a plan for a case starts from today: what is overdue on its loans, or on some.

    The contract's rate is that of the loans weighted by their overdue principal, its day count that of the
    loan with most of it; the shortest limit of instalments among their products holds. Refused: nothing is
    overdue."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    owed = _overdue(session, case, policy, today)
    chosen = [(loan, owed[loan.id]) for loan in loans or cases.loans_of(session, case) if loan.id in owed]
    parts = sum((part for _, part in chosen), DebtParts())
    if not parts.total:
        raise Refused("plan_nothing_overdue")
    rates = sum(part.principal * loan.annual_rate_ppm for loan, part in chosen)
    return Basis(
        parts=parts,
        rate_ppm=round_exact(Fraction(rates, parts.principal)) if parts.principal else 0,
        rate_cap_ppm=rate_to_ppm(min(_rate_cap(loan, policy) for loan, _ in chosen)),
        day_count=max(chosen, key=lambda pair: pair[1].principal)[0].day_count,
        start=today,
        most_periods=min(policy.plan.max_instalments(loan.product) for loan, _ in chosen),
        min_instalment=policy.plan.min_instalment,
    )


def options(
    session: Session,
    *,
    case: Case,
    budget: Budget,
    method: Method = Method.EQUAL_INSTALMENT,
    frequency: Frequency = Frequency.MONTHLY,
    concessions: tuple[Given, ...] = (),
    first_due: date | None = None,
    own_periods: int | None = None,
    policy: Policy,
    now: datetime,
) -> tuple[Choice, ...]:
    """Return plans to lay side by side against what the budget affords. Refused: none can be made at all."""
    wanted = Terms(
        method=method, periods=1, frequency=frequency, first_due=first_due, concessions=concessions
    )
    basis = basis_of(session, case=case, policy=policy, now=now)
    return plan_choices.choices(basis, wanted, affordable=budget.affordable, own_periods=own_periods)


def tier_of(concessions: Sequence[Given], policy: Policy) -> Tier:
    """Return whose yes is final for the concessions. Refused: nobody may give them."""
    return giving.tier_needed(concessions, policy.plan.concession_tiers)


@in_savepoint
def propose(
    session: Session,
    *,
    case: Case,
    budget: Budget,
    visit: Visit | None,
    method: Method,
    frequency: Frequency = Frequency.MONTHLY,
    periods: int,
    first_due: date | None = None,
    concessions: tuple[Given, ...] = (),
    reason: str = "",
    loans: Sequence[Loan] | None = None,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Plan:
    """Propose a plan for what is overdue. An agent's own concessions need no second yes; others wait for it.

    Refused: its largest month is above what the newest budget affords, its rate above the pack's cap, it is
    too long or its instalments too small, the concessions are beyond every tier or need a reason, the visit
    has not come to the plan, or the case is not open to one. The plan before it is withdrawn."""
    if visit is not None:
        visit_progress.require_open(session, visit=visit, step=VisitStep.PLAN)
    _check_budget(session, case, budget)
    _move_to_planning(session, case, actor, now)
    terms = Terms(
        method=method, periods=periods, frequency=frequency, first_due=first_due, concessions=concessions
    )
    draft = rules.draft(basis_of(session, case=case, policy=policy, now=now, loans=loans), terms)
    if not draft.fits(budget.affordable):
        raise Refused(
            "plan_not_affordable",
            largest_month=draft.largest_month,
            affordable=budget.affordable,
            currency=case.currency,
        )
    tier = tier_of(concessions, policy)
    _withdraw_open(session, case, actor, now)
    plan = plan_rows.keep(
        session,
        draft,
        budget=budget,
        loans=loans or cases.loans_of(session, case),
        state=PlanState.APPROVED if tier is Tier.AGENT else PlanState.WAITING_APPROVAL,
        policy=policy,
        actor=actor,
        now=now,
    )
    if tier is not Tier.AGENT:
        approvals.ask(session, plan=plan, tier=tier, reason=reason, actor=actor, now=now)
    audit.record(
        session,
        actor=actor,
        action="plan_proposed",
        subject=plan,
        case=case,
        now=now,
        tier=tier,
        periods=periods,
        visit=visit.ref if visit else None,
    )
    return plan


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Plan | None:
    """Return a plan if this person may see it."""
    return session.scalar(scope.plans(actor, now=now).where(Plan.ref == ref))


def of_case(session: Session, *, case: Case) -> list[Plan]:
    """Return the plans of a case, the newest first."""
    query = select(Plan).where(Plan.lender_id == case.lender_id, Plan.case_id == case.id)
    return list(session.scalars(query.order_by(Plan.id.desc())))


def shown_to_borrower(session: Session, *, case: Case) -> list[Sheet]:
    """Return the plans a borrower may read, the newest first: all but drafts."""
    plans = [plan for plan in of_case(session, case=case) if plan.state is not PlanState.DRAFT]
    return [sheet(session, plan) for plan in plans]


def open_of(session: Session, *, case: Case) -> Plan | None:
    """Return the plan that is on the table: waiting for a yes, or ready to be signed."""
    return next((plan for plan in of_case(session, case=case) if plan.state in OPEN), None)


def sheet(session: Session, plan: Plan) -> Sheet:
    """Return a plan with its rows, concessions, loans, budget, approval and agreement."""
    rows = select(PlanInstalment).where(PlanInstalment.plan_id == plan.id).order_by(PlanInstalment.number)
    given = select(Concession).where(Concession.plan_id == plan.id).order_by(Concession.id)
    named = select(PlanLoan.loan_id).where(PlanLoan.plan_id == plan.id)
    loans = select(Loan).where(Loan.lender_id == plan.lender_id, Loan.id.in_(named)).order_by(Loan.id)
    approval, budget = approvals.of_plan(session, plan=plan), session.get_one(Budget, plan.budget_id)
    return Sheet(
        plan=plan,
        case=session.get_one(Case, plan.case_id),
        rows=list(session.scalars(rows)),
        concessions=list(session.scalars(given)),
        loans=list(session.scalars(loans)),
        budget=budget,
        approval=approval,
        asked_by=session.get_one(Staff, approval.requested_by) if approval else None,
        decided_by=session.get_one(Staff, approval.decided_by) if approval and approval.decided_by else None,
        visit=session.get_one(Visit, budget.visit_id) if budget.visit_id else None,
        agreement=_agreement(session, plan),
    )


def without_concessions(plan: Plan, *, policy: Policy) -> Draft:
    """Return what the plan would be if nothing were given: what an approver compares it with."""
    basis = Basis(
        parts=DebtParts(**plan.parts),
        rate_ppm=plan.contract_rate_ppm,
        rate_cap_ppm=None,
        day_count=plan.day_count,
        start=plan.start_on,
        most_periods=plan.periods,
        min_instalment=policy.plan.min_instalment,
    )
    return rules.draft(basis, Terms(method=plan.method, periods=plan.periods, frequency=plan.frequency))


def _overdue(session: Session, case: Case, policy: Policy, today: date) -> Mapping[int, DebtParts]:
    """What is overdue on each loan of the case, by its id."""
    debt = debts.debt_of(session, case=case, policy=policy, business_date=today)
    return {part.loan.id: part.overdue for part in debt.loans}


def _rate_cap(loan: Loan, policy: Policy) -> Decimal:
    """The yearly rate that no plan for a loan goes above; a card may have a lower one."""
    interest = policy.interest
    cap = interest.annual_cap
    return min(cap, interest.card_rate_cap) if loan.product is Product.CARD else cap


def _check_budget(session: Session, case: Case, budget: Budget) -> None:
    newest = budgets.newest(session, case=case)
    if newest is None or newest.id != budget.id:
        raise Refused("plan_budget_outdated")


def _move_to_planning(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    if case.state is CaseState.PLANNING:
        return
    if case.closed_at is not None or not transitions.allowed("case", case.state, CaseState.PLANNING):
        raise Refused("plan_not_now")
    cases.move(session, case=case, to=CaseState.PLANNING, actor=actor, now=now)


def _withdraw_open(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    older = open_of(session, case=case)
    if older is None:
        return
    agreement = _agreement(session, older)
    if agreement is not None and agreement.state is not AgreementState.DECLINED:
        raise Refused("plan_has_agreement")
    older.state = PlanState.WITHDRAWN
    audit.record(session, actor=actor, action="plan_withdrawn", subject=older, case=case, now=now)


def _agreement(session: Session, plan: Plan) -> Agreement | None:
    query = select(Agreement).where(Agreement.lender_id == plan.lender_id, Agreement.plan_id == plan.id)
    return session.scalar(query)
