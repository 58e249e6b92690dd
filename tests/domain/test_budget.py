from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.budget import (
    AboveTrigger,
    Affordability,
    Budget,
    BudgetError,
    Way,
    above_trigger,
    affordability,
    household_floor,
    is_affordable,
    largest_month,
    monthly_totals,
    way_of,
)
from portal.domain.schedule import build_schedule
from portal.vocabulary import BudgetLine, DayCount, Frequency, Method

PROPERTY = settings(max_examples=60, deadline=None)
AMOUNTS = st.integers(0, 10**9)


def budget(**named):
    figures = {
        "income": 800_000,
        "essential_outgoings": 350_000,
        "other_debts": 100_000,
        "adults": 2,
        "children": 1,
        "living_cost_floor": 300_000,
        "buffer": Decimal("0.10"),
    }
    return Budget(**{**figures, **named})


def weekly_plan(principal):
    return build_schedule(
        principal=principal,
        annual_rate=Decimal(0),
        periods=10,
        start=date(2027, 2, 22),
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.ACT_365,
        frequency=Frequency.WEEKLY,
    ).rows


def test_a_buffer_stays_of_what_is_left():
    assert (budget().available, budget().affordable) == (350_000, 315_000)


def test_outgoings_count_for_at_least_the_floor():
    assert budget(essential_outgoings=10).available == 400_000


def test_outgoings_above_the_floor_count_in_full():
    assert budget(essential_outgoings=600_000).available == 100_000


def test_a_month_that_does_not_last_affords_nothing():
    poor = budget(income=100_000)
    assert (poor.available, poor.affordable) == (-300_000 - 50_000, 0)


def test_what_is_affordable_is_never_rounded_up():
    assert budget(income=450_001 + 8).affordable == 8


@PROPERTY
@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.decimals("0", "1", places=3))
def test_a_plan_never_takes_what_the_household_lives_on(income, outgoings, debts, floor, buffer):
    found = budget(
        income=income,
        essential_outgoings=outgoings,
        other_debts=debts,
        living_cost_floor=floor,
        buffer=buffer,
    )
    assert 0 <= found.affordable <= max(0, income - debts - max(outgoings, floor))
    assert found.stressed(Decimal("0.2")).affordable <= found.affordable


def test_the_stress_case_has_a_fifth_less_income():
    stressed = budget().stressed(Decimal("0.20"))
    assert (stressed.income, stressed.affordable) == (640_000, 171_000)


def test_the_floor_counts_every_person_and_the_rent():
    floor = household_floor(
        adult=80_001,
        child=40_000,
        adults=1,
        children=2,
        multiplier=Decimal("1.5"),
        rent_and_treatment=200_000,
    )
    assert floor == 240_002 + 200_000


def test_all_weekly_instalments_of_a_calendar_month_count_together():
    rows = weekly_plan(100_000)
    assert [row.due_date.month for row in rows].count(3) == 5
    assert largest_month(rows) == 50_000
    assert is_affordable(rows, 50_000)
    assert not is_affordable(rows, 49_999)


def test_the_same_month_of_two_years_is_two_months():
    rows = build_schedule(
        principal=13_000,
        annual_rate=Decimal(0),
        periods=13,
        start=date(2027, 1, 5),
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.ACT_365,
    ).rows
    assert largest_month(rows) == 1000


def test_no_rows_cost_nothing():
    assert largest_month([]) == 0


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"income": -1}, "budget_amount_negative"),
        ({"living_cost_floor": -1}, "budget_amount_negative"),
        ({"adults": 0}, "household_out_of_range"),
        ({"children": -1}, "household_out_of_range"),
        ({"buffer": Decimal("1.01")}, "buffer_out_of_range"),
        ({"buffer": Decimal("NaN")}, "buffer_out_of_range"),
    ],
)
def test_impossible_figures_are_refused(named, code):
    with pytest.raises(BudgetError) as refused:
        budget(**named)
    assert refused.value.code == code


def test_income_cannot_fall_by_more_than_all_of_it():
    with pytest.raises(BudgetError):
        budget().stressed(Decimal("1.5"))


