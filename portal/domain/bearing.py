"""What bears interest in a period, at which rate and on which of its days."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from portal.domain.dates import Pause, Ratio, days_between, paused_days, year_cuts
from portal.domain.periods import Periods
from portal.vocabulary import DayCount

_DAY = timedelta(days=1)


class Repaid(NamedTuple):
    """Principal that was paid back early; it bears interest on its day and not after it."""

    day: date
    amount: int


class Unpaid(NamedTuple):
    """Principal that fell due and was not paid; it bears interest until a day, that day included."""

    due_date: date
    until: date
    principal: int


class Bearing:
    """The rates, pauses, early repayments and arrears that the interest of a period follows from."""

    def __init__(self, periods: Periods, annual_rate: Decimal) -> None:
        self.periods = periods
        self.rates = [(date.min, annual_rate)]
        self.pauses: list[Pause] = []
        self.repaid: dict[int, list[Repaid]] = {}
        self.unpaid: list[Unpaid] = []

    def set_rate(self, day: date, annual_rate: Decimal) -> None:
        """Let a rate hold from a day on, in place of one that was set for that very day."""
        if self.rates[-1][0] == day:
            self.rates.pop()
        self.rates.append((day, annual_rate))

    @property
    def rate(self) -> Decimal:
        """The rate that was set last."""
        return self.rates[-1][1]

    def charges(self, index: int) -> list[Ratio]:
        """Return what share of its balance each period from one on costs, pauses and payments aside."""
        rate, year = Fraction(self.rate).as_integer_ratio()
        found = [(rate * share, year * basis) for share, basis in self.periods.shares[index:]]
        if found and self.rates[-1][0] > self.periods.begin(index) + _DAY:
            begin, end = self.periods.begin(index), self.periods.dates[index]
            blended = sum(
                (
                    self._rate_on(first + _DAY) * self.periods.share_of_span(index, first, last)
                    for first, last in pairwise(self._cuts(begin, end, self._rate_cuts()))
                ),
                Fraction(0),
            )
            found[0] = blended.as_integer_ratio()
        return found

    def kept(self, index: int) -> Ratio | None:
        """Return which part of its charge a period costs, its pauses left out.

        None where more than days decides it: payments in the period, or a rate or year that changes in it."""
        begin, end = self.periods.begin(index), self.periods.dates[index]
        if index in self.repaid or any(owed.due_date <= begin < owed.until for owed in self.unpaid):
            return None
        days, paused = days_between(begin, end), paused_days(begin, end, self.pauses)
        if not paused:
            return 1, 1
        changes = any(begin < cut < end for cut in self._rate_cuts())
        if changes or self.periods.contract.day_count is DayCount.ACT_ACT:
            return None
        return days - paused, days

    def exact(self, index: int, balance: int, *, until: date | None = None) -> tuple[Fraction, ...]:
        """Return the interest of a period up to a day, in minor units and unrounded.

        It is one amount, or one for each calendar year where the contract rounds them apart."""
        contract = self.periods.contract
        begin, end = self.periods.begin(index), self.periods.dates[index]
        end = end if until is None else min(end, until)
        years = year_cuts(begin, end, contract.act_act) if contract.round_each_year_part else []
        parts = [Fraction(0)]
        for first, last in pairwise(self._cuts(begin, end, [*self._event_cuts(index), *years])):
            if first in years:
                parts.append(Fraction(0))
            if not paused_days(first, last, self.pauses):
                share = self.periods.share_of_span(index, first, last)
                parts[-1] += self._balance(index, balance, first) * self._rate_on(first + _DAY) * share
        return tuple(parts)

    def _balance(self, index: int, balance: int, first: date) -> int:
        """Return what bears interest from the day after `first` on."""
        begin = self.periods.begin(index)
        repaid = sum(paid.amount for paid in self.repaid.get(index, ()) if paid.day <= first)
        owed = sum(owed.principal for owed in self.unpaid if owed.due_date <= begin and owed.until > first)
        return balance - repaid + owed

    def _rate_on(self, day: date) -> Fraction:
        return Fraction(next(rate for since, rate in reversed(self.rates) if since <= day))

    def _rate_cuts(self) -> Iterator[date]:
        return (since - _DAY for since, _ in self.rates[1:])

    def _event_cuts(self, index: int) -> Iterator[date]:
        """Return the days after which something changes."""
        yield from self._rate_cuts()
        for pause in self.pauses:
            yield from (pause.first_day - _DAY, pause.last_day)
        yield from (paid.day for paid in self.repaid.get(index, ()))
        yield from (owed.until for owed in self.unpaid)

    def _cuts(self, begin: date, end: date, days: "Iterator[date] | list[date]") -> list[date]:
        """Return the ends of a span and the days within it, in order; a span of no days has none."""
        if begin >= end:
            return []
        return [begin, *sorted({day for day in days if begin < day < end}), end]
