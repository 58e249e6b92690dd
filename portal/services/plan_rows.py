"""The rows of a plan: itself, its instalments, its concessions, the loans it is for."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain import plans as rules
from portal.domain.actor import Actor
from portal.domain.concessions import SHARES, tier_needed
from portal.domain.concessions import Concession as Given
from portal.domain.money import rate_to_ppm
from portal.domain.plans import Draft
from portal.domain.policy import Policy
from portal.models import Budget, Concession, Loan, Plan, PlanInstalment, PlanLoan
from portal.vocabulary import ConcessionKind, PlanState


def keep(
    session: Session,
    draft: Draft,
    *,
    budget: Budget,
    loans: Sequence[Loan],
    state: PlanState,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Plan:
    """Store a plan that was worked out, in minor units of the budget's currency."""
    plan = _plan(draft, budget=budget, state=state, policy=policy, actor=actor, now=now)
    session.add(plan)
    session.flush()
    for loan in loans:
        session.add(PlanLoan(lender_id=plan.lender_id, created_at=now, plan_id=plan.id, loan_id=loan.id))
    session.add_all(_instalments(plan, draft, now))
    session.add_all(_concessions(plan, draft, policy, now))
    session.flush()
    return plan


def _instalments(plan: Plan, draft: Draft, now: datetime) -> list[PlanInstalment]:
    return [
        PlanInstalment(
            lender_id=plan.lender_id,
            created_at=now,
            plan_id=plan.id,
            number=row.number,
            due_on=row.due_date,
            principal=row.principal,
            interest=row.interest,
        )
        for row in draft.rows
    ]


def _concessions(plan: Plan, draft: Draft, policy: Policy, now: datetime) -> list[Concession]:
    return [
        Concession(
            lender_id=plan.lender_id,
            created_at=now,
            plan_id=plan.id,
            kind=given.kind,
            share_ppm=rate_to_ppm(given.share) if given.kind in SHARES else None,
            months=given.months or None,
            amount=_amount(draft, given),
            tier=tier_needed([given], policy.plan.concession_tiers),
        )
        for given in draft.terms.concessions
    ]


def _plan(
    draft: Draft, *, budget: Budget, state: PlanState, policy: Policy, actor: Actor, now: datetime
) -> Plan:
    return Plan(
        lender_id=budget.lender_id,
        created_at=now,
        case_id=budget.case_id,
        budget_id=budget.id,
        state=state,
        currency=budget.currency,
        method=draft.terms.method,
        frequency=draft.terms.frequency,
        periods=draft.terms.periods,
        contract_rate_ppm=draft.basis.rate_ppm,
        annual_rate_ppm=draft.annual_rate_ppm,
        day_count=draft.basis.day_count,
        start_on=draft.basis.start,
        first_due_on=draft.rows[0].due_date,
        principal=draft.principal,
        interest=draft.interest,
        waived=draft.waived,
        largest_month=draft.largest_month,
        apr_nominal_ppm=draft.apr_nominal_ppm,
        apr_effective_ppm=draft.apr_effective_ppm,
        parts=asdict(draft.basis.parts),
        pack_version=policy.version,
        actor=str(actor),
    )


def _amount(draft: Draft, given: Given) -> int:
    """What the lender gives up by one concession: the money waived, or the interest that is not asked for."""
    match given.kind:
        case ConcessionKind.PENALTY_WAIVER:
            return draft.effect.waived.penalty
        case ConcessionKind.INTEREST_WAIVER:
            return draft.effect.waived.interest
        case ConcessionKind.INTEREST_REDUCTION:
            others = tuple(each for each in draft.terms.concessions if each is not given)
            uncapped = replace(draft.basis, rate_cap_ppm=None)
            full = rules.draft(uncapped, replace(draft.terms, concessions=others))
            return full.interest - draft.interest
        case _:
            return 0
