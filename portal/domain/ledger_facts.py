"""What the ledger is given, the opening balance, the receipts after it and the terms of the loan; and what it
keeps of how it came to its figures."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from portal.domain.allocation import Component, DebtParts, Item, Order
from portal.domain.cap import Cap
from portal.domain.money import CodedError, round_exact
from portal.vocabulary import PaymentKind


class LedgerError(CodedError):
    """A receipt that no ledger can play: its amount is below zero (`receipt_amount_negative`)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An instalment as imported, minor units: what it asks for and what was paid by the opening day."""

    number: int
    due: date
    owed: DebtParts
    paid: DebtParts


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment or a reversal; a reversal's `reference` names the payment it takes back.

    Both are amounts of zero or more, for the kind says which way they go. Raises LedgerError."""

    number: str
    on: date
    amount: int
    kind: PaymentKind = PaymentKind.PAYMENT
    reference: str = ""

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise LedgerError(
                "receipt_amount_negative", f"Receipt {self.number} is below zero.", amount=self.amount
            )


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

    From `principal_first_from` days past due on, a payment meets principal before everything else. Without
    `cap` there is none: a card has no disbursement from which one could be counted."""

    penalty_ppm: int
    basis: int
    order: Order
    late_fees: LateFees | None = None
    principal_first_from: int | None = None
    cap: Cap | None = None

    @property
    def principal_first(self) -> Order:
        rest = tuple(each for each in self.order.due if each is not Component.PRINCIPAL)
        return Order((Component.PRINCIPAL, *rest), self.order.in_advance, self.order.mode)


@dataclass(frozen=True, slots=True)
class Met:
    """Where a payment went: the parts it met, and the credit, for which nothing was owed.

    `amount` is the payment without what was reversed of it. `overdue` and `left` are what was still owed
    after it, of instalments due before its day and of all, without what the cap took off."""

    number: str
    on: date
    amount: int
    items: tuple[Item, ...]
    credit: int
    overdue: int
    left: int

    def part(self, component: Component) -> int:
        return sum(item.amount for item in self.items if item.component is component)


@dataclass(frozen=True, slots=True)
class PrincipalDays:
    """Principal (minor units) outstanding for whole days from a first day on: the cap is counted from it."""

    principal: int
    first_day: date
    days: int

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)

    @property
    def product(self) -> int:
        return self.principal * self.days
