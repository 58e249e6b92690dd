"""The periods of a schedule: when each begins and ends, and what share of a year it is."""

from bisect import bisect_left
from datetime import date
from fractions import Fraction
from itertools import pairwise

from portal.domain.contract import Contract, check_dates, check_periods
from portal.domain.dates import (
    DateError,
    Ratio,
    Series,
    StepUnit,
    add_months,
    days_between,
    is_additive,
    year_share,
)
from portal.domain.instalments import ScheduleError
from portal.vocabulary import DayCount

_DAYS_OF_A_YEAR = {DayCount.ACT_365: 365, DayCount.ACT_360: 360}


class Periods:
    """Periods counted from 0: `dates` holds their ends, `shares` their share of a year as a ratio.

    Dates come from a series, so that one which is moved moves the later ones without drifting. A period is
    `regular` when it is whole steps of its series, however long the calendar makes them."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.dates = contract.dates()
        self._series, self._first_number = contract.series()
        self._listed = contract.due_dates is not None
        self._regular_from = len(self.dates) if self._listed else int(not contract.starts_in_series())
        self._steps: dict[int, int] = {}
        self.shares: list[Ratio] = []
        self._refresh(0)

    @property
    def count(self) -> int:
        return len(self.dates)

    def begin(self, index: int) -> date:
        """Return the day on which a period begins, whose interest still belongs to the period before."""
        return self.dates[index - 1] if index else self.contract.start

    def index_of(self, day: date) -> int:
        """Return the period that a day belongs to; `count` for a day after the last."""
        return bisect_left(self.dates, day)

    def share_of_span(self, index: int, begin: date, end: date) -> Fraction:
        """Return what share of a year a part of a period is.

        Where a period counts as whole months whatever the calendar says, its actual days share it."""
        contract = self.contract
        if is_additive(contract.day_count, contract.act_act):
            return year_share(begin, end, contract.day_count, act_act=contract.act_act)
        days = days_between(self.begin(index), self.dates[index])
        return Fraction(*self.shares[index]) * Fraction(days_between(begin, end), days)

    def postpone(self, index: int, periods: int) -> None:
        """Move a due date and the later ones by whole periods. Raises ScheduleError."""
        if periods > self.count - index:
            raise ScheduleError(
                "holiday_too_long",
                f"A holiday of {periods} periods is longer than the {self.count - index} that are left.",
                periods=periods,
                left=self.count - index,
            )
        if index >= self._regular_from:
            self._steps[index] = self._steps.get(index, 1) + periods
        self._first_number += periods
        self._replace(index, [self._later(day, periods) for day in self.dates[index:]])

    def _later(self, day: date, periods: int) -> date:
        step, anchor_day = self.contract.step, self.contract.anchor_day
        if step.unit is StepUnit.MONTH:
            return add_months(day, step.every * periods, anchor_day=anchor_day)
        return Series(day, step, self.contract.due_date_rule, day.day).dates(periods, 1)[0]

    def move(self, index: int, due_date: date) -> None:
        """Let a period end on another day, which later ones follow. Raises ScheduleError."""
        if due_date <= self.begin(index):
            raise ScheduleError(
                "due_date_out_of_order",
                f"The due date {due_date} does not come after {self.begin(index)}.",
                due_date=due_date,
            )
        contract = self.contract
        self._series = Series.of(due_date, contract.step, contract.due_date_rule, None)
        self._first_number, self._listed, self._regular_from = -index, False, index + 1
        self._replace(index, [])

    def extend(self, periods: int) -> None:
        """Add periods after the last one. Raises ScheduleError."""
        check_periods(self.count + periods)
        last, contract = self.dates[-1], self.contract
        own = Series.of(last, contract.step, contract.due_date_rule, contract.anchor_day)
        index = self.count
        self.dates += [last] * periods
        self._replace(index, self._dates_of(own, 1, periods))

    def _dates_of(self, series: Series, first: int, count: int) -> list[date]:
        try:
            return series.dates(first, count)
        except DateError as error:
            raise ScheduleError(error.code, str(error)) from error

    def _replace(self, index: int, listed: list[date]) -> None:
        """Put dates in place of those from a period on: the series' own, or the ones that were listed."""
        count = self.count - index
        if not self._listed:
            listed = self._dates_of(self._series, self._first_number + index, count)
            listed = self.contract.adjusted(listed)
        self.dates[index:] = listed
        check_dates(self.begin(index), listed, strict=self.contract.adjust is None)
        self._refresh(index)

    def _refresh(self, index: int) -> None:
        """Find the shares anew from a period on."""
        contract, step = self.contract, self.contract.step
        ends = [self.begin(index), *self.dates[index:]]
        by_weeks = step.unit is not StepUnit.MONTH and contract.day_count is not DayCount.ACT_ACT
        basis = _DAYS_OF_A_YEAR.get(contract.day_count, 360 if by_weeks else 0)
        if basis:
            numbers = [day.toordinal() for day in ends]
            found = [(end - begin, basis) for begin, end in pairwise(numbers)]
        elif contract.day_count is DayCount.ACT_ACT:
            found = [self._calendar_share(begin, end) for begin, end in pairwise(ends)]
        else:
            found = [(step.every, 12)] * (len(ends) - 1)
            for place in self._irregular(index):
                found[place - index] = self._month_share(place)
        self.shares[index:] = found

    def _irregular(self, index: int) -> list[int]:
        """Name the periods from one on that are not a single step."""
        below = range(index, min(self._regular_from, self.count))
        return [*below, *(place for place in self._steps if place >= max(index, self._regular_from))]

    def _month_share(self, index: int) -> Ratio:
        if index in self._steps and index >= self._regular_from:
            return self.contract.step.every * self._steps[index], 12
        return self._calendar_share(self.begin(index), self.dates[index])

    def _calendar_share(self, begin: date, end: date) -> Ratio:
        contract = self.contract
        return year_share(begin, end, contract.day_count, act_act=contract.act_act).as_integer_ratio()
