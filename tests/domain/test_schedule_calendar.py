"""Schedules and the calendar: its last year, leap days, years of two lengths, business days."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.domain.calendar import BusinessCalendar
from portal.domain.dates import ActActForm, DueDateRule
from portal.domain.money import Rounding
from portal.domain.schedule_facts import InterestPause
from portal.vocabulary import DayCount, Frequency
from tests.domain.ten_a_day import LOAN, dates, day, interest, refusal

TAIWAN = BusinessCalendar(country="TW", makeup_workdays=frozenset(), known_until=date(2027, 12, 31))
MAINLAND = replace(TAIWAN, country="CN")


def test_a_due_date_beyond_the_last_year_is_refused():
    assert dates(loan=replace(LOAN, start=date(9999, 9, 30)))[-1] == (12, 30)
    for named in (
        {"start": date(9999, 10, 1)},
        {"start": date(9999, 12, 25), "frequency": Frequency.WEEKLY},
        {"start": date(9999, 9, 30), "periods": 4, "due_date_rule": DueDateRule.ROLL, "anchor_day": 31},
    ):
        assert refusal(loan=replace(LOAN, **named)).code == "date_out_of_range"


def test_interest_in_the_last_year_is_counted():
    loan = replace(LOAN, start=date(9999, 11, 30), first_due=date(9999, 12, 31), periods=1)
    for day_count in DayCount:
        assert interest(loan=replace(loan, day_count=day_count))[0] in range(30_000, 31_500)


def test_a_leap_day_is_a_day_of_interest():
    loan = replace(LOAN, start=date(2028, 2, 1), periods=1)
    assert interest(loan=loan) == [29_000]
    assert interest(loan=replace(loan, start=date(2027, 2, 1))) == [28_000]
    assert dates(loan=replace(LOAN, start=date(2028, 1, 29), periods=13))[-1] == (2, 28)
    assert dates(loan=replace(LOAN, start=date(2028, 2, 29), periods=12))[-1] == (2, 28)


@pytest.mark.parametrize(
    ("form", "charged"),
    [
        # 17 December to 17 January: the first 14 or 15 days are those of 2027, the others those of 2028.
        (ActActForm.DUE_DAY, 14 * 365_000 / 365 + 17 * 365_000 / 366),
        (ActActForm.ISDA, 15 * 365_000 / 365 + 16 * 365_000 / 366),
        (ActActForm.FEB_29, 31 * 365_000 / 365),
    ],
)
def test_a_leap_year_is_judged_by_the_days_in_it(form, charged):
    loan = replace(LOAN, start=date(2027, 12, 17), periods=1, day_count=DayCount.ACT_ACT, act_act=form)
    assert interest(loan=loan) == [round(charged)]


def test_the_interest_of_each_year_may_be_rounded_by_itself():
    loan = replace(LOAN, start=date(2027, 12, 17), periods=1, day_count=DayCount.ACT_ACT, principal=3_650_012)
    assert interest(loan=loan) == [round(14 * 365_001.2 / 365 + 17 * 365_001.2 / 366)] == [30_954]
    apart = replace(loan, round_each_year_part=True, rounding=Rounding.UP)
    assert interest(loan=apart) == [14_001 + 16_954]
    assert interest(loan=replace(apart, act_act=ActActForm.ISDA)) == [15_001 + 15_957]
    assert interest(loan=replace(apart, day_count=DayCount.ACT_365)) == [14_001 + 17_001]


def test_what_rounding_takes_may_be_carried_until_it_is_a_cent():
    loan = replace(LOAN, principal=3_650_120, day_count=DayCount.TWELFTHS, periods=12, carry_rounding=True)
    exact = Decimal(3_650_120) / 120  # 30,417.666… a month
    plain, carried = interest(loan=replace(loan, carry_rounding=False)), interest(loan=loan)
    assert plain == [30_418] * 12
    assert carried[:6] == [30_418, 30_418, 30_417, 30_418, 30_418, 30_417]
    assert abs(sum(carried) - 12 * exact) < 1


def test_a_due_date_moves_to_a_business_day_and_its_anchor_stays():
    loan = replace(LOAN, start=date(2026, 1, 28), adjust=TAIWAN.on_or_after)
    # 28 February is a Saturday, and 1 March a Sunday; 28 March and 28 April follow the anchor.
    assert dates(loan=loan) == [(3, 2), (3, 30), (4, 28)]
    assert interest(loan=loan) == [33_000, 28_000, 29_000]


def test_a_moved_date_makes_no_month_longer_in_thirty_360():
    loan = replace(LOAN, start=date(2026, 1, 28), principal=3_600_000, day_count=DayCount.THIRTY_360)
    assert interest(loan=replace(loan, adjust=TAIWAN.on_or_after)) == [30_000] * 3


def test_two_weeks_that_move_to_one_day_are_both_due_on_it():
    loan = replace(
        LOAN, start=date(2026, 9, 24), periods=4, frequency=Frequency.WEEKLY, adjust=MAINLAND.on_or_after
    )
    assert dates(loan=loan) == [(10, 8), (10, 8), (10, 15), (10, 22)]
    assert interest(loan=loan) == [14_000, 0, 7_000, 7_000]
    assert interest(InterestPause(day(10, 8), day(10, 8)), loan=loan) == [13_000, 0, 7_000, 7_000]
