from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import Pause
from portal.domain.delay import (
    Dated,
    DayRange,
    DelayError,
    amounts_by_range,
    days_in_tiers,
    days_past_due_on,
    delinquent_days,
    range_of,
)

PROPERTY = settings(max_examples=60, deadline=None)
DUE = date(2027, 3, 1)
RANGES = [DayRange("M1", 1, 30), DayRange("M2", 31, 60), DayRange("M4", 91)]


def after(days):
    return DUE + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (0, None),
        (1, "M1"),
        (30, "M1"),
        (31, "M2"),
        (60, "M2"),
        (61, None),
        (90, None),
        (91, "M4"),
        (999, "M4"),
    ],
)
def test_a_range_holds_both_its_ends_and_nothing_between_ranges(days, name):
    found = range_of(days, RANGES)
    assert (found and found.name) == name


def test_a_range_of_one_day_is_one_and_of_none_is_refused():
    assert DayRange("day", 5, 5).holds(5)
    with pytest.raises(DelayError) as refused:
        DayRange("day", 5, 4)
    assert refused.value.code == "range_ends_before_it_begins"


@pytest.mark.parametrize(
    ("days", "tiers", "counted"),
    [
        (0, [(1, 30), (31, 60), (61, None)], (0, 0, 0)),
        (1, [(1, 30), (31, None)], (1, 0)),
        (30, [(1, 30), (31, None)], (30, 0)),
        (31, [(1, 30), (31, None)], (30, 1)),
        (75, [(1, 30), (31, 60), (61, None)], (30, 30, 15)),
        (75, [(0, 30), (30, 60), (60, None)], (30, 30, 15)),
        (75, [(1, 30), (31, 60)], (30, 30)),
        (75, [(11, 30), (41, None)], (20, 35)),
        (15, [(11, None)], (5,)),
        (-3, [(1, None)], (0,)),
    ],
)
def test_days_fall_into_the_tiers_one_after_the_other(days, tiers, counted):
    assert days_in_tiers(days, tiers) == counted


@PROPERTY
@given(st.integers(0, 400), st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_tiers_without_gaps_hold_every_day_once(days, lengths):
    tiers, first = [], 1
    for length in lengths:
        tiers.append((first, first + length - 1))
        first += length
    assert sum(days_in_tiers(days, [*tiers, (first, None)])) == days


def test_each_instalment_loses_only_the_paused_days_it_was_late_on():
    pauses = [Pause(after(10), after(20))]
    dues = [after(0), after(15), after(20), after(25)]
    assert delinquent_days(dues, after(30), pauses=pauses) == (20, 10, 10, 5)
    assert delinquent_days(dues, after(30), grace_days=2, pauses=pauses) == (18, 10, 8, 3)
    assert delinquent_days(dues[:1], after(30)) == (30,)


def test_amounts_add_up_by_the_range_of_their_own_days():
    unpaid = [Dated(after(0), 100), Dated(after(1), 20), Dated(after(31), 3), Dated(after(32), 50)]
    assert amounts_by_range(unpaid, after(32), RANGES) == {"M2": 120, "M1": 3}


def test_grace_and_pauses_move_amounts_to_an_earlier_range():
    unpaid = [Dated(after(0), 100)]
    assert amounts_by_range(unpaid, after(31), RANGES) == {"M2": 100}
    assert amounts_by_range(unpaid, after(31), RANGES, grace_days=1) == {"M1": 100}
    assert amounts_by_range(unpaid, after(31), RANGES, pauses=[Pause(after(3), after(4))]) == {"M1": 100}


def test_what_is_paid_has_no_range():
    assert amounts_by_range([Dated(after(0), 0)], after(5), RANGES) == {}


def test_days_count_from_the_oldest_demand_that_is_not_met_in_full():
    demands = [Dated(after(31), 100), Dated(after(0), 100)]
    payments = [Dated(after(2), 99), Dated(after(4), 1), Dated(after(31), 100)]
    days = [after(n) for n in (0, 1, 3, 4, 31, 40)]
    assert days_past_due_on(days, demands, payments) == (0, 1, 3, 0, 0, 0)
    assert days_past_due_on(days, demands, payments[:2]) == (0, 1, 3, 0, 0, 9)


def test_the_due_date_is_day_one_where_the_rule_says_so():
    demands = [Dated(after(0), 100)]
    days = [after(n) for n in (-1, 0, 1, 2)]
    assert days_past_due_on(days, demands, [], due_date_is_day_one=True) == (0, 1, 2, 3)
    assert days_past_due_on(days, demands, []) == (0, 0, 1, 2)
    assert days_past_due_on(days, demands, [Dated(after(1), 100)], due_date_is_day_one=True) == (0, 1, 0, 0)


def test_amounts_below_zero_are_refused():
    for demands, payments in (([Dated(DUE, -1)], []), ([], [Dated(DUE, -1)])):
        with pytest.raises(DelayError) as refused:
            days_past_due_on([DUE], demands, payments)
        assert refused.value.code == "amount_negative"
    with pytest.raises(DelayError):
        amounts_by_range([Dated(DUE, -1)], DUE, RANGES)


DATES = st.integers(0, 60).map(after)


@PROPERTY
@given(
    st.lists(st.tuples(DATES, st.integers(1, 500)), min_size=1, max_size=5),
    st.lists(st.tuples(DATES, st.integers(1, 500)), max_size=5),
    st.tuples(DATES, st.integers(1, 500)),
    st.integers(0, 60),
)
def test_a_day_more_adds_at_most_one_day_and_money_never_adds_any(demands, payments, more, days):
    owed, paid = [Dated(*each) for each in demands], [Dated(*each) for each in payments]
    today, tomorrow = days_past_due_on([after(days), after(days + 1)], owed, paid)
    assert 0 <= tomorrow <= today + 1
    assert days_past_due_on([after(days)], owed, [*paid, Dated(*more)])[0] <= today
