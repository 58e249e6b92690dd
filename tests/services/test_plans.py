"""Plans: never above the budget, always adding up to the debt, and whose yes they need."""

import random
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest

from portal.domain.budget import monthly_totals
from portal.domain.concessions import Concession
from portal.domain.plan_choices import Choice
from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Plan, PlanInstalment
from portal.services import approvals, audit, lenders, plans
from portal.services.agreements import offer
from portal.vocabulary import (
    BudgetLine,
    CaseState,
    ConcessionKind,
    Frequency,
    Method,
    PlanChoice,
    PlanState,
    Product,
    Tier,
    VisitState,
)
from tests import at_the_table, factories
from tests.at_the_table import HOUSEHOLD, budget_of, policy_of, propose
from tests.conftest import NOW


def waiver(percent):
    return Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(percent) / 100)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def agent(session, case):
    return factories.actor_of(factories.staff(session, lenders.get(session, case.lender_id)))


def owed(session, case):
    return plans.basis_of(session, case=case, policy=policy_of(), now=NOW).parts


def options(session, case, budget, **named) -> tuple[Choice, ...]:
    return plans.options(session, case=case, budget=budget, policy=policy_of(), now=NOW, **named)


def test_a_proposed_plan_adds_up_to_the_debt_and_fits(session, case, agent):
    budget = budget_of(session, case)

    sheet = plans.sheet(session, propose(session, case, budget, agent))

    assert sum(row.principal for row in sheet.rows) == sheet.plan.principal == owed(session, case).total
    assert sum(row.interest for row in sheet.rows) == sheet.plan.interest > 0
    assert sheet.plan.largest_month == max(row.principal + row.interest for row in sheet.rows)
    assert sheet.plan.largest_month <= budget.affordable
    assert sheet.rows[0].due_on == sheet.plan.first_due_on == date(2026, 4, 2)
    assert [loan.contract_no for loan in sheet.loans] == ["L00001"]
    assert (sheet.plan.state, sheet.approval) == (PlanState.APPROVED, None)


def test_only_overdue_principal_bears_interest(session, case, agent):
    parts = owed(session, case)
    sheet = plans.sheet(session, propose(session, case, budget_of(session, case), agent, periods=12))

    ceiling = parts.principal * Decimal("0.146")
    assert 0 < sheet.plan.interest < ceiling * Decimal("0.56")
    assert sheet.plan.apr_nominal_ppm < sheet.plan.contract_rate_ppm == 146_000


def test_equal_instalments_differ_only_in_the_last_and_equal_principal_falls(session, case, agent):
    budget = budget_of(session, case)
    level = plans.sheet(session, propose(session, case, budget, agent, periods=7)).rows
    falling = propose(session, case, budget, agent, periods=7, method=Method.EQUAL_PRINCIPAL)
    falling = plans.sheet(session, falling).rows

    assert len({row.principal + row.interest for row in level[:-1]}) == 1
    assert len({row.principal for row in falling[:-1]}) == 1
    totals = [row.principal + row.interest for row in falling]
    assert totals == sorted(totals, reverse=True)


def test_no_plan_above_the_affordable_amount_is_ever_saved(session, agent, case):
    chance = random.Random(7)
    for _ in range(25):
        wages = chance.randrange(440_000, 800_000)
        budget = budget_of(session, case, lines=HOUSEHOLD | {BudgetLine.WAGES: wages})
        named = {
            "periods": chance.randrange(1, 40),
            "method": chance.choice([Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL]),
            "frequency": chance.choice(list(Frequency)),
            "concessions": (waiver(chance.randrange(1, 11)),),
        }
        with suppress(Refused):
            propose(session, case, budget, agent, **named)

    saved = session.query(Plan).all()
    assert len(saved) > 5
    for plan in saved:
        sheet = plans.sheet(session, plan)
        months = monthly_totals([_Due(row.due_on, row.principal + row.interest) for row in sheet.rows])
        assert max(months.values()) == plan.largest_month <= sheet.budget.affordable
        assert sum(row.principal for row in sheet.rows) == plan.principal == sheet.parts.total - plan.waived


class _Due:
    def __init__(self, due_date, total):
        self.due_date = due_date
        self.total = total


def test_the_refusal_names_the_dearest_month_and_what_is_affordable(session, case, agent):
    budget = budget_of(session, case)

    with pytest.raises(Refused) as refused:
        propose(session, case, budget, agent, periods=1)

    assert refused.value.code == "plan_not_affordable"
    assert refused.value.facts["affordable"] == budget.affordable < refused.value.facts["largest_month"]
    assert session.query(Plan).count() == 0
    assert case.state is CaseState.CONFIRMED


