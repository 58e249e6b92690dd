"""Due dates counted from their anchor, and the share of a year that lies between two of them."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from portal.vocabulary import DayCount, Frequency


class StepUnit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class DueDateRule(StrEnum):
    """Where a due date goes in a month without the anchor's day: its last day, or the 1st of the next one.

    `month_end` takes the last day of every month."""

    CLAMP = "clamp"
    ROLL = "roll"
    MONTH_END = "month_end"


class ActActForm(StrEnum):
    """How act/act finds the length of the year.

    `due_day`: days (start, due], each by its own calendar year. `isda`: the same for [start, due).
    `feb_29`: 366 for a period that contains 29 February, else 365."""

    DUE_DAY = "due_day"
    ISDA = "isda"
    FEB_29 = "feb_29"


@dataclass(frozen=True, slots=True)
class Step:
    """The distance from one due date to the next."""

    unit: StepUnit
    every: int = 1

    @property
    def months(self) -> int | None:
        return self.every if self.unit is StepUnit.MONTH else None


@dataclass(frozen=True, slots=True)
class Pause:
    """A span of days; both ends belong to it."""

    first_day: date
    last_day: date


_STEPS = {
    Frequency.WEEKLY: Step(StepUnit.WEEK),
    Frequency.FORTNIGHTLY: Step(StepUnit.WEEK, 2),
    Frequency.MONTHLY: Step(StepUnit.MONTH),
}
_PERIODS_PER_YEAR = {Frequency.WEEKLY: 52, Frequency.FORTNIGHTLY: 26, Frequency.MONTHLY: 12}


def step_of(frequency: Frequency | Step) -> Step:
    """Return the step of a named frequency; a step is returned as it is."""
    return frequency if isinstance(frequency, Step) else _STEPS[frequency]


def periods_per_year(frequency: Frequency) -> int:
    """Return how many periods a nominal yearly rate is spread over: 52, 26 or 12."""
    return _PERIODS_PER_YEAR[frequency]


def days_between(earlier: date, later: date) -> int:
    """Return the calendar days from one date to another; negative when `later` comes first."""
    return (later - earlier).days


def last_day_of_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def add_months(
    day: date, months: int, *, rule: DueDateRule = DueDateRule.CLAMP, anchor_day: int | None = None
) -> date:
    """Return the date that many months on, on the anchor's day of the month (the day's own unless given)."""
    month = day.year * 12 + day.month - 1 + months
    first = date(month // 12, month % 12 + 1, 1)
    last = last_day_of_month(first)
    wanted = last if rule is DueDateRule.MONTH_END else (anchor_day or day.day)
    if wanted > last and rule is DueDateRule.ROLL:
        return first + timedelta(days=last)
    return first.replace(day=min(wanted, last))


def period_dates(
    *,
    start: date,
    periods: int,
    frequency: Frequency | Step,
    first_due: date | None = None,
    rule: DueDateRule = DueDateRule.CLAMP,
    anchor_day: int | None = None,
) -> tuple[date, ...]:
    """Return the due dates, each counted from the anchor and never from the date before it.

    The anchor is `first_due`, or the start one period earlier; `anchor_day` keeps, say, the 31st when the
    first due date is a shorter month's last day; rule and anchor day hold for the first due date too."""
    step = step_of(frequency)
    anchor, offset = (start, 1) if first_due is None else (first_due, 0)
    if step.unit is not StepUnit.MONTH:
        days = step.every * (7 if step.unit is StepUnit.WEEK else 1)
        return tuple(anchor + timedelta(days=days * number) for number in range(offset, periods + offset))
    wanted = anchor_day or anchor.day
    if rule is DueDateRule.ROLL and anchor.day == 1 and wanted > 28:
        anchor -= timedelta(days=1)  # the first due date was itself rolled out of the month it belongs to
    return tuple(
        add_months(anchor, step.every * number, rule=rule, anchor_day=wanted)
        for number in range(offset, periods + offset)
    )


def whole_months_and_rest(start: date, end: date) -> Fraction:
    """Return the whole months of a span plus its other days as their share of the next month.

    From one month's last day to another's is a whole number of months."""
    both_last = start.day == last_day_of_month(start) and end.day == last_day_of_month(end)
    anchor_day = 31 if both_last else start.day
    months = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, months, anchor_day=anchor_day) > end:
        months -= 1
    reached = add_months(start, months, anchor_day=anchor_day)
    following = add_months(start, months + 1, anchor_day=anchor_day)
    return months + Fraction(days_between(reached, end), days_between(reached, following))


def year_share(
    start: date,
    end: date,
    day_count: DayCount,
    *,
    step: Step | None = None,
    regular: bool = False,
    act_act: ActActForm = ActActForm.DUE_DAY,
) -> Fraction:
    """Return the exact share of a year between two due dates.

    30/360 and 1/12 count a `regular` period of a monthly step as its whole months whatever the calendar
    says, an irregular one as whole months and rest, and periods of weeks or days as days over 360."""
    days = days_between(start, end)
    if day_count is DayCount.ACT_365:
        return Fraction(days, 365)
    if day_count is DayCount.ACT_360:
        return Fraction(days, 360)
    if day_count is DayCount.ACT_ACT:
        return _actual_share(start, end, act_act)
    if step is not None and step.unit is not StepUnit.MONTH:
        return Fraction(days, 360)
    if regular and step is not None:
        return Fraction(step.every, 12)
    return whole_months_and_rest(start, end) / 12


def _actual_share(start: date, end: date, form: ActActForm) -> Fraction:
    if form is ActActForm.FEB_29:
        return Fraction(days_between(start, end), 366 if _has_29_february(start, end) else 365)
    moved = timedelta(days=1 if form is ActActForm.DUE_DAY else 0)
    first, after_last = start + moved, end + moved
    total = Fraction(0)
    while first < after_last:
        until = min(date(first.year + 1, 1, 1), after_last)
        total += Fraction(days_between(first, until), 366 if calendar.isleap(first.year) else 365)
        first = until
    return total


def _has_29_february(start: date, end: date) -> bool:
    years = (year for year in range(start.year, end.year + 1) if calendar.isleap(year))
    return any(start < date(year, 2, 29) <= end for year in years)


def paused_days(start: date, end: date, pauses: Iterable[Pause]) -> int:
    """Return how many days of (start, end] lie in a pause; a day in two pauses counts once."""
    counted, total = start, 0
    for pause in sorted(pauses, key=lambda pause: pause.first_day):
        first = max(counted, pause.first_day - timedelta(days=1))
        last = min(end, pause.last_day)
        if last > first:
            total += days_between(first, last)
            counted = last
    return total
