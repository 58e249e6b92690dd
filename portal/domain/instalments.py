"""The arithmetic under a schedule: rounding in whole numbers, and the regular instalment of a debt."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from portal.domain.dates import Ratio
from portal.domain.money import CodedError, Exact, Rounding, round_exact
from portal.vocabulary import Method

DIGITS = 36  # of the annuity's intermediate results; the specification asks for at least 28
SINGLE_REPAYMENT = frozenset({Method.INTEREST_FIRST, Method.LUMP_SUM})

Divide = Callable[[int, int], int]


class ScheduleError(CodedError):
    """A schedule that cannot be made as asked; `code` and `facts` say why."""


class Row(NamedTuple):
    """One instalment in minor units; `balance` is the principal left after it."""

    number: int
    due_date: date
    principal: int
    interest: int
    total: int
    balance: int


def _half_up(amount: int, divisor: int) -> int:
    return (2 * amount + divisor) // (2 * divisor)


def _half_even(amount: int, divisor: int) -> int:
    whole, rest = divmod(amount, divisor)
    return whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1))


def _up(amount: int, divisor: int) -> int:
    return -(-amount // divisor)


def _down(amount: int, divisor: int) -> int:
    return amount // divisor


# How an amount not below zero is divided and rounded; `round_exact` without the cost of a fraction.
DIVIDE: dict[Rounding, Divide] = {
    Rounding.HALF_UP: _half_up,
    Rounding.HALF_EVEN: _half_even,
    Rounding.UP: _up,
    Rounding.DOWN: _down,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roundings:
    """How interest and the instalment are rounded; the instalment to a whole multiple of minor units."""

    interest: Rounding
    instalment: Rounding
    multiple_of: int = 1

    def candidates(self, exact: Exact) -> Iterator[int]:
        """Yield the amounts an instalment may be, as asked first and finer after that.

        Rounded up too far an instalment would repay a small debt before the last due date; rounded to nothing
        it would leave all of it to the last one."""
        yield round_exact(exact, self.instalment, multiple_of=self.multiple_of)
        yield round_exact(exact, self.instalment)
        yield round_exact(exact, Rounding.DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left to repay: `charges` is each period's interest as a share of the balance.

    `carried` bears no interest and is collected with the first instalment. `weights` is None where every
    instalment weighs the same. `number` is that of the first instalment. Graces count the periods left."""

    balance: int
    charges: Sequence[Ratio]
    weights: Sequence[Fraction] | None = None
    carried: int = 0
    principal_grace: int = 0
    interest_grace: int = 0
    number: int = 1


# Makes a row of a tuple without counting its fields, which `Row._make` does in Python.
make_row: Callable[[tuple[int, date, int, int, int, int]], Row] = partial(tuple.__new__, Row)


class Trial(NamedTuple):
    """What became of an instalment: after how many periods nothing was left, and where it did not cover."""

    periods: int
    uncovered: ScheduleError | None


class Annuity(NamedTuple):
    """A payment of each period, unrounded, what 1 paid in each has come to at the end, and the charges."""

    payment: Exact
    of_one: Exact
    charges: Collection[Ratio]


def regular_instalment(
    rest: Rest, method: Method, roundings: Roundings, nominal: Sequence[Ratio] | None = None
) -> int:
    """Find the amount that repays the debt in exactly its periods; raise ScheduleError if none does.

    For equal principal it is the principal alone, for a single repayment 0. `nominal` are the charges that
    the instalment is found from where they are not those of the actual periods."""
    if method in SINGLE_REPAYMENT:
        return 0
    if method is Method.EQUAL_PRINCIPAL:
        return equal_share(rest.balance, len(rest.charges) - rest.principal_grace, roundings)
    uncovered, found = None, annuity(rest, nominal or rest.charges)
    for instalment in roundings.candidates(found.payment):
        if nominal is None and _surely_fits(rest, instalment, found, roundings):
            return instalment
        periods, uncovered = _tried(rest, instalment, roundings)
        if instalment > 0 and uncovered is None and periods == len(rest.charges):
            return instalment
    raise uncovered or too_small(rest.balance, len(rest.charges) - rest.principal_grace)


