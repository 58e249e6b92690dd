from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.budget import Budget, BudgetError, household_floor, is_affordable, largest_month
from portal.domain.schedule import build_schedule
from portal.vocabulary import DayCount, Frequency, Method

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
