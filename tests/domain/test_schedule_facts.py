"""Facts of a day on a contract: pauses, rates, due dates, longer terms."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from portal.domain.money import round_exact
from portal.domain.schedule import (
    replay,
)
from portal.domain.schedule_facts import (
    DueDateChange,
    InterestPause,
    PaymentHoliday,
    RateChange,
    TermExtension,
)
from portal.vocabulary import DayCount, Frequency, Method
from tests.domain.ten_a_day import EQUAL, FREE, LOAN, dates, day, interest


def test_without_facts_every_day_bears_interest():
    assert interest() == [31_000, 28_000, 31_000]
    assert dates() == [(2, 1), (3, 1), (4, 1)]


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (day(1, 1), day(1, 1), [31_000, 28_000, 31_000]),  # interest of the first day is not charged anyway
        (day(1, 2), day(1, 2), [30_000, 28_000, 31_000]),
        (day(1, 1), day(1, 2), [30_000, 28_000, 31_000]),
        (day(1, 10), day(1, 19), [21_000, 28_000, 31_000]),
        (day(2, 1), day(2, 1), [30_000, 28_000, 31_000]),  # a due date belongs to the period that it ends
        (day(2, 2), day(2, 2), [31_000, 27_000, 31_000]),
        (day(1, 31), day(2, 2), [29_000, 27_000, 31_000]),
        (day(2, 2), day(3, 1), [31_000, 0, 31_000]),
        (day(4, 1), day(9, 9), [31_000, 28_000, 30_000]),
        (day(1, 2), day(4, 1), [0, 0, 0]),
    ],
)
def test_a_pause_takes_away_both_its_days_and_those_between(first, last, left):
    assert interest(InterestPause(first, last)) == left


def test_a_day_in_two_pauses_is_paused_once():
    pauses = InterestPause(day(1, 10), day(1, 19)), InterestPause(day(1, 15), day(1, 24))
    assert interest(*pauses) == [16_000, 28_000, 31_000]
    assert interest(InterestPause(day(1, 10), day(1, 12)), InterestPause(day(1, 20), day(1, 21))) == [
        26_000,
        28_000,
        31_000,
    ]


def test_a_pause_keeps_the_instalment_and_lowers_the_last():
    plain, paused = replay(EQUAL), replay(EQUAL, [InterestPause(day(1, 10), day(1, 19))])
    assert paused.instalment == plain.instalment == 1_236_722
    assert [row.total for row in paused.rows[:2]] == [1_236_722] * 2
    assert paused.difference == paused.rows[-1].total - 1_236_722 == -10_162


def test_a_pause_across_new_year_leaves_out_days_of_each_years_length():
    loan = replace(LOAN, start=date(2027, 12, 1), periods=1, day_count=DayCount.ACT_ACT)
    exact = Fraction(365_000) * (Fraction(20, 365))
    paused = InterestPause(date(2027, 12, 22), date(2028, 1, 1))
    assert interest(paused, loan=loan) == [round_exact(exact)] == [20_000]
    assert interest(InterestPause(date(2027, 12, 2), date(2027, 12, 31)), loan=loan) == [
        round_exact(Fraction(365_000, 366))
    ]


def test_a_pause_in_a_thirty_day_month_is_shared_by_its_actual_days():
    loan = replace(LOAN, principal=3_600_000, day_count=DayCount.THIRTY_360)
    assert interest(loan=loan) == [30_000] * 3
    assert interest(InterestPause(day(2, 2), day(2, 15)), loan=loan) == [30_000, 15_000, 30_000]


@pytest.mark.parametrize(
    ("since", "charged"),
    [
        (day(1, 1), [62_000, 56_000, 62_000]),
        (day(1, 2), [62_000, 56_000, 62_000]),
        (day(1, 3), [61_000, 56_000, 62_000]),
        (day(2, 1), [32_000, 56_000, 62_000]),
        (day(2, 2), [31_000, 56_000, 62_000]),
        (day(4, 1), [31_000, 28_000, 32_000]),
    ],
)
def test_the_day_of_a_rate_change_has_the_new_rate(since, charged):
    assert interest(RateChange(since, Decimal("0.20"))) == charged


def test_of_two_rate_changes_on_one_day_the_later_given_holds():
    first, second = RateChange(day(2, 2), Decimal("0.50")), RateChange(day(2, 2), Decimal(0))
    assert interest(first, second) == [31_000, 0, 0]
    assert interest(second, first) == [31_000, 140_000, 155_000]


def test_two_changes_in_one_period_each_count_their_days():
    changes = RateChange(day(1, 11), Decimal("0.20")), RateChange(day(1, 21), Decimal(0))
    assert interest(*changes) == [9_000 + 20_000, 0, 0]
    assert interest(*changes[::-1]) == [29_000, 0, 0]


def test_a_rate_change_and_a_pause_in_one_period_share_its_days():
    facts = RateChange(day(1, 11), Decimal("0.20")), InterestPause(day(1, 6), day(1, 15))
    assert interest(*facts) == [4_000 + 17 * 2_000, 56_000, 62_000]


def test_a_rate_change_finds_the_instalment_anew_but_not_one_that_was_named():
    lower = RateChange(day(2, 2), Decimal(0))
    rows = replay(EQUAL, [lower]).rows
    assert [row.total for row in rows] == [1_236_722, 1_222_139, 1_222_139]
    named = replay(replace(EQUAL, instalment_fixed=1_236_722), [lower])
    assert [row.total for row in named.rows] == [1_236_722, 1_236_722, 1_207_556]
    assert named.instalment == 1_236_722


def test_equal_principal_stays_equal_when_the_rate_changes():
    schedule = replay(replace(LOAN, method=Method.EQUAL_PRINCIPAL), [RateChange(day(2, 2), Decimal(0))])
    assert [row.principal for row in schedule.rows] == [1_216_667, 1_216_667, 1_216_666]
    assert (schedule.instalment, schedule.difference) == (1_216_667, -1)


def test_a_holiday_moves_the_next_due_dates_and_interest_runs_on():
    holiday = PaymentHoliday(day(1, 15), 2)
    assert dates(holiday) == [(4, 1), (5, 1), (6, 1)]
    assert interest(holiday) == [90_000, 30_000, 31_000]


@pytest.mark.parametrize(
    ("since", "moved"),
    [
        (day(2, 1), [(3, 1), (4, 1), (5, 1)]),
        (day(2, 2), [(2, 1), (4, 1), (5, 1)]),
        (day(4, 1), [(2, 1), (3, 1), (5, 1)]),
    ],
)
def test_a_holiday_moves_the_instalment_that_is_due_on_its_very_day(since, moved):
    assert dates(PaymentHoliday(since, 1)) == moved


def test_a_holiday_keeps_the_instalment_and_the_last_makes_up_for_it():
    schedule = replay(EQUAL, [PaymentHoliday(day(2, 2), 1)])
    assert [row.total for row in schedule.rows[:2]] == [1_236_722] * 2
    assert schedule.rows[1].interest == round(2_444_278 * 0.10 * 59 / 365)
    assert schedule.difference > 0


def test_after_a_holiday_the_due_dates_keep_the_day_of_the_month():
    loan = replace(LOAN, start=date(2026, 12, 31), periods=4)
    assert dates(PaymentHoliday(date(2027, 2, 10), 1), loan=loan) == [(1, 31), (3, 31), (4, 30), (5, 31)]


def test_a_holiday_of_whole_months_is_whole_months_in_thirty_360():
    loan = replace(
        LOAN, start=date(2026, 12, 30), periods=3, principal=3_600_000, day_count=DayCount.THIRTY_360
    )
    assert interest(PaymentHoliday(date(2027, 2, 10), 1), loan=loan) == [30_000, 60_000, 30_000]
    twice = PaymentHoliday(date(2027, 2, 10), 1), PaymentHoliday(date(2027, 3, 5), 1)
    assert interest(*twice, loan=loan) == [30_000, 90_000, 30_000]


def test_a_holiday_moves_listed_dates_each_by_itself():
    loan = replace(LOAN, due_dates=[day(1, 20), day(2, 28), day(4, 5)])
    assert dates(PaymentHoliday(day(2, 1), 1), loan=loan) == [(1, 20), (3, 28), (5, 5)]
    weekly = replace(loan, frequency=Frequency.FORTNIGHTLY)
    assert dates(PaymentHoliday(day(2, 1), 2), loan=weekly) == [(1, 20), (3, 28), (5, 3)]


def test_a_new_due_date_is_followed_by_the_later_ones():
    change = DueDateChange(day(1, 5), day(2, 15))
    assert dates(change) == [(2, 15), (3, 15), (4, 15)]
    assert interest(change) == [45_000, 28_000, 31_000]
    assert dates(DueDateChange(day(2, 2), day(2, 20))) == [(2, 1), (2, 20), (3, 20)]
    assert interest(DueDateChange(day(2, 2), day(2, 20))) == [31_000, 19_000, 28_000]


def test_a_new_due_date_makes_one_irregular_period_in_thirty_360():
    loan = replace(LOAN, principal=3_600_000, day_count=DayCount.THIRTY_360)
    assert interest(DueDateChange(day(1, 5), day(2, 15)), loan=loan) == [45_000, 30_000, 30_000]
    assert interest(DueDateChange(day(2, 2), day(3, 16)), loan=loan)[::2] == [30_000, 30_000]


def test_a_holiday_after_a_new_due_date_is_counted_from_it():
    facts = DueDateChange(day(1, 5), day(2, 15)), PaymentHoliday(day(2, 20), 1)
    assert dates(*facts) == [(2, 15), (4, 15), (5, 15)]


def test_an_extension_spreads_the_rest_over_more_instalments():
    schedule = replay(FREE, [TermExtension(day(2, 2), 2)])
    assert [row.total for row in schedule.rows] == [100_000] + [50_000] * 4
    assert dates(TermExtension(day(2, 2), 2), loan=FREE) == [(2, 1), (3, 1), (4, 1), (5, 1), (6, 1)]
    assert [row.number for row in schedule.rows] == [1, 2, 3, 4, 5]
    assert replay(FREE, [TermExtension(day(2, 1), 3)]).instalment == 50_000


def test_an_extension_lowers_equal_principal_and_moves_a_single_repayment():
    falling = replay(replace(FREE, method=Method.EQUAL_PRINCIPAL), [TermExtension(day(2, 2), 2)])
    assert [row.principal for row in falling.rows] == [100_000] + [50_000] * 4
    assert interest(TermExtension(day(3, 2), 1)) == [31_000, 28_000, 31_000, 30_000]


def test_an_extension_of_a_stepped_plan_repeats_the_last_weight():
    loan = replace(FREE, method=Method.STEPPED, weights=[Decimal(1), Decimal(2), Decimal(3)])
    schedule = replay(loan, [TermExtension(day(2, 2), 1)])
    assert [row.total for row in schedule.rows] == [50_000, 62_500, 93_750, 93_750]


def test_an_extension_of_listed_dates_goes_on_from_the_last():
    loan = replace(FREE, due_dates=[day(1, 20), day(2, 28), day(3, 31)])
    assert dates(TermExtension(day(1, 5), 2), loan=loan)[3:] == [(4, 30), (5, 31)]


def test_a_due_date_that_was_put_off_and_then_moved_counts_its_days():
    loan = replace(LOAN, principal=3_600_000, day_count=DayCount.THIRTY_360)
    facts = PaymentHoliday(day(2, 2), 1), DueDateChange(day(2, 5), day(3, 16))
    assert dates(*facts, loan=loan) == [(2, 1), (3, 16), (4, 16)]
    assert interest(*facts, loan=loan) == [30_000, 30_000 + 14_516, 30_000]  # and 15 of the 31 days of March
