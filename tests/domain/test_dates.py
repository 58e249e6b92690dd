from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import (
    ActActForm,
    DateError,
    DueDateRule,
    Pause,
    Series,
    Step,
    StepUnit,
    add_days,
    add_months,
    is_additive,
    last_day_of_month,
    paused_days,
    period_dates,
    periods_per_year,
    whole_months_and_rest,
    year_cuts,
    year_share,
)
from portal.vocabulary import DayCount, Frequency

PROPERTY = settings(max_examples=60, deadline=None)
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def dates(start, periods, **named):
    found = period_dates(start=start, periods=periods, **{"frequency": Frequency.MONTHLY, **named})
    return [due.isoformat() for due in found]


def test_a_month_end_does_not_drift():
    assert dates(date(2027, 1, 31), 4) == ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]


def test_a_leap_year_gives_february_its_29th():
    assert dates(date(2028, 1, 31), 2) == ["2028-02-29", "2028-03-31"]


def test_a_missing_day_can_roll_to_the_first():
    assert dates(date(2027, 1, 31), 3, rule=DueDateRule.ROLL) == ["2027-03-01", "2027-03-31", "2027-05-01"]


def test_month_end_takes_the_last_day_whatever_the_anchor():
    rule = DueDateRule.MONTH_END
    assert dates(date(2027, 1, 15), 3, rule=rule) == ["2027-02-28", "2027-03-31", "2027-04-30"]


def test_the_first_due_date_becomes_the_anchor():
    assert dates(date(2027, 1, 10), 3, first_due=date(2027, 3, 5)) == [
        "2027-03-05",
        "2027-04-05",
        "2027-05-05",
    ]


def test_the_anchor_day_outlives_a_short_first_month():
    found = dates(date(2026, 12, 31), 2, first_due=date(2027, 2, 28), anchor_day=31)
    assert found == ["2027-02-28", "2027-03-31"]


def test_a_rolled_first_due_date_keeps_its_month():
    rolled = {"first_due": date(2027, 3, 1), "anchor_day": 31, "rule": DueDateRule.ROLL}
    assert dates(date(2026, 12, 31), 2, **rolled) == ["2027-03-01", "2027-03-31"]


@pytest.mark.parametrize(("frequency", "days"), [(Frequency.WEEKLY, 7), (Frequency.FORTNIGHTLY, 14)])
def test_weeks_are_steps_of_days(frequency, days):
    start = date(2027, 2, 20)
    found = period_dates(start=start, periods=3, frequency=frequency)
    assert found == tuple(start + timedelta(days=days * number) for number in (1, 2, 3))


def test_a_year_has_its_periods():
    assert [periods_per_year(each) for each in Frequency] == [52, 26, 12]


@PROPERTY
@given(DAYS, st.integers(1, 600), st.sampled_from([DueDateRule.CLAMP, DueDateRule.ROLL]))
def test_no_due_date_depends_on_the_one_before(start, periods, rule):
    found = period_dates(start=start, periods=periods, frequency=Frequency.MONTHLY, rule=rule)
    assert list(found) == sorted(set(found))
    for number, due in enumerate(found, start=1):
        assert due == add_months(start, number, rule=rule)
        assert due.day == start.day or due.day == (1 if rule is DueDateRule.ROLL else last_day_of_month(due))


@PROPERTY
@given(DAYS, st.integers(-600, 600))
def test_months_are_counted_by_the_calendar(day, months):
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months


def test_a_span_is_whole_months_and_a_share_of_the_next():
    assert whole_months_and_rest(date(2024, 2, 1), date(2024, 3, 15)) == 1 + Fraction(14, 31)
    assert whole_months_and_rest(date(2027, 1, 31), date(2027, 2, 28)) == 1
    assert whole_months_and_rest(date(2027, 2, 28), date(2027, 3, 31)) == 1


