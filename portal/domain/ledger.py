"""What each instalment of a loan owes on a day, from its opening balance and the payments after it.

Imported paid figures stand as of a day; only later payments are allocated. Everything is recomputed from that
day, so that a back-dated payment or a reversal changes penalty, days past due and allocation from its own day
on (specification 04 section 3)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from portal.domain import accrual, allocation
from portal.domain.accrual import OverdueSpan
from portal.domain.allocation import Component, DebtParts, Item, Order
from portal.domain.dates import days_between
from portal.domain.money import round_exact
from portal.vocabulary import PaymentKind


@dataclass(frozen=True, slots=True)
class Opening:
    """An instalment as imported, minor units: what it asks for and what was paid by the opening day."""

    number: int
    due: date
    owed: DebtParts
    paid: DebtParts


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment or a reversal; a reversal's `reference` names the payment it takes back."""

    number: str
    on: date
    amount: int
    kind: PaymentKind = PaymentKind.PAYMENT
    reference: str = ""


@dataclass(frozen=True, slots=True)
class LateFees:
    """A card's late fee, once for each unpaid minimum: fixed amounts for the first, second … one in a row and
    none after the last, or, without fixed amounts, a share of the unpaid minimum."""

    fixed: tuple[int, ...] = ()
    share: Decimal = Decimal(0)

    def fee(self, in_a_row: int, unpaid: int) -> int:
        if self.fixed:
            return self.fixed[in_a_row - 1] if in_a_row <= len(self.fixed) else 0
        return round_exact(Fraction(unpaid) * Fraction(self.share))


