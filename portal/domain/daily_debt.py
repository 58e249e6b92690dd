"""A debt that bears simple interest by the day: what early, late and partial payments do to its instalments.

An instalment's interest runs on the principal that is not due before it. Principal that is overdue bears
extra interest until it is paid, charged with the next instalment, or with the last one itself. Every piece is
rounded by itself and ends only where its principal changes, so that counting in between changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from portal.domain.allocation import DebtParts
from portal.domain.dates import days_between
from portal.domain.money import CodedError, Exact, Rounding, round_exact
from portal.domain.simple_interest import exact_rate


class DailyDebtError(CodedError):
    """A debt by the day, or a payment on it, that cannot be."""


@dataclass(frozen=True, slots=True)
class DailyInstalment:
    """What an instalment asks for as planned, minor units."""

    due: date
    principal: int
    interest: int
    fees: int = 0


@dataclass(frozen=True, slots=True)
class DailyPayment:
    """Money received, minor units."""

    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class DailyLine:
    """An instalment on a day; the `penalty` of its parts is extra interest on overdue principal."""

    number: int
    due: date
    unpaid: DebtParts
    paid: DebtParts


@dataclass(frozen=True, slots=True)
class DailyStanding:
    """A debt on a day; `credit` is money that nothing was owed for."""

    lines: tuple[DailyLine, ...]
    credit: int


def daily_debt(
    principal: int,
    *,
    start: date,
    daily_rate: Exact,
    instalments: Sequence[DailyInstalment],
    payments: Iterable[DailyPayment] = (),
    as_of: date,
    rounding: Rounding = Rounding.HALF_UP,
) -> DailyStanding:
    """Play the payments until a day on a debt (minor units) at a rate by the day (fraction of one).

    A payment meets what is due, oldest instalment first: extra interest, fees, interest, principal. The rest
    goes to the instalments to come: extra interest, interest accrued to the day, principal, but not their
    fees; their interest is then computed again. Raises DailyDebtError, and InterestError for the rate."""
    _check(principal, start, instalments)
    made = sorted((each for each in payments if each.on <= as_of), key=lambda each: each.on)
    for each in made:
        _check_payment(each, start)
    book = _Book(principal, start, exact_rate(daily_rate), instalments, rounding)
    credit = sum(book.pay(each) for each in made)
    return DailyStanding(tuple(book.shown(as_of)), credit)


@dataclass(slots=True)
class _Line:
    begins: date  # the start of its period
    due: date
    principal: int
    interest: int
    fees: int
    paid: DebtParts
    extra: int  # extra interest on this line's overdue principal, in pieces that have ended
    extra_from: date
    closed: int  # its interest in pieces that have ended
    interest_from: date

    @property
    def principal_left(self) -> int:
        return self.principal - self.paid.principal


class _Book:
    def __init__(
        self,
        principal: int,
        start: date,
        rate: Fraction,
        instalments: Sequence[DailyInstalment],
        rounding: Rounding,
    ) -> None:
        begins = [start, *(each.due for each in instalments)]
        self.rate, self.rounding = rate, rounding
        self.later = principal - sum(each.principal for each in instalments)  # due after all of them
        self.lines = [
            _Line(day, it.due, it.principal, it.interest, it.fees, DebtParts(), 0, it.due, 0, day)
            for day, it in zip(begins, instalments, strict=False)
        ]

    def pay(self, payment: DailyPayment) -> int:
        """Allocate a payment and return what is left of it."""
        left = payment.amount
        extra = self._extra(payment.on)
        for line, owed in zip(self.lines, extra, strict=True):
            if line.due <= payment.on:
                left -= self._meet(line, left, interest=line.interest, fees=line.fees, penalty=owed)
                left -= self._repay_overdue(line, left, payment.on)
        return self._pay_in_advance(left, extra, payment.on)

    def shown(self, as_of: date) -> Iterable[DailyLine]:
        for number, (line, extra) in enumerate(zip(self.lines, self._extra(as_of), strict=True), 1):
            owed = DebtParts(line.principal, line.interest, line.fees, extra)
            yield DailyLine(number, line.due, owed - line.paid, line.paid)

    def _pay_in_advance(self, left: int, extra: Sequence[int], on: date) -> int:
        coming, touched = [], 0
        for place, line in enumerate(self.lines):
            if line.due <= on:
                continue
            accrued = line.closed + self._piece(self._bearing(), line.interest_from, on)
            left -= self._meet(line, left, interest=accrued, fees=0, penalty=extra[place])
            line.interest = max(line.interest, line.paid.interest)
            part = min(left, line.principal_left)
            coming.append((line, accrued))
            touched = len(coming) if part else touched
            left -= part
            line.paid += DebtParts(principal=part)
        for line, accrued in coming[:touched]:
            line.closed, line.interest_from = accrued, max(on, line.begins)
            line.interest = accrued + self._piece(self._bearing(), line.interest_from, line.due)
        return left

    def _repay_overdue(self, line: _Line, left: int, on: date) -> int:
        part = min(left, line.principal_left)
        if part:
            line.extra += self._piece(line.principal_left, line.extra_from, on)
            line.extra_from = on
            line.paid += DebtParts(principal=part)
        return part

    def _meet(self, line: _Line, left: int, *, interest: int, fees: int, penalty: int) -> int:
        """Pay what a line owes of these as far as the money goes; return what went."""
        penalty = max(0, min(left, penalty - line.paid.penalty))
        fees = max(0, min(left - penalty, fees - line.paid.fees))
        interest = max(0, min(left - penalty - fees, interest - line.paid.interest))
        line.paid += DebtParts(interest=interest, fees=fees, penalty=penalty)
        return penalty + fees + interest

    def _extra(self, on: date) -> list[int]:
        """Each line's extra interest on a day: that of the line before it, the last one's own included."""
        own = [line.extra + self._piece(line.principal_left, line.extra_from, on) for line in self.lines]
        charged = [0, *own[:-1]]
        charged[-1] += own[-1]
        return charged

    def _bearing(self) -> int:
        """The principal left. Money that reaches a line to come has repaid all that was due before it."""
        return self.later + sum(line.principal_left for line in self.lines)

    def _piece(self, principal: int, begin: date, end: date) -> int:
        return round_exact(principal * self.rate * max(0, days_between(begin, end)), self.rounding)


def _check(principal: int, start: date, instalments: Sequence[DailyInstalment]) -> None:
    if not instalments:
        raise DailyDebtError("no_instalments", "A debt has at least one instalment.")
    if principal <= 0 or any(min(each.principal, each.interest, each.fees) < 0 for each in instalments):
        raise DailyDebtError("amount_not_positive", "A debt is above zero, none of its parts below it.")
    if sum(each.principal for each in instalments) > principal:
        raise DailyDebtError("instalments_above_debt", "The instalments repay more than the debt.")
    before = start
    for each in instalments:
        if each.due <= before:
            raise DailyDebtError(
                "dates_out_of_order", f"{each.due} does not come after {before}.", earlier=before
            )
        before = each.due


def _check_payment(payment: DailyPayment, start: date) -> None:
    if payment.amount <= 0:
        raise DailyDebtError("payment_not_positive", f"A payment of {payment.amount} is not above zero.")
    if payment.on < start:
        raise DailyDebtError(
            "payment_before_start", f"{payment.on} is before the loan began on {start}.", start=start
        )
