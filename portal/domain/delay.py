"""Days past due of many instalments: day by day, instalment by instalment, in named ranges and in tiers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.accrual import days_past_due, delinquency
from portal.domain.dates import Pause
from portal.domain.money import CodedError


class DelayError(CodedError):
    """Ranges, demands or payments from which no delay can be counted."""


@dataclass(frozen=True, slots=True)
class DayRange:
    """A named range of days past due; both ends belong to it, without a last day it has no end."""

    name: str
    first_dpd: int
    last_dpd: int | None = None

    def __post_init__(self) -> None:
        if self.last_dpd is not None and self.last_dpd < self.first_dpd:
            raise DelayError("range_ends_before_it_begins", f"{self.name} ends before it begins.")

    def holds(self, days: int) -> bool:
        return self.first_dpd <= days and (self.last_dpd is None or days <= self.last_dpd)


@dataclass(frozen=True, slots=True)
class Dated:
    """An amount in minor units on a day: a demand by its due date, a payment, or what is unpaid of an
    instalment."""

    on: date
    amount: int


def range_of(days: int, ranges: Iterable[DayRange]) -> DayRange | None:
    """Return the first range that a number of days lies in; None before, between and after them."""
    return next((each for each in ranges if each.holds(days)), None)


def days_in_tiers(days: int, tiers: Sequence[tuple[int, int | None]]) -> tuple[int, ...]:
    """Return how many of the days past due, counted from the first one, lie in each tier of days.

    Tiers are (first, last) in order, both included; a day that two of them share belongs to the earlier."""
    counted, reached = [], 0
    for first, last in tiers:
        end = days if last is None else min(days, last)
        begin = max(first - 1, reached)
        counted.append(max(0, end - begin))
        reached = max(reached, end)
    return tuple(counted)


def delinquent_days(
    dues: Iterable[date], as_of: date, *, grace_days: int = 0, pauses: Sequence[Pause] = ()
) -> tuple[int, ...]:
    """Return each instalment's own delinquent days: a pause takes away only what it overlaps of them."""
    return tuple(
        delinquency(due, as_of, grace_days=grace_days, pauses=pauses).delinquent_days for due in dues
    )


def amounts_by_range(
    unpaid: Sequence[Dated],
    as_of: date,
    ranges: Sequence[DayRange],
    *,
    grace_days: int = 0,
    pauses: Sequence[Pause] = (),
) -> dict[str, int]:
    """Add up the unpaid amounts (minor units) by the range of each instalment's own days; raise DelayError.

    Ranges with nothing in them, and instalments in no range, are left out."""
    _check_amounts(unpaid)
    days = delinquent_days((each.on for each in unpaid), as_of, grace_days=grace_days, pauses=pauses)
    sums: dict[str, int] = {}
    for each, counted in zip(unpaid, days, strict=True):
        found = range_of(counted, ranges)
        if found is not None and each.amount:
            sums[found.name] = sums.get(found.name, 0) + each.amount
    return sums


def days_past_due_on(
    days: Iterable[date],
    demands: Sequence[Dated],
    payments: Sequence[Dated],
    *,
    due_date_is_day_one: bool = False,
) -> tuple[int, ...]:
    """Return the days past due at the end of each day, payments meeting the oldest demand first.

    0 on the due date and 1 the day after it; where the due date is day one, as in India, one more from that
    date on. Raises DelayError."""
    _check_amounts([*demands, *payments])
    return tuple(_past_due(day, demands, payments, due_date_is_day_one) for day in days)


def _past_due(day: date, demands: Sequence[Dated], payments: Sequence[Dated], day_one: bool) -> int:
    left = sum(each.amount for each in payments if each.on <= day)
    for demand in sorted(demands, key=lambda each: each.on):
        left -= demand.amount
        if left < 0:
            counted = days_past_due(day, demand.on) or 0
            return counted + 1 if day_one and demand.on <= day else counted
    return 0


def _check_amounts(amounts: Iterable[Dated]) -> None:
    for each in amounts:
        if each.amount < 0:
            raise DelayError(
                "amount_negative", f"The amount of {each.on}, {each.amount}, is below zero.", day=each.on
            )
