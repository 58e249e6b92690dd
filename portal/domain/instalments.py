"""The arithmetic under a schedule: the regular instalment, and the rows that follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

from portal.domain.money import CodedError, Exact, Rounding, round_exact
from portal.vocabulary import Method

DIGITS = 50  # of the annuity's intermediate results; the specification asks for at least 28
SINGLE_REPAYMENT = frozenset({Method.INTEREST_FIRST, Method.LUMP_SUM})


class ScheduleError(CodedError):
    """A schedule that cannot be made as asked; `code` and `facts` say why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment in minor units; `balance` is the principal left after it."""

    number: int
    due_date: date
    principal: int
    interest: int
    total: int
    balance: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rows are computed from; `charges` is each period's interest as a share of the balance."""

    principal: int
    method: Method
    dates: tuple[date, ...]
    charges: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    rounding: Rounding
    instalment_rounding: Rounding
    multiple_of: int = 1
    deferred: int = 0
    interest_grace: int = 0
    principal_grace: int = 0
    carry_rounding: bool = False

    @property
    def repaying(self) -> int:
        """How many periods repay principal."""
        return len(self.dates) - self.principal_grace

    def asked_total(self, index: int, instalment: int) -> int:
        """What the row should cost: the instalment times the weight of its period."""
        return round_exact(instalment * self.weights[index - self.principal_grace], self.instalment_rounding)

    def asked_principal(self, index: int, instalment: int, interest: int) -> int:
        """What the row should repay; below zero when the instalment does not cover the interest."""
        if index < self.principal_grace or self.method in SINGLE_REPAYMENT:
            return 0
        if self.method is Method.EQUAL_PRINCIPAL:
            return instalment
        return self.asked_total(index, instalment) - interest


def rows_of(terms: Terms, instalment: int) -> tuple[Row, ...]:
    """Return the rows until nothing is left; only the last of all due dates takes the whole rest."""
    return tuple(_rows(terms, instalment))


def _rows(terms: Terms, instalment: int) -> Iterator[Row]:
    balance, deferred, error = terms.principal, terms.deferred, Fraction(0)
    for index, (due, charge) in enumerate(zip(terms.dates, terms.charges, strict=True)):
        interest, error = _rounded_interest(balance * charge, error, terms)
        if index < terms.interest_grace:
            interest, deferred = 0, deferred + interest
        else:
            interest, deferred = interest + deferred, 0
        asked = terms.asked_principal(index, instalment, interest)
        principal = balance if index == len(terms.dates) - 1 else min(balance, asked)
        balance -= principal
        yield Row(index + 1, due, principal, interest, principal + interest, balance)
        if balance == 0:
            return


def _rounded_interest(exact: Fraction, error: Fraction, terms: Terms) -> tuple[int, Fraction]:
    """Round a period's interest; with carried rounding, a whole cent of gathered error joins it."""
    interest = round_exact(exact, terms.rounding)
    if not terms.carry_rounding:
        return interest, error
    error += exact - interest
    cents = round_exact(error, Rounding.DOWN)
    return interest + cents, error - cents


def regular_instalment(terms: Terms) -> int:
    """Find the amount that repays the debt in exactly its periods; raise ScheduleError if none does.

    Rounded up too far it would repay a small debt before the last due date; rounded to nothing it would
    leave all of it to the last one. Either way a finer rounding is tried."""
    if terms.method in SINGLE_REPAYMENT:
        return 0
    if terms.method is Method.EQUAL_PRINCIPAL:
        return equal_share(terms.principal, terms)
    exact, rows = annuity(terms), tuple[Row, ...]()
    for rounding, multiple in (
        (terms.instalment_rounding, terms.multiple_of),
        (terms.instalment_rounding, 1),
        (Rounding.DOWN, 1),
    ):
        instalment = round_exact(exact, rounding, multiple_of=multiple)
        rows = rows_of(terms, instalment)
        if instalment > 0 and len(rows) == len(terms.dates) and all(row.principal >= 0 for row in rows):
            return instalment
    check_covered(rows)
    raise too_small(terms.principal, terms.repaying)


def annuity(terms: Terms) -> Exact:
    """Return the instalment of weight 1: the debt over its weights, discounted by the period factors."""
    debt = terms.principal + terms.deferred
    charges = terms.charges[terms.principal_grace :]
    if not any(charges):
        return Fraction(debt) / sum(terms.weights)
    with localcontext() as context:
        context.prec = DIGITS
        growth, weighted = Decimal(1), Decimal(0)
        for charge, weight in zip(reversed(charges), reversed(terms.weights), strict=True):
            weighted += growth * weight.numerator / weight.denominator
            growth *= 1 + Decimal(charge.numerator) / charge.denominator
        return debt * growth / weighted


def equal_share(amount: int, terms: Terms) -> int:
    """Return the part of an amount that each repaying period takes, so that the last still takes some."""
    parts = terms.repaying
    for rounding, multiple in (
        (terms.instalment_rounding, terms.multiple_of),
        (terms.instalment_rounding, 1),
        (Rounding.DOWN, 1),
    ):
        share = round_exact(Fraction(amount, parts), rounding, multiple_of=multiple)
        if share > 0 and share * (parts - 1) < amount:
            return share
    raise too_small(amount, parts)


def with_last_interest(rows: tuple[Row, ...], terms: Terms, instalment: int) -> tuple[Row, ...]:
    """Let the last interest instead of the last instalment take the cents that rounding left over.

    Where that would leave interest below zero, or invent some on a free loan, the rows stay as they are."""
    last = rows[-1]
    asked = terms.asked_total(len(rows) - 1, instalment)
    if not last.interest or asked < last.principal:
        return rows
    return (*rows[:-1], replace(last, interest=asked - last.principal, total=asked))


def last_difference(rows: tuple[Row, ...], terms: Terms, instalment: int) -> int:
    """Return by how much the last row is not what its method asks for."""
    if terms.method in SINGLE_REPAYMENT:
        return 0
    if terms.method is Method.EQUAL_PRINCIPAL:
        return rows[-1].principal - instalment
    return rows[-1].total - terms.asked_total(len(rows) - 1, instalment)


def check_covered(rows: tuple[Row, ...]) -> None:
    """Refuse rows whose instalment does not cover their interest."""
    for row in rows:
        if row.principal < 0:
            raise ScheduleError(
                "instalment_below_interest",
                f"Instalment {row.number} of {row.total} does not cover its interest of {row.interest}.",
                number=row.number,
                instalment=row.total,
                interest=row.interest,
            )


def too_small(amount: int, parts: int) -> ScheduleError:
    return ScheduleError(
        "debt_too_small",
        f"A debt of {amount} minor units is too small for {parts} instalments; choose fewer.",
        amount=amount,
        periods=parts,
    )
