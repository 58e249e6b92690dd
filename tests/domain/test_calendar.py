from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import policy
from portal.domain.calendar import BusinessCalendar
from portal.infra import policy_files

CN = BusinessCalendar.of(policy.build(policy_files.read("default")).business)
TW = BusinessCalendar.of(policy.build(policy_files.read("tw")).business)
HK = BusinessCalendar(country="HK", makeup_workdays=frozenset(), known_until=date(2026, 12, 31))

calendars = st.sampled_from([CN, TW, HK])
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def test_a_make_up_saturday_is_a_business_day_and_no_holiday():
    assert CN.is_business_day(date(2026, 2, 14))
    assert not CN.is_public_holiday(date(2026, 2, 14))
    assert not CN.is_business_day(date(2026, 3, 14))


def test_the_make_up_days_of_the_house_policy_are_the_announced_ones():
    announced = holidays.country_holidays("CN", years=[2025, 2026], expand=False).weekend_workdays
    assert CN.makeup_workdays == {day for day in announced if day.year in (2025, 2026)}


@pytest.mark.parametrize("day", range(15, 24))
def test_spring_festival_is_one_stretch_with_its_weekends(day):
    assert CN.is_public_holiday(date(2026, 2, day))
    assert not CN.is_business_day(date(2026, 2, day))


def test_an_ordinary_weekend_is_no_public_holiday():
    for calendar in (CN, TW, HK):
        assert not calendar.is_public_holiday(date(2026, 3, 14))
        assert not calendar.is_business_day(date(2026, 3, 14))


def test_in_taiwan_and_hong_kong_a_weekend_beside_a_holiday_is_an_ordinary_weekend():
    friday, saturday = date(2026, 6, 19), date(2026, 6, 20)
    assert CN.is_public_holiday(saturday)
    for calendar in (TW, HK):
        assert calendar.is_public_holiday(friday)
        assert not calendar.is_public_holiday(saturday)


def test_each_country_has_its_own_holidays():
    assert TW.is_public_holiday(date(2026, 2, 28))
    assert not CN.is_public_holiday(date(2026, 2, 28))
    assert HK.is_public_holiday(date(2026, 7, 1))
    assert not TW.is_public_holiday(date(2026, 7, 1))


def test_the_next_business_day_jumps_over_a_holiday():
    assert CN.next_business_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CN.next_business_day(date(2026, 9, 18)) == date(2026, 9, 20)
    assert TW.next_business_day(date(2026, 2, 13)) == date(2026, 2, 23)


def test_days_after_the_last_announcement_are_not_known():
    assert CN.is_known(date(2026, 12, 31))
    assert not CN.is_known(date(2027, 1, 1))


@given(calendars, days)
def test_on_or_after_is_the_first_business_day_from_a_day_on(calendar, day):
    found = calendar.on_or_after(day)
    assert calendar.is_business_day(found)
    assert found >= day
    between = (day + timedelta(days=step) for step in range((found - day).days))
    assert not any(calendar.is_business_day(each) for each in between)


@given(calendars, days, st.integers(0, 12))
def test_adding_business_days_passes_exactly_that_many(calendar, day, count):
    end = calendar.add_business_days(day, count)
    passed = (day + timedelta(days=step + 1) for step in range((end - day).days))
    assert sum(calendar.is_business_day(each) for each in passed) == count


@given(calendars, days)
def test_no_day_is_both_a_business_day_and_a_public_holiday(calendar, day):
    assert not (calendar.is_business_day(day) and calendar.is_public_holiday(day))


def test_the_pack_overrules_the_library_on_a_make_up_workday():
    holiday = date(2026, 6, 19)
    moved = BusinessCalendar(country="CN", makeup_workdays=frozenset({holiday}), known_until=CN.known_until)
    assert CN.is_public_holiday(holiday)
    assert moved.is_business_day(holiday)
    assert not moved.is_public_holiday(holiday)
