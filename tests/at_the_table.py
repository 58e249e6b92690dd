"""What a test of budgets and plans needs: a visit that came to a step, a household, a proposal."""

from itertools import pairwise

from portal.domain.actor import system
from portal.models import ChecklistAnswer, Finding, VisitMove
from portal.services import budgets, plans, policies
from portal.vocabulary import (
    ArrearsReason,
    BudgetLine,
    ChecklistItem,
    ChecklistResult,
    Method,
    VisitState,
)
from tests import factories
from tests.conftest import NOW

HOUSEHOLD = {BudgetLine.WAGES: 700_000, BudgetLine.RENT: 180_000, BudgetLine.FOOD: 160_000}


def visit_of(session, case, *crew, state=VisitState.VERIFIED, answered=True):
    """A visit of today whose crew is at the table: everything up to the findings is done."""
    visit = factories.visit(session, case, crew=crew, state=state)
    common = {"lender_id": case.lender_id, "created_at": NOW, "visit_id": visit.id, "actor": "system:test"}
    reached = [VisitState.ASSIGNED, VisitState.ARRIVED, VisitState.VERIFIED]
    for before, after in pairwise(reached[: reached.index(state) + 1]):
        session.add(VisitMove(**common, from_state=before, to_state=after))
    if answered:
        for item in ChecklistItem:
            session.add(ChecklistAnswer(**common, item=item, result=ChecklistResult.CONFIRMED))
        session.add(Finding(**common, reason=ArrearsReason.INCOME_FALL))
    session.flush()
    return visit


def policy_of(preset="pingan-bank"):
    return policies.at(preset, NOW)


def budget_of(session, case, *, visit=None, adults=1, children=0, lines=None, actor=None, policy=None):
    """The household's budget. Alone with 7,000.00 a month it can pay 2,331.00 beside the factory's loan."""
    return budgets.save(
        session,
        case=case,
        visit=visit,
        adults=adults,
        children=children,
        lines=HOUSEHOLD if lines is None else lines,
        policy=policy or policy_of(),
        actor=actor or system(case.lender_id, "test"),
        now=NOW,
    )


def propose(session, case, budget, actor, *, visit=None, periods=6, **named):
    """A plan of equal instalments for what is overdue."""
    return plans.propose(
        session,
        case=case,
        budget=budget,
        visit=visit,
        periods=periods,
        actor=actor,
        now=NOW,
        **{"method": Method.EQUAL_INSTALMENT, "policy": policy_of(), "reason": "Income fell"} | named,
    )


def concessions_of(session, plan):
    """What a plan gives, by kind."""
    return {each.kind: each for each in plans.sheet(session, plan).concessions}
