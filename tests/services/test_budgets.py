"""What a household can afford: the floor, the buffer, what still falls due, and the budget that counts."""

import pytest

from portal.domain.refusals import Refused
from portal.models import Budget, ContactPoint
from portal.services import audit, budgets, lenders
from portal.vocabulary import BudgetLine, ContactKind, VisitState
from tests import at_the_table, factories
from tests.at_the_table import HOUSEHOLD, budget_of, policy_of

REGULAR = 101_000  # what still falls due each month on the loan of the factories


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session))


def test_what_can_be_paid_is_income_less_living_less_debts_less_the_buffer(session, case):
    budget = budget_of(session, case, lines=HOUSEHOLD | {BudgetLine.OTHER_DEBTS: 50_000})

    assert budget.other_debts == 50_000 + REGULAR
    assert budget.available == 700_000 - 340_000 - 151_000
    assert budget.affordable == 188_100
    assert budget.stressed == (560_000 - 340_000 - 151_000) * 9 // 10


def test_living_costs_below_the_floor_count_as_the_floor(session, case):
    budget = budget_of(session, case, adults=2, children=1, lines=HOUSEHOLD | {BudgetLine.FOOD: 1_000})

    # 850.00 for each of three people, half as much again, and the rent on top
    assert budget.living_cost_floor == 3 * 127_500 + 180_000
    assert budget.outgoings == 181_000
    assert budget.available == 700_000 - budget.living_cost_floor - REGULAR


@pytest.mark.parametrize(
    ("area", "standard"),
    [
        ("北京市", 150_000),
        ("Guangdong, Shenzhen", 125_000),
        ("Guangdong Shenzhen City", 125_000),
        ("广东省深圳市", 125_000),
        ("Changzhou", 85_000),
        ("", 85_000),
    ],
)
def test_the_floor_is_that_of_the_city_and_else_of_the_rest(session, case, area, standard):
    home = session.query(ContactPoint).filter_by(borrower_id=case.borrower_id, kind=ContactKind.ADDRESS).one()
    home.area = area

    assert budget_of(session, case, lines={BudgetLine.WAGES: 1}).living_cost_floor == standard * 3 // 2


def test_no_income_affords_nothing_and_is_kept_as_it_is(session, case):
    budget = budget_of(session, case, lines={})

    assert (budget.affordable, budget.stressed) == (0, 0)
    assert budget.available < 0


def test_a_new_budget_counts_and_the_old_one_stays(session, case):
    first = budget_of(session, case)
    second = budget_of(session, case, lines=HOUSEHOLD | {BudgetLine.WAGES: 600_000})

    assert budgets.newest(session, case=case) is second
    assert session.get(Budget, first.id).income == 700_000


def test_the_lines_are_kept_as_entered_with_what_we_know(session, case):
    lines = budget_of(session, case).lines

    assert lines["wages"] == 700_000
    assert lines["medical"] == 0
    assert lines["regular_instalments"] == REGULAR


def test_saving_is_on_the_chain(session, case):
    before = audit.verify(session, lender_id=case.lender_id).entries

    budget_of(session, case)

    after = audit.verify(session, lender_id=case.lender_id)
    assert (after.entries, after.intact) == (before + 1, True)


def test_a_currency_without_living_standards_is_refused(session):
    lender = factories.lender(session)
    case = factories.late_borrower(session, lender, currency="TWD")

    with pytest.raises(Refused) as refused:
        budget_of(session, case)

    assert refused.value.code == "budget_currency"


@pytest.mark.parametrize(
    "lines", [{BudgetLine.WAGES: -1}, {BudgetLine.RENT: 10**13}, {BudgetLine.REGULAR_INSTALMENTS: 0}]
)
def test_a_line_beyond_reason_or_not_theirs_to_enter_is_refused(session, case, lines):
    with pytest.raises(Refused) as refused:
        budget_of(session, case, lines=lines)

    assert refused.value.code == "budget_line_out_of_range"


def test_at_the_door_no_budget_opens_before_the_identity_is_known(session, case):
    agent = factories.staff(session, lenders.get(session, case.lender_id))
    visit = at_the_table.visit_of(session, case, agent, state=VisitState.ARRIVED, answered=False)

    with pytest.raises(Refused) as refused:
        budget_of(session, case, visit=visit, policy=policy_of())

    assert refused.value.code == "step_not_open"