@pytest.mark.parametrize(
    ("day_count", "share"),
    [
        (DayCount.ACT_365, Fraction(31, 365)),
        (DayCount.ACT_360, Fraction(31, 360)),
        (DayCount.THIRTY_360, Fraction(1, 12)),
        (DayCount.TWELFTHS, Fraction(1, 12)),
    ],
)
def test_each_day_count_has_its_share_of_the_year(day_count, share):
    month = Step(StepUnit.MONTH)
    assert year_share(date(2027, 1, 5), date(2027, 2, 5), day_count, step=month, regular=True) == share


@pytest.mark.parametrize(
    ("form", "share"),
    [
        (ActActForm.DUE_DAY, Fraction(19, 365) + Fraction(12, 366)),
        (ActActForm.ISDA, Fraction(20, 365) + Fraction(11, 366)),
        (ActActForm.FEB_29, Fraction(31, 365)),
    ],
)
def test_a_leap_year_is_judged_year_by_year(form, share):
    assert year_share(date(2023, 12, 12), date(2024, 1, 12), DayCount.ACT_ACT, act_act=form) == share


def test_a_period_with_29_february_has_366_days_in_its_year():
    share = year_share(date(2024, 2, 12), date(2024, 3, 12), DayCount.ACT_ACT, act_act=ActActForm.FEB_29)
    assert share == Fraction(29, 366)


def test_a_pause_includes_both_its_days():
    pause = Pause(date(2027, 2, 5), date(2027, 2, 10))
    assert paused_days(date(2027, 2, 1), date(2027, 3, 1), [pause]) == 6


def test_a_pause_on_the_start_day_takes_no_day_of_the_period():
    assert paused_days(date(2027, 2, 1), date(2027, 3, 1), [Pause(date(2027, 1, 1), date(2027, 2, 1))]) == 0


def test_a_pause_on_the_due_date_takes_that_day():
    assert paused_days(date(2027, 2, 1), date(2027, 3, 1), [Pause(date(2027, 3, 1), date(2027, 4, 1))]) == 1


def test_a_day_in_two_pauses_counts_once():
    pauses = [Pause(date(2027, 2, 8), date(2027, 2, 12)), Pause(date(2027, 2, 5), date(2027, 2, 10))]
    assert paused_days(date(2027, 2, 1), date(2027, 3, 1), pauses) == 8


@pytest.mark.parametrize(
    ("start", "months", "found"),
    [
        (date(9999, 11, 30), 1, date(9999, 12, 30)),
        (date(1, 2, 28), -1, date(1, 1, 28)),
        (date(1999, 12, 31), 2, date(2000, 2, 29)),
        (date(1899, 12, 31), 2, date(1900, 2, 28)),
    ],
)
def test_months_are_counted_to_the_ends_of_the_calendar(start, months, found):
    assert add_months(start, months) == found


@pytest.mark.parametrize(
    ("start", "months", "rule"),
    [
        (date(9999, 12, 1), 1, DueDateRule.CLAMP),
        (date(1, 1, 1), -1, DueDateRule.CLAMP),
        (date(9999, 12, 1), 1, DueDateRule.MONTH_END),
    ],
)
def test_beyond_the_calendar_there_is_no_date(start, months, rule):
    with pytest.raises(DateError) as refused:
        add_months(start, months, rule=rule)
    assert refused.value.code == "date_out_of_range"


def test_days_are_counted_to_the_last_one():
    assert add_days(date(9999, 12, 30), 1) == date(9999, 12, 31)
    for day, days in ((date(9999, 12, 31), 1), (date(1, 1, 1), -1)):
        with pytest.raises(DateError) as refused:
            add_days(day, days)
        assert refused.value.code == "date_out_of_range"


@PROPERTY
@given(DAYS, st.integers(1, 31), st.integers(0, 600))
def test_an_anchor_never_drifts_however_many_months_go_by(start, anchor_day, months):
    found = add_months(start, months, anchor_day=anchor_day)
    assert found.day == min(anchor_day, last_day_of_month(found))
    assert (found.year * 12 + found.month) - (start.year * 12 + start.month) == months


