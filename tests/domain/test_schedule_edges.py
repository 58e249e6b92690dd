"""Schedules at the edges: one and 600 instalments, a few cents, odd instalments, wrong terms."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import Step, StepUnit
from portal.domain.instalments import DIVIDE, Rest, Roundings, annuity
from portal.domain.money import Rounding, round_exact
from portal.domain.schedule import Contract, InstalmentBasis, Remainder, ScheduleError, equal_split, replay
from portal.domain.schedule_facts import InterestPause, RateChange
from portal.vocabulary import DayCount, Frequency, Method
from tests.domain.ten_a_day import FREE, LOAN, dates, day, refusal

PROPERTY = settings(max_examples=80, deadline=None)
MONTHLY = replace(LOAN, method=Method.EQUAL_INSTALMENT, day_count=DayCount.TWELFTHS)


def totals(loan):
    return [row.total for row in replay(loan).rows]


@given(st.integers(0, 10**30), st.integers(1, 10**12), st.sampled_from(Rounding))
def test_whole_numbers_are_rounded_as_fractions_are(amount, divisor, rounding):
    assert DIVIDE[rounding](amount, divisor) == round_exact(Fraction(amount, divisor), rounding)


@pytest.mark.parametrize(
    ("rounding", "rounded"),
    [
        (Rounding.HALF_UP, [0, 1, 1, 2, 3]),
        (Rounding.HALF_EVEN, [0, 0, 1, 2, 2]),
        (Rounding.UP, [1, 1, 1, 2, 3]),
        (Rounding.DOWN, [0, 0, 0, 1, 2]),
    ],
)
def test_ties_and_neighbours_are_rounded(rounding, rounded):
    assert [DIVIDE[rounding](amount, 100) for amount in (49, 50, 51, 150, 250)] == rounded


def test_one_instalment_is_the_whole_debt_and_its_interest():
    for method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST, Method.LUMP_SUM):
        assert totals(replace(LOAN, periods=1, method=method)) == [3_681_000]


def test_a_single_repayment_has_no_regular_instalment_to_differ_from():
    schedule = replay(LOAN)
    assert (schedule.instalment, schedule.difference) == (0, 0)


def test_dates_out_of_order_are_named():
    moved = replace(LOAN, due_dates=[day(2, 1), day(4, 1), day(3, 1)])
    assert refusal(loan=moved).facts == {"earlier": day(4, 1), "later": day(3, 1)}
    same = replace(LOAN, due_dates=[day(1, 1), day(4, 1), day(5, 1)])
    assert refusal(loan=same).facts == {"first_due": day(1, 1), "start": day(1, 1)}


def test_six_hundred_instalments_end_in_the_fiftieth_year():
    schedule = replay(replace(MONTHLY, periods=600, principal=100_000_000))
    assert len(schedule.rows) == 600
    assert schedule.rows[-1].due_date == date(2076, 1, 1)
    assert abs(schedule.difference) < 600 * 100
    assert schedule.rows[-1].balance == 0


def test_an_instalment_from_the_nominal_rate_ignores_the_length_of_periods():
    loan = replace(LOAN, method=Method.EQUAL_INSTALMENT, periods=12)
    by_rate = replay(replace(loan, instalment_basis=InstalmentBasis.NOMINAL_RATE))
    assert by_rate.instalment == replay(replace(loan, day_count=DayCount.TWELFTHS)).instalment
    assert by_rate.instalment != replay(loan).instalment
    for frequency, periods in (
        (Frequency.WEEKLY, 52),
        (Step(StepUnit.DAY, 73), 5),
        (Step(StepUnit.MONTH, 4), 3),
    ):
        rate = Decimal("0.10") / periods
        found = replay(replace(loan, frequency=frequency, instalment_basis=InstalmentBasis.NOMINAL_RATE))
        assert found.instalment == round(3_650_000 * rate / (1 - (1 + rate) ** -12))


def test_an_instalment_from_the_nominal_rate_is_found_anew_for_what_is_left():
    loan = replace(LOAN, method=Method.EQUAL_INSTALMENT, instalment_basis=InstalmentBasis.NOMINAL_RATE)
    changed = replay(loan, [RateChange(day(2, 2), Decimal("0.12"))])
    balance = changed.rows[0].balance
    assert changed.instalment == round(balance * Decimal("0.01") / (1 - Decimal("1.01") ** -2))


def test_an_annuity_is_what_discounts_to_the_debt():
    found = annuity(Rest(balance=210, charges=[(1, 10), (1, 10)]), [(1, 10), (1, 10)])
    assert (found.payment, found.of_one) == (121, Decimal("2.1"))
    graced = Rest(balance=210, charges=[(9, 10), (1, 10), (1, 10)], principal_grace=1)
    assert annuity(graced, graced.charges).payment == 121
    assert annuity(Rest(balance=10, charges=[(0, 1)] * 4), [(0, 1)] * 4).payment == Decimal("2.5")


def test_a_named_instalment_ends_the_plan_early_or_leaves_the_rest_to_the_last():
    assert totals(replace(FREE, instalment_fixed=140_000)) == [140_000, 140_000, 20_000]
    assert totals(replace(FREE, instalment_fixed=150_000)) == [150_000, 150_000]
    assert totals(replace(FREE, instalment_fixed=60_000)) == [60_000, 60_000, 180_000]


def test_the_last_interest_takes_no_more_than_what_rounding_left():
    loan = replace(MONTHLY, remainder=Remainder.LAST_INTEREST)
    rows = replay(loan).rows
    assert len({row.total for row in rows}) == 1
    named = replay(replace(loan, instalment_fixed=1_300_000)).rows
    assert (
        named == replay(replace(loan, remainder=Remainder.LAST_INSTALMENT, instalment_fixed=1_300_000)).rows
    )
    pause = InterestPause(day(1, 10), day(1, 19))
    assert replay(loan, [pause]).rows[-1].total < rows[-1].total
    principal = replace(loan, method=Method.EQUAL_PRINCIPAL)
    assert replay(principal) == replay(replace(principal, remainder=Remainder.LAST_INSTALMENT))


def test_graces_are_three_different_things():
    loan = replace(
        FREE, principal=3_600_000, annual_rate=Decimal("0.12"), day_count=DayCount.TWELFTHS, periods=3
    )
    plain, principal, deferred, free = (
        replay(replace(loan, **grace)).rows
        for grace in ({}, {"principal_grace": 1}, {"interest_grace": 1}, {"interest_free": 1})
    )
    assert (plain[0].interest, plain[0].total) == (36_000, 1_224_080)
    assert [(row.principal, row.interest) for row in principal[:2]] == [(0, 36_000), (1_791_045, 36_000)]
    assert [(row.principal, row.interest) for row in deferred[:2]] == [
        (1_224_080, 0),
        (1_164_321, 36_000 + 23_759),
    ]
    assert [(row.principal, row.interest) for row in free[:2]] == [(1_224_080, 0), (1_200_321, 23_759)]


def test_an_instalment_equal_to_its_interest_repays_nothing_until_the_last():
    assert totals(replace(MONTHLY, principal=1_200_000, instalment_fixed=10_000)) == [
        10_000,
        10_000,
        1_210_000,
    ]
    error = refusal(loan=replace(MONTHLY, principal=1_200_000, instalment_fixed=9_999))
    assert (error.code, error.facts) == (
        "instalment_below_interest",
        {"number": 1, "instalment": 9_999, "interest": 10_000},
    )


@pytest.mark.parametrize(
    ("principal", "periods", "instalments"),
    [(3, 3, [1, 1, 1]), (4, 3, [1, 1, 2]), (5, 3, [2, 2, 1]), (1, 1, [1])],
)
def test_a_debt_of_a_few_cents_is_divided_or_refused(principal, periods, instalments):
    for method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
        assert totals(replace(FREE, principal=principal, periods=periods, method=method)) == instalments


def test_a_debt_smaller_than_its_instalments_is_refused():
    for method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
        error = refusal(loan=replace(FREE, principal=2, method=method))
        assert (error.code, error.facts) == ("debt_too_small", {"amount": 2, "periods": 3})


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"principal": 2**63}, "principal_too_large"),
        ({"anchor_day": 0}, "anchor_day_out_of_range"),
        ({"anchor_day": 32}, "anchor_day_out_of_range"),
        ({"instalment_multiple_of": 0}, "amount_not_positive"),
        ({"spread_interest": -1}, "amount_not_positive"),
        ({"frequency": Step(StepUnit.DAY, 0)}, "step_not_positive"),
        ({"interest_grace": -1}, "grace_too_long"),
        ({"interest_free": 3}, "grace_too_long"),
        ({"due_dates": [day(2, 1), day(2, 1), day(3, 1)]}, "dates_out_of_order"),
    ],
)
def test_terms_that_cannot_be_are_refused(named, code):
    with pytest.raises(ScheduleError) as refused:
        replay(replace(LOAN, **named))
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_the_largest_amount_and_the_longest_month_are_allowed():
    loan = replace(LOAN, principal=2**63 - 1, anchor_day=31, start=date(2026, 1, 31), periods=1)
    assert replay(loan).rows[0].principal == 2**63 - 1
    assert dates(loan=replace(loan, start=date(2026, 1, 10), anchor_day=1)) == [(2, 1)]


def test_an_equal_split_never_takes_more_interest_than_there_is():
    dates = [day(2, 1) + timedelta(days=number) for number in range(4)]
    assert [row.interest for row in equal_split(principal=400, interest=3, dates=dates).rows] == [1, 1, 1, 0]
    assert [row.interest for row in equal_split(principal=400, interest=2, dates=dates).rows] == [0, 0, 0, 2]
    with pytest.raises(ScheduleError) as refused:
        equal_split(principal=400, interest=2, dates=[])
    assert refused.value.code == "periods_out_of_range"


@PROPERTY
@given(
    st.integers(1, 10**6),
    st.integers(1, 600),
    st.decimals("0", "3", places=4),
    st.sampled_from([DayCount.ACT_365, DayCount.TWELFTHS]),
    st.sampled_from([1, 100, 1000]),
    st.sampled_from(Rounding),
)
def test_an_instalment_that_need_not_be_tried_would_have_passed(
    principal, periods, rate, day_count, multiple, rounding
):
    loan = replace(
        MONTHLY,
        principal=principal,
        periods=periods,
        annual_rate=rate,
        day_count=day_count,
        instalment_multiple_of=multiple,
        instalment_rounding=rounding,
    )
    try:
        rows = replay(loan).rows
    except ScheduleError as error:
        rows = ()
        refused = error.code
    assert len(rows) == periods or refused in {"debt_too_small", "instalment_below_interest"}
    assert all(row.principal >= 0 and row.total > 0 for row in rows)


def test_candidates_grow_finer():
    roundings = Roundings(interest=Rounding.HALF_UP, instalment=Rounding.UP, multiple_of=100)
    assert list(roundings.candidates(Decimal("1234.5"))) == [1300, 1235, 1234]


def test_a_contract_is_found_in_its_series_or_not():
    assert Contract.starts_in_series(LOAN)
    assert replace(LOAN, first_due=day(2, 1)).starts_in_series()
    assert not replace(LOAN, first_due=day(2, 2)).starts_in_series()
    assert not replace(LOAN, anchor_day=15).starts_in_series()
    assert not replace(LOAN, due_dates=[day(2, 1), day(3, 1), day(4, 1)]).starts_in_series()
