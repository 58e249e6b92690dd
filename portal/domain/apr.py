"""The yearly cost of a plan in named forms: nominal (IRR × periods a year), effective (XIRR), and the
actuarial form of American rules, which is nominal with an odd first period."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter, mul
from typing import Any, NamedTuple

import pyxirr

from portal.domain.dates import days_between
from portal.domain.money import CodedError, Exact

Flow = tuple[date, int | Decimal]

DAYS_IN_YEAR = 365
LOWEST, HIGHEST = -0.999999, 1e9
# A rate counts as a root when what is left of the flows is this small a share of them.
RESIDUAL = 1e-9
# What floating point can be trusted to: a rate is told to thirteen digits.
TOLD = Decimal(1).scaleb(-13)
# How far beside a rate the slope at it is measured.
BESIDE = 1e-7
# The largest number whose exponential a float can hold.
LARGEST_EXPONENT = 700.0


class AprError(CodedError):
    """Flows that have no yearly rate: money only goes one way, or no rate balances it."""


class TimeBasis(StrEnum):
    """How the years between two flows are counted, in the words of the ISDA definitions."""

    ACT_365 = "act/365"
    ACT_360 = "act/360"
    ACT_ACT_ISDA = "act/act-isda"
    THIRTY_360_ISDA = "30/360-isda"
    THIRTY_E_360 = "30e/360"
    THIRTY_E_360_ISDA = "30e/360-isda"
    THIRTY_E_PLUS_360 = "30e+/360"
    THIRTY_U_360 = "30u/360"
    ACT_364 = "act/364"
    ACT_365_25 = "act/365.25"
    NL_360 = "nl/360"
    NL_365 = "nl/365"


# Actual days over 365 is what the library counts, much faster, when it is told nothing.
_COUNTS: dict[TimeBasis, Any] = {
    basis: None if basis is TimeBasis.ACT_365 else getattr(pyxirr.DayCount, basis.name) for basis in TimeBasis
}


class UnitFlow(NamedTuple):
    """An amount that is paid some whole unit periods, and a fraction of one, after the first advance."""

    periods: int
    fraction: Fraction
    amount: int | Decimal


def nominal_apr(flows: Sequence[int | Decimal], periods_per_year: Exact) -> Decimal:
    """Return the rate of one period times the periods of a year, as a fraction of one.

    Flows are one per period, the advance first and of the other sign. Raises AprError."""
    amounts = _amounts(flows)
    rate = None
    if _is_a_loan(amounts):
        found = pyxirr.irr(amounts, guess=_guess(amounts), silent=True)
        rate = _polished(found, amounts, lambda rate: pyxirr.npv(rate, amounts))
    if rate is None:
        rate = _root(range(len(amounts)), amounts)
    return _as_decimal(rate * float(periods_per_year))


def effective_apr(flows: Sequence[Flow], *, basis: TimeBasis = TimeBasis.ACT_365) -> Decimal:
    """Return the compound yearly rate of dated flows, as a fraction of one; any order of dates.

    The years between are actual days over 365 unless another basis is named. Raises AprError."""
    flows, count = sorted(flows, key=itemgetter(0)), _COUNTS[basis]
    days, amounts = [day for day, _ in flows], _amounts([amount for _, amount in flows])
    if _is_a_loan(amounts):
        found = pyxirr.xirr(days, amounts, silent=True, day_count=count)
        rate = _polished(found, amounts, lambda rate: pyxirr.xnpv(rate, days, amounts, day_count=count))
        if rate is not None:
            return _as_decimal(rate)
    first = days[0]
    if basis is TimeBasis.ACT_365:
        times = [days_between(first, day) / DAYS_IN_YEAR for day in days]
    else:
        times = [pyxirr.year_fraction(first, day, count) for day in days]
    return _as_decimal(_root(times, amounts))


def effective_apr_by_months(flows: Sequence[tuple[int, int | Decimal]]) -> Decimal:
    """Return the compound yearly rate of flows given by months from the advance, twelve equal to a year.

    The form of Directive 2008/48/EC, as a fraction of one. Raises AprError."""
    amounts = _amounts([amount for _, amount in flows])
    return _as_decimal(_root([months / 12 for months, _ in flows], amounts))


def actuarial_apr(flows: Sequence[UnitFlow], unit_periods_per_year: Exact) -> Decimal:
    """Return the nominal yearly rate by the actuarial method, as a fraction of one: Regulation Z, appendix J.

    It is the rate of one unit period times the unit periods of a year. Whole unit periods compound, a
    fraction of one bears simple interest. The advance is of the other sign than the payments. Raises
    AprError."""
    amounts = _amounts([flow.amount for flow in flows])
    periods, fractions = [flow.periods for flow in flows], [float(flow.fraction) for flow in flows]

    def present_value(rate: float) -> float:
        simple = [1 + fraction * rate for fraction in fractions]
        values = _discounted(rate, periods, amounts)
        return math.fsum(value / grown for value, grown in zip(values, simple, strict=True))

    rate = Fraction(_bracketed(present_value)) * Fraction(unit_periods_per_year)
    return _as_decimal(float(rate))


def as_percent(rate: Decimal, places: int = 2) -> Decimal:
    """Return a rate as a percentage with that many digits, HALF_UP: 0.126862 is 12.69."""
    return (rate * 100).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _amounts(flows: Sequence[int | Decimal]) -> list[float]:
    amounts = list(map(float, flows))
    if not amounts or max(amounts) <= 0 or min(amounts) >= 0:
        raise AprError(
            "no_sign_change", "Money paid out and money paid back are both needed for a yearly rate."
        )
    return amounts


def _as_decimal(rate: float) -> Decimal:
    return Decimal(repr(rate)).quantize(TOLD)


def _is_a_loan(amounts: Sequence[float]) -> bool:
    """Say whether all that follows the first flow goes the other way: then one rate balances it, and no more.

    Where flows change their sign more than once the library may name any of several rates."""
    first, *later = amounts
    return bool(min(later) >= 0 if first < 0 else max(later) <= 0 < first)


def _guess(amounts: Sequence[float]) -> float:
    """Return the rate at which one payment of all, at its average time, would balance: near the real one."""
    paid = sum(amounts) - amounts[0]
    average = sum(map(mul, range(len(amounts)), amounts)) / paid
    return float(abs(paid / amounts[0]) ** (1 / average)) - 1


def _polished(
    rate: float | None, amounts: Sequence[float], present_value: Callable[[float], float | None]
) -> float | None:
    """Return what the library found, one step nearer; None if it is no rate or leaves something of the flows.

    The library stops at fewer digits than a rate is told to."""
    if rate is None or not -1 < rate <= HIGHEST:
        return None
    left, beside = present_value(rate), present_value(rate + BESIDE)
    if left is None or beside is None or abs(left) > RESIDUAL * sum(map(abs, amounts)):
        return None
    return rate if left == beside else rate + left * BESIDE / (left - beside)


def _root(times: Sequence[float], amounts: Sequence[float]) -> float:
    return _bracketed(lambda rate: math.fsum(_discounted(rate, times, amounts)))


def _discounted(rate: float, times: Sequence[float], amounts: Sequence[float]) -> list[float]:
    base = -math.log1p(rate)
    if abs(base) * max(times) <= LARGEST_EXPONENT:
        return [amount * math.exp(base * time) for time, amount in zip(times, amounts, strict=True)]
    return [
        amount * math.exp(max(-LARGEST_EXPONENT, min(LARGEST_EXPONENT, base * time)))
        for time, amount in zip(times, amounts, strict=True)
    ]


def _bracketed(present_value: Callable[[float], float]) -> float:
    """Return the root nearest zero among the rates where the present value changes its sign."""
    lowest, highest = math.log1p(LOWEST), math.log1p(HIGHEST)
    grid = [math.expm1(lowest + (highest - lowest) * number / 800) for number in range(801)]
    values = [present_value(rate) > 0 for rate in grid]
    sides = zip(pairwise(grid), pairwise(values), strict=True)
    brackets = [ends for ends, (left, right) in sides if left != right]
    if not brackets:
        raise AprError("no_rate", "No yearly rate balances these payments.")
    return _bisect(*min(brackets, key=lambda ends: min(map(abs, ends))), present_value)


def _bisect(low: float, high: float, present_value: Callable[[float], float]) -> float:
    positive = present_value(low) > 0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if (present_value(middle) > 0) == positive:
            low = middle
        else:
            high = middle