@PROPERTY
@given(DAYS, st.sampled_from(DueDateRule), st.integers(1, 60))
def test_a_date_of_a_series_does_not_depend_on_those_before_it(start, rule, periods):
    series = Series.of(start, Step(StepUnit.MONTH), rule, None)
    assert series.dates(0, periods)[-1:] == series.dates(periods - 1, 1)
    assert series.dates(3, 0) == []


def test_a_rolled_anchor_is_moved_back_only_where_it_was_rolled():
    monthly, weekly = Step(StepUnit.MONTH), Step(StepUnit.WEEK)
    first, second = date(2027, 3, 1), date(2027, 3, 2)
    assert Series.of(first, monthly, DueDateRule.ROLL, 29).anchor == date(2027, 2, 28)
    assert Series.of(first, monthly, DueDateRule.ROLL, 28).anchor == first
    assert Series.of(second, monthly, DueDateRule.ROLL, 31).anchor == second
    assert Series.of(first, monthly, DueDateRule.CLAMP, 31).anchor == first
    assert Series.of(first, weekly, DueDateRule.ROLL, 31).anchor == first


@PROPERTY
@given(DAYS, st.integers(0, 900), st.integers(0, 900), st.sampled_from(DayCount), st.sampled_from(ActActForm))
def test_shares_of_actual_days_add_up(start, days, more, day_count, act_act):
    middle, end = start + timedelta(days=days), start + timedelta(days=days + more)
    if is_additive(day_count, act_act):
        parts = [year_share(*span, day_count, act_act=act_act) for span in ((start, middle), (middle, end))]
        assert sum(parts) == year_share(start, end, day_count, act_act=act_act)


def test_only_actual_days_over_the_length_of_their_own_year_add_up():
    adding = [(count, form) for count in DayCount for form in ActActForm if is_additive(count, form)]
    assert adding == [
        *[(DayCount.ACT_365, form) for form in ActActForm],
        *[(DayCount.ACT_360, form) for form in ActActForm],
        (DayCount.ACT_ACT, ActActForm.DUE_DAY),
        (DayCount.ACT_ACT, ActActForm.ISDA),
    ]


def test_a_year_ends_with_its_last_day_of_interest():
    spans = date(2026, 12, 30), date(2028, 1, 2)
    assert year_cuts(*spans, ActActForm.DUE_DAY) == [date(2026, 12, 31), date(2027, 12, 31)]
    assert year_cuts(*spans, ActActForm.ISDA) == [date(2027, 1, 1), date(2028, 1, 1)]
    assert year_cuts(date(2026, 12, 31), date(2027, 12, 31), ActActForm.DUE_DAY) == []
    assert year_cuts(date(2027, 1, 1), date(2028, 1, 1), ActActForm.ISDA) == []
    assert year_cuts(date(9999, 1, 2), date(9999, 12, 31), ActActForm.ISDA) == []


def test_days_of_each_year_count_over_its_own_length():
    begin, end = date(2027, 12, 30), date(2028, 1, 2)
    assert year_share(begin, end, DayCount.ACT_ACT) == Fraction(1, 365) + Fraction(2, 366)
    isda = year_share(begin, end, DayCount.ACT_ACT, act_act=ActActForm.ISDA)
    assert isda == Fraction(2, 365) + Fraction(1, 366)
    whole = year_share(date(2027, 12, 31), date(2028, 12, 31), DayCount.ACT_ACT)
    assert whole == 1


def test_the_last_month_of_all_is_whole():
    assert whole_months_and_rest(date(9999, 11, 30), date(9999, 12, 31)) == 1
    assert whole_months_and_rest(date(9999, 11, 15), date(9999, 12, 15)) == 1


def test_steps_of_weeks_have_seven_days():
    assert (Step(StepUnit.WEEK, 2).days, Step(StepUnit.DAY, 2).days) == (14, 2)
