"""Which visit times can be offered, and which crew would come.

Days are days in the lender's zone; moments are aware. A visit takes its whole window from everybody in its
crew: with travel inside the window, no other visit of theirs can overlap it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from portal.domain.calendar import BusinessCalendar
from portal.domain.policy import VisitPolicy

CELL = timedelta(minutes=15)
WINDOW = timedelta(hours=2)

Staff = TypeVar("Staff")
Taken = Mapping[Staff, Collection[datetime]]


class DayRefusal(StrEnum):
    """Why a day is not offered; each names its sentence."""

    LEAD_TIME = "day_lead_time"
    SPACING = "day_spacing"
    MONTH_FULL = "day_month_full"
    HOLIDAY = "day_holiday"
    FULL = "day_full"


@dataclass(frozen=True, kw_only=True)
class Slot(Generic[Staff]):
    """A free window and the provisional crew, who may still change; the window may not."""

    starts_at: datetime
    ends_at: datetime
    crew: tuple[Staff, ...]


@dataclass(frozen=True, kw_only=True)
class DayOffer(Generic[Staff]):
    """What a day offers: slots, or the reasons why it has none."""

    day: date
    slots: tuple[Slot[Staff], ...]
    refusals: tuple[DayRefusal, ...]


def cells(starts_at: datetime, duration: timedelta) -> tuple[datetime, ...]:
    """The 15-minute cells (UTC) a visit takes from each of its crew. It starts on a quarter of an hour."""
    start = starts_at.astimezone(UTC)
    if start.minute % 15 or start.second or start.microsecond:
        raise ValueError(f"{starts_at.isoformat()} is not on a quarter of an hour")
    return tuple(start + CELL * number for number in range(-(-duration // CELL)))


def windows(day: date, *, visit: VisitPolicy, zone: str) -> list[tuple[datetime, datetime]]:
    """The windows (UTC) of a day, one after the other; the last one ends when visiting hours end."""
    local = ZoneInfo(zone)
    opening = datetime.combine(day, visit.window.opens, tzinfo=local)
    closing = datetime.combine(day, visit.window.closes, tzinfo=local)
    starts = []
    while opening + WINDOW <= closing:
        starts.append(opening)
        opening += WINDOW
    if starts and starts[-1] + WINDOW < closing:
        starts.append(closing - WINDOW)
    return [(start.astimezone(UTC), (start + WINDOW).astimezone(UTC)) for start in starts]


def day_refusals(
    day: date,
    *,
    booked_on: date,
    other_visits: Iterable[date],
    visit: VisitPolicy,
    calendar: BusinessCalendar,
    own_request: bool = False,
) -> list[DayRefusal]:
    """Why a day cannot be booked, all reasons. `other_visits` leaves out the visit being moved.

    `own_request`: the borrower asked, on record, to have it sooner; the next day is then the earliest."""
    others = list(other_visits)
    lead, gap = (1, 1) if own_request else (visit.min_lead_days, visit.min_gap_days)
    checks = {
        DayRefusal.LEAD_TIME: (day - booked_on).days < min(lead, visit.min_lead_days),
        DayRefusal.SPACING: any(abs((day - other).days) < min(gap, visit.min_gap_days) for other in others),
        DayRefusal.MONTH_FULL: sum(_month(other) == _month(day) for other in others) >= visit.per_month,
        DayRefusal.HOLIDAY: calendar.is_public_holiday(day),
    }
    return [reason for reason, applies in checks.items() if applies]


def offer(
    day: date,
    *,
    booked_on: date,
    other_visits: Iterable[date],
    staff: Sequence[Staff],
    taken: Taken[Staff],
    visit: VisitPolicy,
    calendar: BusinessCalendar,
    zone: str,
    own_request: bool = False,
) -> DayOffer[Staff]:
    """The free windows of a day. `staff` are on duty and trained that day; `taken` are their cells (UTC)."""
    refusals = day_refusals(
        day,
        booked_on=booked_on,
        other_visits=other_visits,
        visit=visit,
        calendar=calendar,
        own_request=own_request,
    )
    if refusals:
        return DayOffer(day=day, slots=(), refusals=tuple(refusals))
    slots = tuple(
        Slot(starts_at=start, ends_at=end, crew=crew)
        for start, end in windows(day, visit=visit, zone=zone)
        if (crew := free_crew(start, end - start, staff=staff, taken=taken, size=visit.crew_min))
    )
    return DayOffer(day=day, slots=slots, refusals=() if slots else (DayRefusal.FULL,))


def free_crew(
    starts_at: datetime, duration: timedelta, *, staff: Sequence[Staff], taken: Taken[Staff], size: int
) -> tuple[Staff, ...]:
    """The people who would come, those with the fewest cells first; empty when too few are free."""
    wanted = set(cells(starts_at, duration))
    free = [person for person in staff if wanted.isdisjoint(taken.get(person, ()))]
    free.sort(key=lambda person: len(taken.get(person, ())))
    return tuple(free[:size]) if len(free) >= size else ()


def nearest(slots: Iterable[Slot[Staff]], wanted: datetime, count: int = 3) -> list[Slot[Staff]]:
    """The slots nearest to the one somebody else took, nearest first."""
    return sorted(slots, key=lambda slot: (abs(slot.starts_at - wanted), slot.starts_at))[:count]


def change_in_time(visit_day: date, *, changed_on: date, visit: VisitPolicy) -> bool:
    """Whether a change or cancellation is told in time: calendar days ahead, at any hour, for both sides."""
    return (visit_day - changed_on).days >= visit.change_notice_days


def last_day_to_change(visit_day: date, visit: VisitPolicy) -> date:
    return visit_day - timedelta(days=visit.change_notice_days)


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
