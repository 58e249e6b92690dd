"""Until when the lender must act: complaints, follow-ups, applications, cooling-off, promises, retention.

Every date is a day in the lender's zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from portal.domain.calendar import BusinessCalendar
from portal.domain.dates import add_months
from portal.domain.policy import ComplaintPolicy, FollowUpPolicy, PlanPolicy, PromisePolicy
from portal.domain.refusals import Refused
from portal.vocabulary import PlaceKind


@dataclass(frozen=True, kw_only=True)
class ComplaintClock:
    """Both due dates count from the day of receipt; the day itself is still in time."""

    acknowledge_by: date
    decide_by: date


def complaint_clock(
    received_on: date, *, is_complex: bool, complaint: ComplaintPolicy, calendar: BusinessCalendar
) -> ComplaintClock:
    """The clock of a complaint. A complaint found complex later is counted from its receipt again."""
    days = complaint.decide_complex_days if is_complex else complaint.decide_simple_days
    return ComplaintClock(
        acknowledge_by=calendar.add_business_days(received_on, complaint.acknowledge_business_days),
        decide_by=received_on + timedelta(days=days),
    )


def extended_decision_date(
    decide_by: date, *, approved_on: date, already_extended: bool, complaint: ComplaintPolicy
) -> date:
    """The new due date of an extension, which a manager gives once and before the old one."""
    if already_extended:
        raise Refused("complaint_extended_already", decide_by=decide_by)
    if approved_on >= decide_by:
        raise Refused("complaint_extension_too_late", decide_by=decide_by)
    return decide_by + timedelta(days=complaint.extension_days)


def last_review_request_date(decided_on: date, complaint: ComplaintPolicy) -> date:
    """The last day on which the borrower may ask for a review of a decision."""
    return decided_on + timedelta(days=complaint.review_request_days)


def review_due_date(requested_on: date, complaint: ComplaintPolicy) -> date:
    return requested_on + timedelta(days=complaint.review_decide_days)


def follow_up_due_date(effective_on: date, number: int, followup: FollowUpPolicy) -> date:
    """The due date of the first, second … follow-up, counted from the day the agreement took effect."""
    return add_months(effective_on, followup.first_within_months + followup.every_months * (number - 1))


def follow_up_due_dates(effective_on: date, until: date, followup: FollowUpPolicy) -> Iterator[date]:
    """The due dates up to a day, such as the last instalment's; the first comes whatever the day."""
    yield follow_up_due_date(effective_on, 1, followup)
    for number in count(2):
        due = follow_up_due_date(effective_on, number, followup)
        if due > until:
            return
        yield due


def cooling_off_end(signed_on: date, place: PlaceKind, plan: PlanPolicy) -> date:
    """The last day to take a signature back; the day of signing if there are none."""
    at_home = place in (PlaceKind.HOME, PlaceKind.OTHER_ADDRESS)
    return signed_on + timedelta(
        days=plan.cooling_off_days_at_home if at_home else plan.cooling_off_days_elsewhere
    )


def effective_date(
    *, borrower_signed_on: date, lender_signed_on: date, place: PlaceKind, plan: PlanPolicy
) -> date:
    """The day an agreement takes effect: both have signed and the cooling-off is over."""
    return max(borrower_signed_on, lender_signed_on, cooling_off_end(borrower_signed_on, place, plan))


def application_answer_date(asked_on: date, plan: PlanPolicy, calendar: BusinessCalendar) -> date:
    """Until when an application for a concession gets its reasoned answer."""
    return calendar.add_business_days(asked_on, plan.answer_business_days)


def dispute_answer_date(received_on: date, business_days: int, calendar: BusinessCalendar) -> date:
    """Until when a borrower who disputes a debt has a reasoned answer; the day is still in time."""
    return calendar.add_business_days(received_on, business_days)


def check_promise(*, made_on: date, due_on: date, amount: int, active: int, promise: PromisePolicy) -> None:
    """Refuse a promise that is in the past, too far off, too small (minor units) or one too many."""
    latest = made_on + timedelta(days=promise.max_days)
    if not made_on <= due_on <= latest:
        raise Refused("promise_date", earliest=made_on, latest=latest)
    if amount <= 0 or amount < promise.min_amount:
        raise Refused("promise_amount", least=max(promise.min_amount, 1))
    if active >= promise.max_active:
        raise Refused("promise_active", most=promise.max_active)


def keep_until(closed_on: date, years: int) -> date:
    """The last day of retention of what was closed on a day; 29 February ends on the 28th."""
    return add_months(closed_on, 12 * years)