def test_weekly_instalments_of_one_month_count_together(session, case, agent):
    budget = budget_of(session, case, lines=HOUSEHOLD | {BudgetLine.WAGES: 540_000})

    with pytest.raises(Refused) as refused:
        propose(session, case, budget, agent, periods=8, frequency=Frequency.WEEKLY)

    assert refused.value.code == "plan_not_affordable"


@pytest.mark.parametrize(("product", "most"), [(Product.CONSUMER_LOAN, 36), (Product.CARD, 60)])
def test_a_plan_has_at_most_the_instalments_of_its_product(session, agent, case, product, most):
    of = factories.borrower(session, lenders.get(session, case.lender_id))
    other = factories.case(session, factories.loan(session, of, late=3, product=product))
    budget = budget_of(session, other)

    assert propose(session, other, budget, agent, periods=most).periods == most
    with pytest.raises(Refused) as refused:
        propose(session, other, budget, agent, periods=most + 1)
    assert (refused.value.code, refused.value.facts["most"]) == ("plan_too_long", most)


def test_instalments_below_the_least_are_refused(session, agent, case):
    of = factories.borrower(session, lenders.get(session, case.lender_id))
    small = factories.case(session, factories.loan(session, of, instalment=900, interest=10))
    budget = budget_of(session, small)

    with pytest.raises(Refused) as refused:
        propose(session, small, budget, agent, periods=36)
    assert refused.value.code == "plan_instalment_too_small"
    assert all(each.fits for each in options(session, small, budget))


def test_the_plans_side_by_side_are_the_shortest_that_fit_and_a_gentler_one(session, case, agent):
    budget = budget_of(session, case)

    soonest, gentler, falling = options(session, case, budget)

    assert [each.choice for each in (soonest, gentler, falling)] == [
        PlanChoice.SOONEST,
        PlanChoice.GENTLER,
        PlanChoice.FALLING,
    ]
    assert soonest.fits
    assert gentler.fits
    assert falling.fits
    assert gentler.draft.largest_month < soonest.draft.largest_month
    with pytest.raises(Refused):
        propose(session, case, budget, agent, periods=soonest.draft.terms.periods - 1)


def test_a_length_that_was_asked_for_stands_beside_the_others(session, case):
    found = options(session, case, budget_of(session, case), own_periods=1)

    own = next(each for each in found if each.choice is PlanChoice.OWN)
    assert (own.draft.terms.periods, own.fits) == (1, False)


def test_with_nothing_to_spare_the_longest_plan_is_shown_and_does_not_fit(session, case):
    found = options(session, case, budget_of(session, case, lines={}))

    assert {each.fits for each in found} == {False}
    assert found[0].draft.terms.periods == 36


def test_what_the_agent_may_give_needs_no_approval_and_a_little_more_does(session, case, agent):
    budget = budget_of(session, case)

    own = propose(session, case, budget, agent, concessions=(waiver(10),))
    asked = propose(session, case, budget, agent, concessions=(waiver(11),), reason="Lost the night shift")

    assert approvals.of_plan(session, plan=own) is None
    approval = approvals.of_plan(session, plan=asked)
    assert (asked.state, approval.tier) == (PlanState.WAITING_APPROVAL, Tier.LEAD)
    assert (approval.reason, approval.requested_by) == ("Lost the night shift", agent.id)
    assert own.state is PlanState.WITHDRAWN


def test_the_table_of_tiers_says_who_decides(session, case, agent):
    reduced = Concession(ConcessionKind.INTEREST_REDUCTION, share=Decimal("0.5"))
    grace = Concession(ConcessionKind.GRACE, months=1)
    longer = Concession(ConcessionKind.GRACE, months=2)

    tiers = [plans.tier_of(given, policy_of()) for given in [(), (grace,), (longer,), (reduced, grace)]]

    assert tiers == [Tier.AGENT, Tier.LEAD, Tier.MANAGER, Tier.MANAGER]


def test_more_than_anybody_may_give_is_refused(session, case, agent):
    with pytest.raises(Refused) as refused:
        propose(
            session,
            case,
            budget_of(session, case),
            agent,
            concessions=(Concession(ConcessionKind.GRACE, months=7),),
        )

    assert refused.value.code == "concession_beyond_limits"


def test_asking_for_more_needs_a_reason(session, case, agent):
    budget = budget_of(session, case)

    with pytest.raises(Refused) as refused:
        propose(session, case, budget, agent, concessions=(waiver(50),), reason=" ")

    assert refused.value.code == "approval_reason_missing"
    assert session.query(Plan).count() == 0


