"""The yearly cost of a plan in two named forms: nominal (IRR × periods a year) and effective (XIRR)."""

import math
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pyxirr

from portal.domain.dates import days_between
from portal.domain.money import CodedError

Flow = tuple[date, int | Decimal]

DAYS_IN_YEAR = 365
LOWEST, HIGHEST = -0.999999, 1e9
# A rate counts as a root when what is left of the flows is this small a share of them.
RESIDUAL = 1e-9
# What floating point can be trusted to: a rate is told to thirteen digits.
TOLD = Decimal(1).scaleb(-13)


class AprError(CodedError):
    """Flows that have no yearly rate: money only goes one way, or no rate balances it."""


def nominal_apr(flows: Sequence[int | Decimal], periods_per_year: int) -> Decimal:
    """Return the rate of one period times the periods of a year, as a fraction of one.

    Flows are one per period, the advance first and of the other sign. Raises AprError."""
    amounts = _amounts(flows)
    times = [float(number) for number in range(len(amounts))]
    guess = pyxirr.irr(amounts, silent=True)
    return _as_decimal(_root(times, amounts, guess) * periods_per_year)


def effective_apr(flows: Sequence[Flow]) -> Decimal:
    """Return the compound yearly rate of dated flows on days/365, as a fraction of one; any order of dates.

    Raises AprError."""
    amounts = _amounts([amount for _, amount in flows])
    days = [day for day, _ in flows]
    times = [days_between(min(days), day) / DAYS_IN_YEAR for day in days]
    guess = pyxirr.xirr(days, amounts, silent=True)
    return _as_decimal(_root(times, amounts, guess))


def effective_apr_by_months(flows: Sequence[tuple[int, int | Decimal]]) -> Decimal:
    """Return the compound yearly rate of flows given by months from the advance, twelve equal to a year.

    The form of Directive 2008/48/EC, as a fraction of one. Raises AprError."""
    amounts = _amounts([amount for _, amount in flows])
    return _as_decimal(_root([months / 12 for months, _ in flows], amounts, None))


def as_percent(rate: Decimal, places: int = 2) -> Decimal:
    """Return a rate as a percentage with that many digits, HALF_UP: 0.126862 is 12.69."""
    return (rate * 100).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _amounts(flows: Sequence[int | Decimal]) -> list[float]:
    amounts = [float(flow) for flow in flows]
    if not any(amount > 0 for amount in amounts) or not any(amount < 0 for amount in amounts):
        raise AprError(
            "no_sign_change", "Money paid out and money paid back are both needed for a yearly rate."
        )
    return amounts


def _as_decimal(rate: float) -> Decimal:
    return Decimal(repr(rate)).quantize(TOLD)


def _root(times: Sequence[float], amounts: Sequence[float], guess: float | None) -> float:
    """Return the rate that balances the flows: the guess if it does, else the bracketed root nearest zero."""
    size = sum(abs(amount) for amount in amounts)
    usable = guess is not None and math.isfinite(guess) and guess > -1
    if guess is not None and usable and abs(_present_value(guess, times, amounts)) <= RESIDUAL * size:
        return guess
    brackets = _brackets(times, amounts)
    if not brackets:
        raise AprError("no_rate", "No yearly rate balances these payments.")
    return _bisect(*min(brackets, key=lambda ends: min(map(abs, ends))), times, amounts)


def _present_value(rate: float, times: Sequence[float], amounts: Sequence[float]) -> float:
    base = math.log1p(rate)
    return math.fsum(
        amount * math.exp(max(-700.0, min(700.0, -base * time)))
        for time, amount in zip(times, amounts, strict=True)
    )


def _brackets(times: Sequence[float], amounts: Sequence[float]) -> list[tuple[float, float]]:
    """Return the neighbouring rates between which the present value changes its sign."""
    lowest, highest = math.log1p(LOWEST), math.log1p(HIGHEST)
    grid = [math.expm1(lowest + (highest - lowest) * number / 800) for number in range(801)]
    values = [_present_value(rate, times, amounts) for rate in grid]
    return [
        (grid[number], grid[number + 1])
        for number in range(800)
        if (values[number] > 0) != (values[number + 1] > 0)
    ]


def _bisect(low: float, high: float, times: Sequence[float], amounts: Sequence[float]) -> float:
    positive = _present_value(low, times, amounts) > 0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if (_present_value(middle, times, amounts) > 0) == positive:
            low = middle
        else:
            high = middle