@dataclass(frozen=True, slots=True)
class Terms:
    """How a loan's delay is charged and its payments are used. With `late_fees` there is no daily penalty.

    From `principal_first_from` days past due on, a payment meets principal before everything else."""

    penalty_ppm: int
    basis: int
    order: Order
    late_fees: LateFees | None = None
    principal_first_from: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An instalment on the business date: what it still owes, and how its penalty came about."""

    number: int
    due: date
    unpaid: DebtParts
    spans: tuple[OverdueSpan, ...]
    late_fee: int
    penalty_paid: int

    @property
    def contract_unpaid(self) -> int:
        """What the contract asks for and was not paid; penalty is not part of it."""
        return self.unpaid.principal + self.unpaid.interest + self.unpaid.fees


@dataclass(frozen=True, slots=True)
class Standing:
    """A loan on a business date. `credit` is money nothing is owed for; below zero: too much reversed."""

    business_date: date
    lines: tuple[Line, ...]
    credit: int

    @property
    def debt(self) -> allocation.Debt:
        return allocation.debt_on(
            self.business_date,
            (item for line in self.lines for item in allocation.items_of(line.number, line.due, line.unpaid)),
        )

    @property
    def overdue_since(self) -> date | None:
        """The due date from which days past due count."""
        unpaid = (line.due for line in self.lines if line.contract_unpaid and line.due < self.business_date)
        return min(unpaid, default=None)

    @property
    def dpd(self) -> int:
        return accrual.days_past_due(self.business_date, self.overdue_since) or 0

    @property
    def overdue_amount(self) -> int:
        return sum(line.contract_unpaid for line in self.lines if line.due < self.business_date)

    @property
    def outstanding(self) -> int:
        return sum(line.contract_unpaid for line in self.lines)


def standing(
    openings: Iterable[Opening],
    receipts: Iterable[Receipt],
    *,
    as_of: date,
    business_date: date,
    terms: Terms,
) -> Standing:
    """Play the receipts after `as_of` and until the business date on the opening balance."""
    lines = [_Line(each) for each in sorted(openings, key=lambda each: (each.due, each.number))]
    later = [each for each in receipts if as_of < each.on <= business_date]
    payments, taken_back = _net(later)
    credit = -_reopen(lines, taken_back, terms.order)
    for payment in sorted(payments, key=lambda each: (each.on, each.number)):
        credit += _pay(lines, payment, terms)
    return Standing(business_date, tuple(_finished(lines, business_date, terms)), credit)


@dataclass(slots=True)
class _Line:
    """An instalment while its receipts are played."""

    opening: Opening
    unpaid: DebtParts = field(init=False)
    spans: list[OverdueSpan] = field(default_factory=list)
    counted_to: date = field(init=False)
    late_fee: int | None = None  # None: not charged yet
    penalty_paid: int = 0

    def __post_init__(self) -> None:
        self.unpaid = self.opening.owed - self.opening.paid
        self.counted_to = self.opening.due

    @property
    def contract_unpaid(self) -> int:
        return self.unpaid.principal + self.unpaid.interest + self.unpaid.fees

    def count_to(self, day: date, terms: Terms) -> None:
        """Let the penalty run until a day: whole days after the due date on the principal unpaid so far."""
        days = days_between(self.counted_to, day)
        if days <= 0:
            return
        if terms.late_fees is None and self.unpaid.principal:
            self.spans.append(OverdueSpan(self.unpaid.principal, terms.penalty_ppm, days))
        self.counted_to = day

    def penalty(self, terms: Terms) -> int:
        charged = accrual.penalty_interest(accrual.accrued(self.spans), terms.basis) + (self.late_fee or 0)
        return max(0, charged - self.penalty_paid)


def _net(receipts: Sequence[Receipt]) -> tuple[list[Receipt], int]:
    """Lower each payment by what was reversed of it; return the rest and what older payments lose.

    A reversal that names no payment takes back the newest ones before it."""
    left = {each.number: each for each in receipts if each.kind is PaymentKind.PAYMENT}
    older = 0
    for reversal in sorted(receipts, key=lambda each: (each.on, each.number)):
        if reversal.kind is not PaymentKind.REVERSAL:
            continue
        amount = reversal.amount
        for payment in _taken_back(left, reversal):
            part = min(amount, payment.amount)
            amount -= part
            left[payment.number] = replace(payment, amount=payment.amount - part)
        older += amount
    return [each for each in left.values() if each.amount], older


def _taken_back(left: dict[str, Receipt], reversal: Receipt) -> list[Receipt]:
    if reversal.reference:
        return [left[reversal.reference]] if reversal.reference in left else []
    before = (each for each in left.values() if each.on <= reversal.on)
    return sorted(before, key=lambda each: (each.on, each.number), reverse=True)


def _reopen(lines: Sequence[_Line], amount: int, order: Order) -> int:
    """Take an amount back out of the opening balance, newest instalment first; return what is left of it."""
    for line in reversed(lines):
        for component in reversed(order.due):
            part = min(amount, line.opening.paid.part(component))
            if part:
                line.unpaid += DebtParts(**{component.value: part})
                amount -= part
    return amount


def _pay(lines: Sequence[_Line], payment: Receipt, terms: Terms) -> int:
    """Allocate a payment and return the part that nothing is owed for."""
    _charge(lines, payment.on, terms)
    items = [item for line in lines for item in _items(line, terms)]
    result = allocation.allocate(
        payment.amount, items, paid_on=payment.on, order=_order(lines, payment, terms)
    )
    by_number = {line.opening.number: line for line in lines}
    for item in result.paid:
        line = by_number[item.instalment]
        if item.component is Component.PENALTY:
            line.penalty_paid += item.amount
        else:
            line.unpaid -= DebtParts(**{item.component.value: item.amount})
    return result.credit


def _items(line: _Line, terms: Terms) -> tuple[Item, ...]:
    owed = replace(line.unpaid, penalty=line.penalty(terms))
    return allocation.items_of(line.opening.number, line.opening.due, owed)


def _order(lines: Sequence[_Line], payment: Receipt, terms: Terms) -> Order:
    """The order in force on the day of a payment: a card long overdue pays principal first."""
    since = min((line.opening.due for line in lines if line.contract_unpaid), default=None)
    dpd = accrual.days_past_due(payment.on, since) or 0
    if terms.principal_first_from is None or dpd < terms.principal_first_from:
        return terms.order
    rest = tuple(each for each in terms.order.due if each is not Component.PRINCIPAL)
    return replace(terms.order, due=(Component.PRINCIPAL, *rest))


def _charge(lines: Sequence[_Line], day: date, terms: Terms) -> None:
    """Bring penalty and late fees up to a day, before what happens on that day."""
    in_a_row = 0
    for line in lines:
        line.count_to(day, terms)
        if line.opening.due >= day or not line.contract_unpaid:
            in_a_row = 0
            continue
        in_a_row += 1
        if line.late_fee is None and terms.late_fees is not None:
            # A core system that charges the fee itself says so in the instalment's fees.
            charged = line.opening.owed.fees > 0
            line.late_fee = 0 if charged else terms.late_fees.fee(in_a_row, line.contract_unpaid)


def _finished(lines: Sequence[_Line], business_date: date, terms: Terms) -> Iterator[Line]:
    _charge(lines, business_date, terms)
    for line in lines:
        yield Line(
            number=line.opening.number,
            due=line.opening.due,
            unpaid=replace(line.unpaid, penalty=line.penalty(terms)),
            spans=tuple(line.spans),
            late_fee=line.late_fee or 0,
            penalty_paid=line.penalty_paid,
        )
