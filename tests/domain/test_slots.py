from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import policy, slots
from portal.domain.calendar import BusinessCalendar
from portal.domain.slots import DayRefusal
from portal.infra import policy_files

POLICY = policy.build(policy_files.read("tw"))
VISIT = POLICY.visit
ZONE = POLICY.business.timezone
CALENDAR = BusinessCalendar.of(POLICY.business)
MONDAY = date(2026, 3, 2)
THURSDAY = date(2026, 3, 5)
STAFF = ["chen", "wu", "lin"]


def at(hour, day=THURSDAY):
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def refusals(day, booked_on=MONDAY, others=(), **more):
    return slots.day_refusals(
        day, booked_on=booked_on, other_visits=others, visit=VISIT, calendar=CALENDAR, **more
    )


def offer(day=THURSDAY, staff=STAFF, taken=None, others=(), **more):
    return slots.offer(
        day,
        booked_on=MONDAY,
        other_visits=others,
        staff=staff,
        taken=taken or {},
        visit=VISIT,
        calendar=CALENDAR,
        zone=ZONE,
        **more,
    )


def test_a_visit_is_booked_at_least_three_days_ahead():
    assert refusals(date(2026, 3, 4)) == [DayRefusal.LEAD_TIME]
    assert refusals(date(2026, 3, 5)) == []


def test_a_visit_is_at_least_three_days_from_another_on_either_side():
    other = date(2026, 3, 12)
    refused = [day for day in range(6, 19) if refusals(date(2026, 3, day), others=[other])]
    assert refused == [10, 11, 12, 13, 14]


def test_the_visit_being_moved_does_not_count_against_itself():
    assert refusals(date(2026, 3, 11), others=[]) == []
    assert refusals(date(2026, 3, 11), others=[date(2026, 3, 10)]) == [DayRefusal.SPACING]


def test_a_moved_visit_obeys_the_lead_time_again():
    assert refusals(date(2026, 3, 11), booked_on=date(2026, 3, 9)) == [DayRefusal.LEAD_TIME]


def test_the_borrowers_own_recorded_request_shortens_both_to_one_day():
    tomorrow = date(2026, 3, 3)
    assert refusals(tomorrow, others=[date(2026, 3, 4)], own_request=True) == []
    assert refusals(MONDAY, own_request=True) == [DayRefusal.LEAD_TIME]
    assert refusals(tomorrow, others=[tomorrow], own_request=True) == [DayRefusal.SPACING]


def test_a_public_holiday_is_refused_and_an_ordinary_weekend_is_not():
    assert refusals(date(2026, 4, 6)) == [DayRefusal.HOLIDAY]
    assert refusals(date(2026, 3, 7)) == []


def test_a_case_has_at_most_two_visits_a_month():
    others = [date(2026, 3, 9), date(2026, 3, 16)]
    assert refusals(date(2026, 3, 25), others=others) == [DayRefusal.MONTH_FULL]
    assert refusals(date(2026, 4, 1), others=others) == []


def test_all_reasons_are_given_not_only_the_first():
    others = [date(2026, 4, 5), date(2026, 4, 20)]
    assert refusals(date(2026, 4, 6), booked_on=date(2026, 4, 5), others=others) == list(DayRefusal)[:4]


def test_windows_of_two_hours_follow_each_other_and_the_last_ends_with_visiting_hours():
    starts = [
        start.astimezone(ZoneInfo(ZONE)).hour for start, _ in slots.windows(THURSDAY, visit=VISIT, zone=ZONE)
    ]
    assert starts == [9, 11, 13, 15, 17, 18]


def test_cells_are_quarters_of_an_hour_that_cover_the_whole_visit():
    assert slots.cells(at(9), timedelta(minutes=30)) == (at(9), at(9) + timedelta(minutes=15))
    assert len(slots.cells(at(9), timedelta(hours=2))) == 8
    assert len(slots.cells(at(9), timedelta(minutes=31))) == 3


def test_cells_of_a_start_beside_the_quarter_are_an_error():
    with pytest.raises(ValueError, match="quarter"):
        slots.cells(at(9) + timedelta(minutes=5), timedelta(hours=1))


def test_an_open_day_offers_every_window_with_a_crew_of_two():
    day = offer()
    assert len(day.slots) == 6
    assert day.refusals == ()
    assert all(slot.crew == ("chen", "wu") for slot in day.slots)


def test_a_taken_window_goes_to_the_colleague_who_is_free():
    taken = {"chen": slots.cells(at(9), slots.WINDOW)}
    crews = {slot.starts_at: slot.crew for slot in offer(taken=taken).slots}
    assert crews[at(9)] == ("wu", "lin")
    assert crews[at(11)] == ("wu", "lin")


def test_one_quarter_of_an_hour_in_use_takes_the_window():
    taken = {"chen": [at(10) + timedelta(minutes=45)], "wu": [at(18)]}
    free = [slot.starts_at for slot in offer(staff=["chen", "wu"], taken=taken).slots]
    assert free == [at(11), at(13), at(15)]


def test_a_day_without_two_free_people_is_full():
    assert offer(staff=["chen"]).refusals == (DayRefusal.FULL,)
    assert offer(staff=[]).slots == ()


def test_a_refused_day_says_why_instead_of_offering():
    day = offer(date(2026, 3, 3))
    assert (day.slots, day.refusals) == ((), (DayRefusal.LEAD_TIME,))


def test_the_loser_of_a_race_gets_the_three_nearest_windows():
    free = [slot for slot in offer().slots if slot.starts_at != at(13)]
    assert [slot.starts_at for slot in slots.nearest(free, at(13))] == [at(11), at(15), at(9)]


@pytest.mark.parametrize(("changed_on", "in_time"), [(3, True), (4, True), (5, False), (6, False)])
def test_a_change_is_in_time_until_the_day_before_at_any_hour(changed_on, in_time):
    assert slots.change_in_time(THURSDAY, changed_on=date(2026, 3, changed_on), visit=VISIT) is in_time
    assert slots.last_day_to_change(THURSDAY, VISIT) == date(2026, 3, 4)


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(days, days, st.lists(days, max_size=3), st.booleans())
def test_a_day_that_is_not_refused_keeps_every_distance(day, booked_on, others, own_request):
    least = 1 if own_request else 3
    if not refusals(day, booked_on=booked_on, others=others, own_request=own_request):
        assert (day - booked_on).days >= least
        assert all(abs((day - other).days) >= least for other in others)
        assert not CALENDAR.is_public_holiday(day)


@given(st.dictionaries(st.sampled_from(STAFF), st.lists(st.integers(0, 43), max_size=30)))
def test_no_offered_crew_is_ever_somewhere_else(busy):
    taken = {person: [at(9) + slots.CELL * cell for cell in cells] for person, cells in busy.items()}
    for slot in offer(taken=taken).slots:
        assert len(set(slot.crew)) == VISIT.crew_min
        for person in slot.crew:
            assert set(slots.cells(slot.starts_at, slots.WINDOW)).isdisjoint(taken.get(person, []))


@given(st.lists(st.integers(0, 5), max_size=8))
def test_booking_one_offer_after_the_other_never_takes_a_cell_twice(picks):
    taken = {person: [] for person in STAFF}
    for pick in picks:
        free = offer(taken=taken).slots
        if free:
            slot = free[pick % len(free)]
            for person in slot.crew:
                taken[person] += slots.cells(slot.starts_at, slot.ends_at - slot.starts_at)
    assert all(len(cells) == len(set(cells)) for cells in taken.values())
