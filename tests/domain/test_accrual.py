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


def test_an_accrual_must_fit_64_bits_for_ten_years():
    assert fits_accrual(10**9, 2_000_000)
    assert not fits_accrual(10**10, 600_000)