def annuity(rest: Rest, charges: Sequence[Ratio]) -> Annuity:
    """Return the instalment of weight 1: the debt over its weights, discounted by the period factors."""
    debt, charges = rest.balance + rest.carried, charges[rest.principal_grace :]
    weights = rest.weights or (Fraction(1),) * len(charges)
    if not any(charge for charge, _ in charges):
        return Annuity(Fraction(debt) / sum(weights), sum(weights), charges[:1])
    with localcontext() as context:
        context.prec = DIGITS
        known = {charge: 1 + Decimal(charge[0]) / charge[1] for charge in set(charges)}
        growth, weighted = Decimal(1), Decimal(0)
        if rest.weights is None:
            for factor in map(known.__getitem__, reversed(charges)):
                weighted += growth
                growth *= factor
        else:
            for charge, weight in zip(reversed(charges), reversed(weights), strict=True):
                weighted += growth * weight.numerator / weight.denominator
                growth *= known[charge]
        return Annuity(debt * growth / weighted, weighted, known)


def _surely_fits(rest: Rest, instalment: int, annuity: Annuity, roundings: Roundings) -> bool:
    """Say whether an instalment is so far from its bounds that it need not be tried.

    It covers the interest of the dearest period on the whole debt, so no balance grows. And what rounding can
    add or take in all periods comes to less than half of the last instalment, which therefore stays."""
    if rest.weights is not None or rest.carried or rest.principal_grace or rest.interest_grace:
        return False
    balance, spare = rest.balance, instalment - 1
    if any(balance * charge >= spare * year or charge >= year for charge, year in annuity.charges):
        return False
    return 2 * (roundings.multiple_of + 1) * math.ceil(annuity.of_one) < instalment


def _tried(rest: Rest, instalment: int, roundings: Roundings) -> Trial:
    """Repay with an instalment and see where that leads."""
    balance, deferred, divide = rest.balance, rest.carried, DIVIDE[roundings.interest]
    grace, interest_grace, last = rest.principal_grace, rest.interest_grace, len(rest.charges) - 1
    for index, (charge, year) in enumerate(rest.charges):
        interest = divide(balance * charge, year)
        if index < interest_grace:
            interest, deferred = 0, deferred + interest
        elif deferred:
            interest, deferred = interest + deferred, 0
        if index == last:
            break
        if index < grace:
            continue
        asked = weighted_total(instalment, rest.weights, index - grace, roundings.instalment)
        if asked < interest:
            return Trial(index + 1, below_interest(rest.number + index, asked, interest))
        balance -= asked - interest
        if balance <= 0:
            return Trial(index + 1, None)
    return Trial(last + 1, None)


def weighted_total(
    instalment: int, weights: Sequence[Fraction] | None, index: int, rounding: Rounding
) -> int:
    """Return what an instalment should cost: the regular one times the weight of its period."""
    return instalment if weights is None else round_exact(instalment * weights[index], rounding)


def equal_share(amount: int, parts: int, roundings: Roundings) -> int:
    """Return the part of an amount that each repaying period takes, so that the last still takes some."""
    for share in roundings.candidates(Fraction(amount, parts)):
        if share > 0 and share * (parts - 1) < amount:
            return share
    raise too_small(amount, parts)


def below_interest(number: int, instalment: int, interest: int) -> ScheduleError:
    return ScheduleError(
        "instalment_below_interest",
        f"Instalment {number} of {instalment} does not cover its interest of {interest}.",
        number=number,
        instalment=instalment,
        interest=interest,
    )


def too_small(amount: int, parts: int) -> ScheduleError:
    return ScheduleError(
        "debt_too_small",
        f"A debt of {amount} minor units is too small for {parts} instalments; choose fewer.",
        amount=amount,
        periods=parts,
    )
