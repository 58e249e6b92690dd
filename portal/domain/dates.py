"""Due dates counted from their anchor, and the share of a year that lies between two of them."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from portal.domain.money import CodedError
from portal.vocabulary import DayCount, Frequency

Ratio = tuple[int, int]

LAST_MONTH = 9999 * 12 + 11  # December 9999, counted from the year 0
SHORTEST_MONTH = 28
MONTHS_OF_CYCLE = 400 * 12  # after which the calendar repeats
_LENGTHS = bytes(
    calendar.monthrange(month // 12 or 400, month % 12 + 1)[1] for month in range(MONTHS_OF_CYCLE)
)


class DateError(CodedError):
    """A date that no calendar has: before the year 1 or after the year 9999 (`date_out_of_range`)."""


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
    def days(self) -> int:
        """Return the days of a step of days or weeks."""
        return self.every * (7 if self.unit is StepUnit.WEEK else 1)


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
    return _LENGTHS[(day.year * 12 + day.month - 1) % MONTHS_OF_CYCLE]


def add_days(day: date, days: int) -> date:
    """Return the date that many days on; raise DateError beyond the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise _out_of_range() from None


def add_months(
    day: date, months: int, *, rule: DueDateRule = DueDateRule.CLAMP, anchor_day: int | None = None
) -> date:
    """Return the date that many months on, on the anchor's day of the month (the day's own unless given).

    Raises DateError beyond the calendar."""
    return _in_month(day.year * 12 + day.month - 1 + months, rule, anchor_day or day.day)


def _in_month(number: int, rule: DueDateRule, wanted: int) -> date:
    """Return the wanted day of a month, which is counted from the year 0."""
    if not 12 <= number <= LAST_MONTH:
        raise _out_of_range()
    year, month = divmod(number, 12)
    last = _LENGTHS[number % MONTHS_OF_CYCLE]
    if rule is DueDateRule.MONTH_END:
        return date(year, month + 1, last)
    if wanted > last and rule is DueDateRule.ROLL:
        return add_days(date(year, month + 1, last), 1)
    return date(year, month + 1, min(wanted, last))


def _out_of_range() -> DateError:
    return DateError("date_out_of_range", "A date lies outside the years 1 to 9999.")


@dataclass(frozen=True, slots=True)
class Series:
    """Dates one step apart, each counted from the anchor and never from the date before it."""

    anchor: date
    step: Step
    rule: DueDateRule
    anchor_day: int

    @classmethod
    def of(cls, anchor: date, step: Step, rule: DueDateRule, anchor_day: int | None) -> "Series":
        """Begin a series; an anchor that was itself rolled out of its month still belongs to that month."""
        wanted = anchor_day or anchor.day
        if rule is DueDateRule.ROLL and anchor.day == 1 and wanted > 28 and step.unit is StepUnit.MONTH:
            anchor -= timedelta(days=1)
        return cls(anchor, step, rule, wanted)

    def dates(self, first: int, count: int) -> list[date]:
        """Return dates by their number, 0 being the anchor's own. Raises DateError beyond the calendar."""
        if count < 1:
            return []
        if self.step.unit is not StepUnit.MONTH:
            days = self.step.days
            return [add_days(self.anchor, days * number) for number in range(first, first + count)]
        every, month = self.step.every, self.anchor.year * 12 + self.anchor.month - 1
        begin, wanted = month + every * first, self.anchor_day
        numbers = range(begin, begin + every * count, every)
        if self.rule is not DueDateRule.CLAMP or not 12 <= begin <= numbers[-1] <= LAST_MONTH:
            return [_in_month(number, self.rule, wanted) for number in numbers]
        if wanted <= SHORTEST_MONTH:
            return [date(number // 12, number % 12 + 1, wanted) for number in numbers]
        lasts = [_LENGTHS[number % MONTHS_OF_CYCLE] for number in numbers]
        return [
            date(number // 12, number % 12 + 1, wanted if wanted < last else last)
            for number, last in zip(numbers, lasts, strict=True)
        ]


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
    first due date is a shorter month's last day; rule and anchor day hold for the first due date too. Raises
    DateError beyond the year 9999."""
    anchor, offset = (start, 1) if first_due is None else (first_due, 0)
    series = Series.of(anchor, step_of(frequency), rule, anchor_day)
    return tuple(series.dates(offset, periods))


def whole_months_and_rest(start: date, end: date) -> Fraction:
    """Return the whole months of a span plus its other days as their share of the next month.

    From one month's last day to another's is a whole number of months."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == last_day_of_month(start) and end.day == last_day_of_month(end):
        return Fraction(months)
    if add_months(start, months) > end:
        months -= 1
    reached = add_months(start, months)
    if reached == end:
        return Fraction(months)
    return months + Fraction(days_between(reached, end), days_between(reached, add_months(start, months + 1)))


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


def is_additive(day_count: DayCount, act_act: ActActForm) -> bool:
    """Say whether the shares of two spans add up to the share of both together: they do where actual days
    are counted, each over the length of its own year."""
    if day_count is DayCount.ACT_ACT:
        return act_act is not ActActForm.FEB_29
    return day_count in (DayCount.ACT_365, DayCount.ACT_360)


def _actual_share(start: date, end: date, form: ActActForm) -> Fraction:
    if form is ActActForm.FEB_29:
        return Fraction(days_between(start, end), 366 if _has_29_february(start, end) else 365)
    total = Fraction(0)
    for first, last in pairwise([start, *year_cuts(start, end, form), end]):
        # The last day of a span that counts its due day, and the first of one that does not, is in its year.
        year = last.year if form is ActActForm.DUE_DAY else first.year
        total += Fraction(days_between(first, last), 366 if calendar.isleap(year) else 365)
    return total


def year_cuts(start: date, end: date, form: ActActForm) -> list[date]:
    """Return the dates strictly between two dates at which the year of an interest day changes: 31 December
    where the days are counted (start, due], else 1 January."""
    cuts = (
        date(year, 12, 31) if form is ActActForm.DUE_DAY else date(year + 1, 1, 1)
        for year in range(start.year, min(end.year, 9998) + 1)
    )
    return [cut for cut in cuts if start < cut < end]


def _has_29_february(start: date, end: date) -> bool:
    years = (year for year in range(start.year, end.year + 1) if calendar.isleap(year))
    return any(start < date(year, 2, 29) <= end for year in years)


def paused_days(start: date, end: date, pauses: Iterable[Pause]) -> int:
    """Return how many days of (start, end] lie in a pause; a day in two pauses counts once."""
    counted, total = start, 0
    for pause in sorted(pauses, key=lambda pause: pause.first_day):
        # The day before a pause is counted from; the first day of the calendar has none before it.
        first = counted if pause.first_day <= counted else pause.first_day - timedelta(days=1)
        last = min(end, pause.last_day)
        if last > first:
            total += days_between(first, last)
            counted = last
    return total
