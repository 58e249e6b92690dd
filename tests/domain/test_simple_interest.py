from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.money import Rounding
from portal.domain.simple_interest import (
    InterestError,
    RateFrom,
    exact_interest,
    exact_rate,
    interest_parts,
    simple_interest,
)
from portal.vocabulary import DayCount

PROPERTY = settings(max_examples=60, deadline=None)
TENTH = Decimal("0.1")


def parts(first, last, *, rates=None, split_at=None, principal=36_500, day_count=DayCount.ACT_365):
    return interest_parts(
        principal,
        first_day=first,
        last_day=last,
        rates=rates or [RateFrom(first, TENTH)],
        split_at=split_at,
        day_count=day_count,
    )


def code_of(act, *arguments, **named):
    with pytest.raises(InterestError) as refused:
        act(*arguments, **named)
    assert str(refused.value).endswith(".")
    return refused.value.code


def test_interest_is_exact_until_it_is_rounded():
    assert exact_interest(1_000, TENTH, 1, basis=365) == Fraction(100, 365)
    assert simple_interest(365, TENTH, 15, basis=365) == 2
    assert simple_interest(365, TENTH, 15, basis=365, rounding=Rounding.DOWN) == 1
    assert simple_interest(365, TENTH, 14, basis=365) == 1


def test_interest_is_never_below_zero():
    assert exact_interest(1_000, TENTH, -1, basis=365) == 0
    assert simple_interest(1_000, TENTH, -200, basis=365) == 0
    assert simple_interest(1_000, TENTH, 0, basis=365) == 0


def test_a_multiple_raises_the_rate():
    assert simple_interest(100_000, Decimal("0.05"), 30, basis=365, multiple=Decimal("1.5")) == 616
    assert simple_interest(100_000, Decimal("0.05"), 30, basis=365) == 411


def test_there_is_no_minimum_unless_one_is_given():
    assert simple_interest(100, TENTH, 1, basis=365) == 0
    assert simple_interest(100, TENTH, 1, basis=365, minimum=25) == 25
    assert simple_interest(100_000, TENTH, 1, basis=365, minimum=25) == 27


def test_no_minimum_is_charged_without_a_day_or_a_debt():
    assert simple_interest(100, TENTH, 0, basis=365, minimum=25) == 0
    assert simple_interest(0, TENTH, 9, basis=365, minimum=25) == 0
    assert simple_interest(1, TENTH, 1, basis=365, minimum=25) == 25


def test_interest_is_rounded_to_a_multiple_of_minor_units():
    assert simple_interest(36_500, TENTH, 15, basis=365, multiple_of=100) == 200
    assert simple_interest(36_500, TENTH, 14, basis=365, multiple_of=100) == 100


def test_a_rate_of_zero_is_a_rate():
    assert exact_rate(Decimal(0)) == 0
    assert simple_interest(100_000, Decimal(0), 365, basis=365) == 0


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"principal": -1}, "amount_negative"),
        ({"minimum": -1}, "amount_negative"),
        ({"annual_rate": Decimal("-0.01")}, "rate_negative"),
        ({"annual_rate": Decimal("NaN")}, "rate_not_a_number"),
        ({"annual_rate": Decimal("Infinity")}, "rate_not_a_number"),
        ({"multiple": Decimal(-1)}, "rate_negative"),
        ({"basis": 0}, "basis_not_positive"),
    ],
)
def test_figures_that_cannot_be_are_refused(named, code):
    figures = {"principal": 1_000, "annual_rate": TENTH, "days": 1, "basis": 365} | named
    principal, rate, days = figures.pop("principal"), figures.pop("annual_rate"), figures.pop("days")
    assert code_of(simple_interest, principal, rate, days, **figures) == code


def test_a_year_may_have_one_day():
    assert exact_interest(10, Decimal(1), 1, basis=1) == 10


def test_both_the_first_and_the_last_day_count():
    day = date(2027, 3, 1)
    (only,) = parts(day, day)
    assert (only.days, only.exact) == (1, 10)
    (two,) = parts(day, day + timedelta(days=1))
    assert (two.first_day, two.last_day, two.days, two.exact) == (day, date(2027, 3, 2), 2, 20)


def test_the_day_of_a_new_rate_has_it():
    rates = [RateFrom(date(2027, 3, 3), Decimal("0.2")), RateFrom(date(2027, 3, 1), TENTH)]
    found = parts(date(2027, 3, 1), date(2027, 3, 4), rates=rates)
    assert [(part.first_day.day, part.days, part.exact) for part in found] == [(1, 2, 20), (3, 2, 40)]


def test_a_part_that_spans_a_new_rate_has_the_interest_of_both():
    rates = [RateFrom(date(2027, 3, 1), TENTH), RateFrom(date(2027, 3, 3), Decimal("0.2"))]
    (whole,) = parts(date(2027, 3, 1), date(2027, 3, 4), rates=rates, split_at=[])
    assert (whole.days, whole.exact) == (4, 60)


def test_parts_begin_where_they_are_split_and_nowhere_outside():
    found = parts(
        date(2027, 3, 1),
        date(2027, 3, 4),
        split_at=[date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 4), date(2027, 3, 5)],
    )
    assert [(part.first_day.day, part.last_day.day) for part in found] == [(1, 3), (4, 4)]


def test_actual_years_are_each_day_s_own():
    found = parts(date(2027, 12, 31), date(2028, 1, 1), day_count=DayCount.ACT_ACT, principal=365 * 366 * 10)
    assert [(part.days, part.exact) for part in found] == [(1, 366), (1, 365)]


def test_fixed_years_have_their_days_in_a_leap_year_too():
    day = date(2028, 2, 29)
    assert parts(day, day, principal=36_500)[0].exact == 10
    assert parts(day, day, principal=36_000, day_count=DayCount.ACT_360)[0].exact == 10


def test_interest_runs_to_the_last_day_there_is():
    found = parts(date(9998, 12, 31), date(9999, 12, 31), day_count=DayCount.ACT_ACT)
    assert [part.days for part in found] == [1, 365]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"last": date(2027, 2, 28)}, "dates_out_of_order"),
        ({"rates": [RateFrom(date(2027, 3, 2), TENTH)]}, "rate_missing"),
        ({"rates": [RateFrom(date(2027, 1, 1), TENTH)] * 2}, "rate_twice"),
        ({"day_count": DayCount.THIRTY_360}, "day_count_without_days"),
        ({"principal": -1}, "amount_negative"),
    ],
)
def test_parts_that_cannot_be_are_refused(named, code):
    figures = {"first": date(2027, 3, 1), "last": date(2027, 3, 31)} | named
    assert code_of(parts, **figures) == code


def test_interest_without_any_rate_is_refused():
    day = date(2027, 3, 1)
    assert code_of(interest_parts, 1, first_day=day, last_day=day, rates=[]) == "rate_missing"


DAYS = st.dates(date(2023, 1, 1), date(2030, 12, 31))


@PROPERTY
@given(DAYS, st.integers(0, 1500), st.lists(DAYS, max_size=6), st.sampled_from(["act/365", "act/act"]))
def test_the_whole_is_the_sum_of_its_parts_however_it_is_split(first, length, splits, day_count):
    last = first + timedelta(days=length)
    whole = parts(first, last, split_at=[], day_count=DayCount(day_count))
    split = parts(first, last, split_at=splits, day_count=DayCount(day_count))
    assert sum(part.exact for part in split) == sum(part.exact for part in whole)
    assert sum(part.days for part in split) == length + 1
