from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.accrual import (
    OverdueSpan,
    accrued,
    bucket_of,
    days_past_due,
    delinquency,
    fits_accrual,
    penalty_days,
    penalty_interest,
    penalty_rate_ppm,
)
from portal.domain.dates import Pause

PROPERTY = settings(max_examples=60, deadline=None)
DUE = date(2027, 3, 1)


class Range(NamedTuple):
    name: str
    first_dpd: int


BUCKETS = [Range("M2", 31), Range("M1", 1), Range("M3", 61)]


@pytest.mark.parametrize(("days", "dpd"), [(-10, 0), (0, 0), (1, 1), (45, 45)])
def test_days_past_due_start_the_day_after_the_due_date(days, dpd):
    assert days_past_due(DUE + timedelta(days=days), DUE) == dpd


def test_nothing_unpaid_has_no_days_past_due():
    assert days_past_due(DUE, None) is None


def test_paused_days_are_taken_away_but_never_below_zero():
    assert days_past_due(DUE + timedelta(days=20), DUE, paused=5) == 15
    assert days_past_due(DUE + timedelta(days=3), DUE, paused=5) == 0


@pytest.mark.parametrize(
    ("dpd", "name"), [(None, None), (0, None), (1, "M1"), (30, "M1"), (31, "M2"), (60, "M2"), (999, "M3")]
)
def test_a_bucket_begins_on_its_first_day(dpd, name):
    bucket = bucket_of(dpd, BUCKETS)
    assert (bucket and bucket.name) == name


def test_the_bucket_reached_last_counts_whatever_its_name():
    buckets = [Range("late", 31), Range("soon", 1)]
    assert bucket_of(31, buckets) == Range("late", 31)


def test_the_bucket_stays_while_a_pause_runs():
    pause = Pause(DUE + timedelta(days=31), DUE + timedelta(days=50))
    during = delinquency(DUE, DUE + timedelta(days=50), pauses=[pause])
    after = delinquency(DUE, DUE + timedelta(days=52), pauses=[pause])
    assert (during.past_due_days, during.delinquent_days, during.bucket(BUCKETS)) == (50, 31, Range("M1", 1))
    assert (after.delinquent_days, after.bucket(BUCKETS)) == (33, Range("M2", 31))


def test_days_in_two_pauses_are_taken_away_once():
    pauses = [Pause(DUE, DUE + timedelta(days=10)), Pause(DUE + timedelta(days=5), DUE + timedelta(days=15))]
    assert delinquency(DUE, DUE + timedelta(days=20), pauses=pauses).delinquent_days == 5


def test_penalty_starts_the_day_after_the_due_date_or_the_opening_balance():
    assert penalty_days(DUE, DUE) == 0
    assert penalty_days(DUE, DUE + timedelta(days=1)) == 1
    assert penalty_days(DUE, DUE + timedelta(days=30), since=DUE + timedelta(days=10)) == 20


def test_the_penalty_rate_is_the_contract_rate_times_the_multiplier():
    assert penalty_rate_ppm(149_999, Decimal("1.5")) == 224_999