def test_the_months_of_a_plan_add_up_to_it():
    rows = weekly_plan(100_000)
    assert monthly_totals(rows) == {(2027, 3): 50_000, (2027, 4): 40_000, (2027, 5): 10_000}


def test_a_plan_is_laid_beside_the_budget_and_its_stress_case():
    found = affordability(weekly_plan(100_000), budget(), income_drop=Decimal("0.20"))
    assert found == Affordability(largest_month=50_000, affordable=315_000, stressed=171_000)
    assert (found.fits, found.fits_stressed, found.left_over) == (True, True, 265_000)


@pytest.mark.parametrize(
    ("month", "fits", "stressed"),
    [(100, True, True), (101, True, False), (200, True, False), (201, False, False)],
)
def test_a_plan_fits_up_to_exactly_what_is_affordable_and_stress_binds_nobody(month, fits, stressed):
    found = Affordability(largest_month=month, affordable=200, stressed=100)
    assert (found.fits, found.fits_stressed, found.left_over) == (fits, stressed, 200 - month)


def test_outgoings_above_the_trigger_ask_for_a_reason_and_are_counted_as_entered():
    entered = {BudgetLine.FOOD: 301, BudgetLine.RENT: 900, BudgetLine.TRANSPORT: 100, BudgetLine.MEDICAL: 5}
    triggers = {
        BudgetLine.RENT: 800,
        BudgetLine.FOOD: 300,
        BudgetLine.TRANSPORT: 100,
        BudgetLine.UTILITIES: 1,
    }
    asked = above_trigger(entered, triggers)
    assert asked == (AboveTrigger(BudgetLine.FOOD, 301, 300), AboveTrigger(BudgetLine.RENT, 900, 800))
    assert [each.excess for each in asked] == [1, 100]
    assert budget(essential_outgoings=700_000).outgoings_counted == 700_000


def test_a_household_without_income_never_gets_a_plan():
    assert way_of(budget(income=0), least_instalment=1) is Way.HARDSHIP
    assert way_of(
        budget(income=0, essential_outgoings=0, other_debts=0, living_cost_floor=0), least_instalment=1
    ) is (Way.HARDSHIP)


@pytest.mark.parametrize(
    ("income", "way"),
    [
        (450_000, Way.HARDSHIP),
        (450_001, Way.HARDSHIP),
        (450_002, Way.TOKEN_PLAN),
        (450_111, Way.TOKEN_PLAN),
        (450_112, Way.PLAN),
    ],
)
def test_a_budget_leads_to_a_plan_a_token_plan_or_the_hardship_path(income, way):
    assert way_of(budget(income=income), least_instalment=100) is way


@pytest.mark.parametrize("least", [0, -1])
def test_the_smallest_instalment_is_above_zero(least):
    with pytest.raises(BudgetError) as refused:
        way_of(budget(), least_instalment=least)
    assert refused.value.code == "instalment_not_positive"


@pytest.mark.parametrize(
    "named", [{"buffer": Decimal(0)}, {"buffer": Decimal(1)}, {"adults": 1}, {"children": 0}]
)
def test_figures_at_their_limits_are_taken(named):
    assert budget(**named).affordable >= 0


def test_all_of_the_income_may_fall_away_and_no_more():
    assert budget().stressed(Decimal(1)).income == 0
    assert budget().stressed(Decimal(0)) == budget()
    for drop in (Decimal("1.001"), Decimal("-0.001"), Decimal("NaN")):
        with pytest.raises(BudgetError) as refused:
            budget().stressed(drop)
        assert refused.value.code == "drop_out_of_range"


def test_a_stressed_income_is_never_rounded_up():
    assert budget(income=999).stressed(Decimal("0.5")).income == 499


def test_a_floor_without_children_rent_or_multiplier_is_the_standard_of_its_adults():
    assert household_floor(adult=100, child=40, adults=2, children=0) == 200
    assert household_floor(adult=1, child=1, adults=1, children=0, multiplier=Decimal("1.1")) == 2
    with pytest.raises(BudgetError):
        household_floor(adult=100, child=40, adults=0, children=1)
