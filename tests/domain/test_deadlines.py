from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import deadlines, policy
from portal.domain.calendar import BusinessCalendar
from portal.domain.refusals import Refused
from portal.infra import policy_files
from portal.vocabulary import PlaceKind

POLICY = policy.build(policy_files.read("default"))
CALENDAR = BusinessCalendar.of(POLICY.business)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def clock(received_on, is_complex=False):
    return deadlines.complaint_clock(
        received_on, is_complex=is_complex, complaint=POLICY.complaint, calendar=CALENDAR
    )


def extended(decide_by, approved_on, already=False):
    return deadlines.extended_decision_date(
        decide_by, approved_on=approved_on, already_extended=already, complaint=POLICY.complaint
    )


def test_a_complaint_is_decided_within_15_calendar_days_and_a_complex_one_within_30():
    assert clock(date(2026, 3, 2)).decide_by == date(2026, 3, 17)
    assert clock(date(2026, 3, 2), is_complex=True).decide_by == date(2026, 4, 1)


def test_a_complaint_is_acknowledged_on_the_next_business_day():
    assert clock(date(2026, 3, 2)).acknowledge_by == date(2026, 3, 3)
    assert clock(date(2026, 9, 30)).acknowledge_by == date(2026, 10, 8)


def test_a_complaint_found_complex_later_loses_and_gains_no_time():
    received = date(2026, 3, 2)
    assert clock(received, is_complex=True).decide_by - clock(received).decide_by == timedelta(days=15)


def test_an_extension_is_given_once_and_before_the_due_date():
    due = date(2026, 3, 17)
    assert extended(due, date(2026, 3, 16)) == date(2026, 4, 16)
    for approved_on in (due, date(2026, 3, 18)):
        with pytest.raises(Refused) as refusal:
            extended(due, approved_on)
        assert refusal.value.code == "complaint_extension_too_late"
    with pytest.raises(Refused) as refusal:
        extended(due, date(2026, 3, 10), already=True)
    assert refusal.value.code == "complaint_extended_already"


def test_a_review_may_be_asked_for_and_is_decided_within_30_days():
    assert deadlines.last_review_request_date(date(2026, 3, 2), POLICY.complaint) == date(2026, 4, 1)
    assert deadlines.review_due_date(date(2026, 4, 1), POLICY.complaint) == date(2026, 5, 1)


def test_follow_ups_come_after_1_month_and_then_every_3():
    dues = deadlines.follow_up_due_dates(date(2026, 1, 15), date(2026, 12, 31), POLICY.followup)
    assert list(dues) == [date(2026, 2, 15), date(2026, 5, 15), date(2026, 8, 15), date(2026, 11, 15)]


def test_follow_ups_of_a_month_end_keep_the_day_of_the_agreement():
    dues = deadlines.follow_up_due_dates(date(2026, 1, 31), date(2027, 12, 31), POLICY.followup)
    assert list(islice(dues, 4)) == [
        date(2026, 2, 28),
        date(2026, 5, 31),
        date(2026, 8, 31),
        date(2026, 11, 30),
    ]


def test_the_first_follow_up_comes_even_when_the_plan_is_shorter():
    dues = deadlines.follow_up_due_dates(date(2026, 1, 15), date(2026, 1, 20), POLICY.followup)
    assert list(dues) == [date(2026, 2, 15)]


@given(days, st.integers(1, 40))
def test_a_follow_up_lies_on_the_day_of_the_agreement_or_the_last_of_a_shorter_month(effective, number):
    due = deadlines.follow_up_due_date(effective, number, POLICY.followup)
    months = (due.year - effective.year) * 12 + due.month - effective.month
    assert months == 1 + 3 * (number - 1)
    assert due.day == effective.day or (due.day < effective.day and (due + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("place", "days"),
    [
        (PlaceKind.HOME, 3),
        (PlaceKind.OTHER_ADDRESS, 3),
        (PlaceKind.BRANCH, 0),
        (PlaceKind.VIDEO, 0),
        (PlaceKind.PHONE, 0),
    ],
)
def test_time_to_think_again_follows_a_signature_given_away_from_the_branch(place, days):
    signed = date(2026, 3, 2)
    assert deadlines.cooling_off_end(signed, place, POLICY.plan) == signed + timedelta(days=days)


@pytest.mark.parametrize(
    ("borrower", "lender", "place", "effective"),
    [
        (2, 2, PlaceKind.BRANCH, 2),
        (2, 4, PlaceKind.BRANCH, 4),
        (2, 2, PlaceKind.HOME, 5),
        (2, 9, PlaceKind.HOME, 9),
        (4, 2, PlaceKind.BRANCH, 4),
    ],
)
def test_an_agreement_takes_effect_with_the_later_signature_or_the_end_of_cooling_off(
    borrower, lender, place, effective
):
    found = deadlines.effective_date(
        borrower_signed_on=date(2026, 3, borrower),
        lender_signed_on=date(2026, 3, lender),
        place=place,
        plan=POLICY.plan,
    )
    assert found == date(2026, 3, effective)


def test_an_application_is_answered_within_5_business_days():
    assert deadlines.application_answer_date(date(2026, 3, 5), POLICY.plan, CALENDAR) == date(2026, 3, 12)


@pytest.mark.parametrize(
    ("due", "amount", "active", "code"),
    [
        (date(2026, 3, 1), 100, 0, "promise_date"),
        (date(2026, 4, 3), 100, 0, "promise_date"),
        (date(2026, 3, 9), 0, 0, "promise_amount"),
        (date(2026, 3, 9), -5, 0, "promise_amount"),
        (date(2026, 3, 9), 100, 1, "promise_active"),
    ],
)
def test_a_promise_out_of_bounds_is_refused(due, amount, active, code):
    with pytest.raises(Refused) as refusal:
        deadlines.check_promise(
            made_on=date(2026, 3, 2), due_on=due, amount=amount, active=active, promise=POLICY.promise
        )
    assert refusal.value.code == code


@pytest.mark.parametrize("due", [date(2026, 3, 2), date(2026, 4, 2)])
def test_a_promise_from_today_to_31_days_on_is_taken(due):
    deadlines.check_promise(made_on=date(2026, 3, 2), due_on=due, amount=1, active=0, promise=POLICY.promise)


def test_what_is_closed_on_29_february_is_kept_to_the_28th():
    assert deadlines.keep_until(date(2024, 2, 29), 5) == date(2029, 2, 28)