def test_penalty_is_rounded_once_half_up():
    assert penalty_interest(accrued([OverdueSpan(100_000, 182_500, 1)]), 365) == 50
    assert penalty_interest(365 * 10**6 // 2, 365) == 1
    assert penalty_interest(365 * 10**6 // 2 - 1, 365) == 0


@PROPERTY
@given(st.integers(0, 10**10), st.integers(0, 600_000), st.lists(st.integers(0, 90), max_size=40))
def test_penalty_does_not_drift_however_its_days_are_cut(principal, rate, pieces):
    in_pieces = sum(accrued([OverdueSpan(principal, rate, days)]) for days in pieces)
    at_once = accrued([OverdueSpan(principal, rate, sum(pieces))])
    assert in_pieces == at_once
    exact = Fraction(principal * rate * sum(pieces), 365 * 10**6)
    assert abs(penalty_interest(in_pieces, 365) - exact) <= Fraction(1, 2)


@PROPERTY
@given(st.integers(0, 10**9), st.integers(0, 600_000), st.integers(0, 400), st.data())
def test_penalty_over_a_split_of_days_is_penalty_over_the_whole(principal, rate, days, data):
    cut = data.draw(st.integers(0, days))
    whole = [OverdueSpan(principal, rate, days)]
    split = [OverdueSpan(principal, rate, cut), OverdueSpan(principal, rate, days - cut)]
    assert penalty_interest(accrued(split), 360) == penalty_interest(accrued(whole), 360)


DAYS = st.integers(0, 90).map(lambda days: DUE + timedelta(days=days))
PAUSES = st.lists(st.tuples(DAYS, st.integers(0, 20)), max_size=4).map(
    lambda pairs: [Pause(first, first + timedelta(days=days)) for first, days in pairs]
)


@PROPERTY
@given(DAYS, PAUSES, st.integers(0, 10))
def test_days_past_due_never_fall_and_never_rise_by_more_than_one_a_day(day, pauses, grace):
    today = delinquency(DUE, day, grace_days=grace, pauses=pauses)
    tomorrow = delinquency(DUE, day + timedelta(days=1), grace_days=grace, pauses=pauses)
    assert 0 <= tomorrow.delinquent_days - today.delinquent_days <= 1
    assert tomorrow.past_due_days == today.past_due_days + 1
    assert 0 <= today.delinquent_days <= max(0, today.past_due_days - grace)


@PROPERTY
@given(DAYS, PAUSES, DAYS, st.integers(0, 20))
def test_one_pause_more_never_adds_a_day(day, pauses, first, length):
    more = [*pauses, Pause(first, first + timedelta(days=length))]
    with_more = delinquency(DUE, day, pauses=more)
    assert with_more.delinquent_days <= delinquency(DUE, day, pauses=pauses).delinquent_days


def test_grace_moves_the_day_from_which_days_count():
    inside = delinquency(DUE, DUE + timedelta(days=3), grace_days=3)
    after = delinquency(DUE, DUE + timedelta(days=4), grace_days=3)
    assert (inside.delinquent_from, inside.past_due_days, inside.delinquent_days) == (date(2027, 3, 4), 3, 0)
    assert (after.past_due_days, after.delinquent_days, after.label_days) == (4, 1, 1)


def test_nothing_is_past_due_before_the_due_date():
    early = delinquency(DUE, DUE - timedelta(days=5))
    assert (early.past_due_days, early.delinquent_days, early.label_days) == (0, 0, 0)


def test_a_pause_takes_the_days_between_its_first_and_its_last():
    pause = [Pause(DUE + timedelta(days=10), DUE + timedelta(days=12))]
    counted = [delinquency(DUE, DUE + timedelta(days=n), pauses=pause) for n in (9, 10, 11, 12, 13)]
    assert [each.delinquent_days for each in counted] == [9, 10, 10, 10, 11]
    assert [each.label_days for each in counted] == [9, 9, 9, 9, 11]


def test_the_label_is_that_of_the_day_before_the_first_of_two_running_pauses():
    pauses = [
        Pause(DUE + timedelta(days=32), DUE + timedelta(days=50)),
        Pause(DUE + timedelta(days=31), DUE + timedelta(days=40)),
    ]
    assert delinquency(DUE, DUE + timedelta(days=40), pauses=pauses).label_days == 30
    assert delinquency(DUE, DUE + timedelta(days=41), pauses=pauses).label_days == 31


def test_penalty_days_count_from_the_later_of_two_days_and_never_below_zero():
    assert penalty_days(DUE, DUE - timedelta(days=1)) == 0
    assert penalty_days(DUE, DUE + timedelta(days=30), since=DUE - timedelta(days=10)) == 30
    assert penalty_days(DUE, DUE + timedelta(days=5), since=DUE + timedelta(days=9)) == 0


def test_the_penalty_rate_rounds_half_up_and_may_be_zero():
    assert penalty_rate_ppm(1, Decimal("1.5")) == 2
    assert penalty_rate_ppm(1, Decimal("1.4")) == 1
    assert penalty_rate_ppm(0, Decimal("1.5")) == 0


def test_nothing_accrued_is_no_penalty():
    assert accrued([]) == 0
    assert penalty_interest(0, 365) == 0


def test_an_accrual_of_exactly_sixty_four_bits_is_too_much():
    most = (2**63 - 1) // 3650
    assert fits_accrual(most, 1)
    assert not fits_accrual(most + 1, 1)


def test_an_accrual_must_fit_64_bits_for_ten_years():
    assert fits_accrual(10**9, 2_000_000)
    assert not fits_accrual(10**10, 600_000)
