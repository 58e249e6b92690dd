"""What delay costs by the forms in use: a raised rate, penalty by days, grace, late fees, short loans."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from portal.domain.dates import add_days, days_between
from portal.domain.money import Exact, Rounding, rate_from_ppm, rate_to_ppm, round_exact
from portal.domain.simple_interest import InterestError, check_amounts, exact_interest, exact_rate


class GraceRule(StrEnum):
    """What days of grace do once they have passed.

    `subtract`: only the days after them are charged. `retroactive`: all days are, from the first one late."""

    SUBTRACT = "subtract"
    RETROACTIVE = "retroactive"


class FeeBase(StrEnum):
    """What a late fee is a share of."""

    PRINCIPAL = "principal"
    INTEREST = "interest"
    PRINCIPAL_AND_INTEREST = "principal+interest"


@dataclass(frozen=True, slots=True)
class Overdue:
    """An unpaid amount in minor units and the day it fell due."""

    due: date
    amount: int


@dataclass(frozen=True, slots=True)
class Instalment:
    """What an instalment asks for, minor units."""

    due: date
    principal: int
    interest: int = 0

    def base(self, base: FeeBase) -> int:
        return {
            FeeBase.PRINCIPAL: self.principal,
            FeeBase.INTEREST: self.interest,
            FeeBase.PRINCIPAL_AND_INTEREST: self.principal + self.interest,
        }[base]


@dataclass(frozen=True, slots=True)
class ShortLoan:
    """What is owed on a loan of days that is repaid at once; interest and penalty are rounded apart."""

    amount: int
    interest: int
    penalty: int

    @property
    def total(self) -> int:
        return self.amount + self.interest + self.penalty


def raised_rate(annual_rate: Exact, multiple: Exact) -> Decimal:
    """Return a yearly rate (fraction of one) times a multiple (1.5 for 150 %), to whole ppm, HALF_UP."""
    return rate_from_ppm(rate_to_ppm(exact_rate(annual_rate) * exact_rate(multiple)))


def days_charged(days_overdue: int, *, grace_days: int = 0, rule: GraceRule = GraceRule.SUBTRACT) -> int:
    """Return how many of the days overdue bear penalty under a rule of grace; raise InterestError.

    Inside the grace, its last day included, none does."""
    _check_grace(grace_days)
    if days_overdue <= grace_days:
        return 0
    return days_overdue if rule is GraceRule.RETROACTIVE else days_overdue - grace_days


def first_penalty_day(due: date, paid_on: date, *, grace_days: int, rule: GraceRule) -> date | None:
    """Return the first day that bears penalty when a debt is paid on a day; None when none does."""
    if not days_charged(days_between(due, paid_on), grace_days=grace_days, rule=rule):
        return None
    return add_days(due, 1 if rule is GraceRule.RETROACTIVE else grace_days + 1)


def daily_penalty(
    overdue: Iterable[Overdue],
    annual_rate: Exact,
    *,
    basis: int,
    as_of: date,
    first_day_offset: int = 1,
    as_of_day_closed: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> int:
    """Return the penalty of all overdue amounts together in minor units, rounded once; raise InterestError.

    The first day that counts is the due date plus the offset; `as_of` itself counts once it is closed."""
    last = 1 if as_of_day_closed else 0
    exact = (
        exact_interest(
            each.amount,
            annual_rate,
            days_between(each.due, as_of) - first_day_offset + last,
            basis=basis,
        )
        for each in overdue
    )
    return round_exact(sum(exact, Fraction(0)), rounding)


def late_fees(
    instalments: Iterable[Instalment],
    share: Exact,
    *,
    base: FeeBase,
    as_of: date,
    rounding: Rounding = Rounding.HALF_UP,
) -> tuple[int, ...]:
    """Return each instalment's one-off late fee in minor units, 0 up to its due date; raise InterestError.

    `share` is a fraction of one of the base; every fee is rounded by itself."""
    exact = exact_rate(share)
    fees = []
    for each in instalments:
        check_amounts(each.principal, each.interest)
        fees.append(round_exact(each.base(base) * exact, rounding) if each.due < as_of else 0)
    return tuple(fees)


def short_loan(
    amount: int,
    *,
    daily_rate: Exact,
    days: int,
    penalty_daily_rate: Exact = 0,
    overdue_days: int = 0,
    penalty_cap: Exact | None = None,
    rounding: Rounding = Rounding.HALF_UP,
) -> ShortLoan:
    """Return what is owed on a loan of some days and after days of delay; raise InterestError.

    Rates are fractions of one by day; the penalty is at most `penalty_cap` (a fraction of one) of the amount.
    A cap of zero allows none; only None is no cap."""
    check_amounts(amount)
    interest = amount * exact_rate(daily_rate) * _whole_days(days)
    penalty = amount * exact_rate(penalty_daily_rate) * _whole_days(overdue_days)
    if penalty_cap is not None:
        penalty = min(penalty, amount * exact_rate(penalty_cap))
    return ShortLoan(amount, round_exact(interest, rounding), round_exact(penalty, rounding))


def _whole_days(days: int) -> int:
    if days < 0:
        raise InterestError("days_negative", f"{days} days are below zero.", days=days)
    return days


def _check_grace(grace_days: int) -> None:
    if grace_days < 0:
        raise InterestError("grace_negative", f"{grace_days} days of grace are below zero.", days=grace_days)
