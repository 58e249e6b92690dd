"""Simple interest by days: exact until it is rounded once, never below zero."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from portal.domain.dates import days_between
from portal.domain.money import CodedError, Exact, Rounding, round_exact
from portal.vocabulary import DayCount

_FIXED_YEARS = {DayCount.ACT_365: 365, DayCount.ACT_360: 360}
_ONE_DAY = timedelta(days=1)


class InterestError(CodedError):
    """Interest that cannot be computed from the figures given."""


@dataclass(frozen=True, slots=True)
class RateFrom:
    """A yearly rate (fraction of one) that holds from a day on; that day has the new rate."""

    day: date
    annual_rate: Exact


@dataclass(frozen=True, slots=True)
class InterestPart:
    """The exact interest (minor units) of a run of days; the first and the last one count."""

    first_day: date
    last_day: date
    exact: Fraction

    @property
    def days(self) -> int:
        return days_between(self.first_day, self.last_day) + 1


def exact_rate(rate: Exact) -> Fraction:
    """Return a rate as an exact fraction; zero is a rate. Raises InterestError below it and for no number."""
    try:
        exact = Fraction(rate)
    except (ValueError, OverflowError):
        raise InterestError("rate_not_a_number", f"{rate} is not a rate.", rate=rate) from None
    if exact < 0:
        raise InterestError("rate_negative", f"A rate of {rate} is below zero.", rate=rate)
    return exact


def exact_interest(principal: int, annual_rate: Exact, days: int, *, basis: int) -> Fraction:
    """Return principal (minor units) × yearly rate × days / basis, unrounded; 0 for days below zero.

    Raises InterestError for a principal or rate below zero and a year without days."""
    check_amounts(principal)
    if basis < 1:
        raise InterestError("basis_not_positive", f"A year of {basis} days is none.", basis=basis)
    return principal * exact_rate(annual_rate) * Fraction(max(0, days), basis)


def simple_interest(
    principal: int,
    annual_rate: Exact,
    days: int,
    *,
    basis: int,
    multiple: Exact = 1,
    minimum: int = 0,
    rounding: Rounding = Rounding.HALF_UP,
    multiple_of: int = 1,
) -> int:
    """Return the interest of a number of days in minor units, rounded once, to a `multiple_of` them.

    `multiple` raises the rate (1.5 for one and a half times). A `minimum` above zero is charged as soon as
    one day is; without one there is none. Raises InterestError."""
    check_amounts(minimum)
    exact = exact_interest(principal, annual_rate, days, basis=basis) * exact_rate(multiple)
    rounded = round_exact(exact, rounding, multiple_of=multiple_of)
    return max(rounded, minimum) if days > 0 and principal > 0 else rounded


def interest_parts(
    principal: int,
    *,
    first_day: date,
    last_day: date,
    rates: Sequence[RateFrom],
    split_at: Iterable[date] | None = None,
    day_count: DayCount = DayCount.ACT_ACT,
) -> tuple[InterestPart, ...]:
    """Return the interest from one day to another, both included, while its rate changes.

    The parts begin at `split_at`, else at every new rate and 1 January. act/act takes each day's own calendar
    year as 365 or 366 days, whatever the year the interest began in. Raises InterestError."""
    if last_day < first_day:
        raise InterestError(
            "dates_out_of_order", f"{last_day} comes before {first_day}.", earlier=first_day, later=last_day
        )
    ordered = sorted(rates, key=lambda each: each.day)
    if len({each.day for each in ordered}) < len(ordered):
        raise InterestError("rate_twice", "Two rates begin on one day.")
    if not ordered or ordered[0].day > first_day:
        raise InterestError("rate_missing", f"No rate holds on {first_day}.", day=first_day)
    changes = [each.day for each in ordered]
    changes += [date(year, 1, 1) for year in range(first_day.year + 1, last_day.year + 1)]
    return tuple(
        InterestPart(
            first,
            last,
            sum(
                (
                    exact_interest(
                        principal,
                        next(each.annual_rate for each in reversed(ordered) if each.day <= begin),
                        days_between(begin, end) + 1,
                        basis=_year_days(begin.year, day_count),
                    )
                    for begin, end in _runs(first, last, changes)
                ),
                Fraction(0),
            ),
        )
        for first, last in _runs(first_day, last_day, changes if split_at is None else split_at)
    )


def check_amounts(*amounts: int) -> None:
    """Refuse amounts (minor units) below zero; raise InterestError."""
    for amount in amounts:
        if amount < 0:
            raise InterestError("amount_negative", f"An amount of {amount} is below zero.", amount=amount)


def _runs(first: date, last: date, cuts: Iterable[date]) -> list[tuple[date, date]]:
    starts = sorted({first, *(cut for cut in cuts if first < cut <= last)})
    return list(zip(starts, [*(start - _ONE_DAY for start in starts[1:]), last], strict=True))


def _year_days(year: int, day_count: DayCount) -> int:
    if day_count is DayCount.ACT_ACT:
        return 366 if calendar.isleap(year) else 365
    if day_count not in _FIXED_YEARS:
        raise InterestError(
            "day_count_without_days", f"{day_count} does not count days.", day_count=day_count
        )
    return _FIXED_YEARS[day_count]