def test_each_concession_is_kept_with_what_it_costs(session, case, agent):
    penalty = owed(session, case).penalty
    given = (
        waiver(50),
        Concession(ConcessionKind.INTEREST_REDUCTION, share=Decimal("0.5")),
        Concession(ConcessionKind.GRACE, months=1),
    )
    plan = propose(session, case, budget_of(session, case), agent, periods=12, concessions=given)

    sheet = plans.sheet(session, plan)
    kept = {each.kind: each for each in sheet.concessions}
    assert plan.waived == kept[ConcessionKind.PENALTY_WAIVER].amount == (penalty + 1) // 2
    assert plan.annual_rate_ppm == 73_000
    # Half the rate asks for about half the interest: the debt shrinks a little faster.
    assert 1 < kept[ConcessionKind.INTEREST_REDUCTION].amount / plan.interest < 1.05
    assert kept[ConcessionKind.GRACE].months == 1
    assert plan.first_due_on == date(2026, 5, 2)
    before = plans.without_concessions(plan, policy=policy_of())
    assert before.total - sheet.total > plan.waived
    assert before.rows[0].due_date == date(2026, 4, 2)


def test_long_grace_on_a_long_plan_keeps_its_instalments_even(session, case, agent):
    given = (Concession(ConcessionKind.GRACE, months=6),)
    plan = propose(session, case, budget_of(session, case), agent, periods=36, concessions=given)

    rows = plans.sheet(session, plan).rows
    assert rows[0].due_on == date(2026, 10, 2)
    assert len({row.principal + row.interest for row in rows[:-1]}) == 1
    assert plan.apr_nominal_ppm < 146_000


def test_the_first_payment_may_be_earlier_but_not_later_without_grace(session, case, agent):
    budget = budget_of(session, case)

    plan = propose(session, case, budget, agent, first_due=date(2026, 3, 15))
    assert [row.due_on for row in plans.sheet(session, plan).rows][:2] == [
        date(2026, 3, 15),
        date(2026, 4, 15),
    ]
    for day in (date(2026, 3, 2), date(2026, 4, 3)):
        with pytest.raises(Refused) as refused:
            propose(session, case, budget, agent, first_due=day)
        assert refused.value.code == "plan_first_due_out_of_range"


def test_a_plan_is_made_from_the_newest_budget_only(session, case, agent):
    older = budget_of(session, case)
    budget_of(session, case)

    with pytest.raises(Refused) as refused:
        propose(session, case, older, agent)

    assert refused.value.code == "plan_budget_outdated"


def test_a_plan_moves_the_case_to_planning_and_a_closed_case_has_none(session, case, agent):
    budget = budget_of(session, case)
    propose(session, case, budget, agent)
    assert case.state is CaseState.PLANNING

    case.state = CaseState.IN_REPAYMENT
    with pytest.raises(Refused) as refused:
        propose(session, case, budget, agent)
    assert refused.value.code == "plan_not_now"


def test_a_plan_with_an_agreement_is_not_replaced_behind_its_back(session, case, agent, tmp_path):
    budget = budget_of(session, case)
    plan = propose(session, case, budget, agent)
    offer(session, plan=plan, folder=FileStore(tmp_path), actor=agent, now=NOW)

    with pytest.raises(Refused) as refused:
        propose(session, case, budget, agent)

    assert refused.value.code == "plan_has_agreement"
    assert plan.state is PlanState.APPROVED


def test_nothing_overdue_needs_no_plan(session, case, agent):
    of = factories.borrower(session, lenders.get(session, case.lender_id))
    current = factories.case(session, factories.loan(session, of, late=0))

    with pytest.raises(Refused) as refused:
        propose(session, current, budget_of(session, current), agent)

    assert refused.value.code == "plan_nothing_overdue"


def test_several_loans_share_one_plan_at_their_weighted_rate(session, case, agent):
    of = factories.borrower(session, lenders.get(session, case.lender_id))
    dear, cheap = factories.loan(session, of, late=3), factories.loan(session, of, late=1)
    cheap.annual_rate_ppm = 46_000
    both = factories.case(session, dear, cheap)
    budget = budget_of(session, both)

    basis = plans.basis_of(session, case=both, policy=policy_of(), now=NOW)
    one = propose(session, both, budget, agent, loans=[cheap], periods=12)

    assert basis.rate_ppm == (3 * 146_000 + 46_000) // 4
    assert [loan.id for loan in plans.sheet(session, one).loans] == [cheap.id]
    assert one.contract_rate_ppm == 46_000


def test_at_the_door_no_plan_opens_before_its_step(session, case):
    person = factories.staff(session, lenders.get(session, case.lender_id))
    visit = at_the_table.visit_of(session, case, person, state=VisitState.ARRIVED, answered=False)

    with pytest.raises(Refused) as refused:
        propose(session, case, budget_of(session, case), factories.actor_of(person), visit=visit)

    assert refused.value.code == "step_not_open"


def test_a_proposal_is_on_the_chain(session, case, agent):
    propose(session, case, budget_of(session, case), agent)

    assert audit.verify(session, lender_id=case.lender_id).intact
    assert session.query(PlanInstalment).count() == 6
