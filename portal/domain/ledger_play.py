"""How the ledger plays what happened, day after day, on the opening balance of a loan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from portal.domain import accrual, allocation
from portal.domain.accrual import OverdueSpan
from portal.domain.allocation import Component, DebtParts, Item, Order
from portal.domain.cap import CapCheck, within
from portal.domain.dates import Pause, days_between, paused_days
from portal.domain.ledger_facts import Met, Opening, PrincipalDays, Receipt, Terms
from portal.domain.relief import Relief
from portal.vocabulary import PaymentKind, ReliefKind


@dataclass(slots=True)
class Playing:
    """An instalment while the play goes on. Its penalty stands apart from `unpaid`: it follows from `spans`,
    the late fee, and what was paid and waived of them."""

    opening: Opening
    unpaid: DebtParts = field(init=False)
    spans: list[OverdueSpan] = field(default_factory=list)
    numerator: int = 0  # of the spans, kept so that a long play stays quick
    counted_to: date = field(init=False)
    late_fee: int | None = None  # None: not charged yet
    late_fee_place: int = 0  # the first, second … unpaid minimum in a row
    late_fee_on: int = 0  # the unpaid minimum it was charged for
    penalty_paid: int = 0
    waived: DebtParts = field(default_factory=DebtParts)

    def __post_init__(self) -> None:
        self.unpaid = self.opening.owed - self.opening.paid
        self.counted_to = self.opening.due

    @property
    def contract_unpaid(self) -> int:
        return self.unpaid.principal + self.unpaid.interest + self.unpaid.fees

    @property
    def charges_paid(self) -> int:
        """Interest, fees and penalty that were paid, not waived."""
        owed = self.opening.owed.interest + self.opening.owed.fees - self.waived.interest
        return owed - self.unpaid.interest - self.unpaid.fees + self.penalty_paid

    def penalty(self, terms: Terms) -> int:
        charged = self.late_fee or 0
        if self.numerator:
            charged += accrual.penalty_interest(self.numerator, terms.basis)
        return max(0, charged - self.penalty_paid - self.waived.penalty)

    def owed(self, terms: Terms) -> DebtParts:
        return replace(self.unpaid, penalty=self.penalty(terms))

    def count_to(self, day: date, terms: Terms, stops: Sequence[Pause]) -> None:
        """Let the penalty run until a day: whole days after the due date on the principal unpaid so far."""
        days = days_between(self.counted_to, day)
        if days <= 0:
            return
        if terms.late_fees is None and self.unpaid.principal:
            paused = paused_days(self.counted_to, day, stops)
            span = OverdueSpan(self.unpaid.principal, terms.penalty_ppm, days - paused, paused)
            self.spans.append(span)
            self.numerator += accrual.accrued((span,))
        self.counted_to = day


class Play:
    """The lines of a loan and the credit beside them, brought forward event by event.

    `credit` is money nothing is owed for; below zero: too much was reversed."""

    def __init__(
        self, openings: Iterable[Opening], *, as_of: date, terms: Terms, stops: tuple[Pause, ...]
    ) -> None:
        self.lines = [Playing(each) for each in sorted(openings, key=lambda each: (each.due, each.number))]
        self.as_of = as_of
        self.terms = terms
        self.stops = stops
        self.credit = 0
        self.reopened: list[Item] = []
        self.met: list[Met] = []
        self.principal_days: list[PrincipalDays] = []
        self._principal_to: date | None = None

    def reopen(self, amount: int) -> None:
        """Take an amount back out of the opening balance, newest instalment first."""
        for line in reversed(self.lines):
            for component in reversed(self.terms.order.due):
                part = min(amount, line.opening.paid.part(component))
                if part:
                    line.unpaid += DebtParts(**{component.value: part})
                    number, due = line.opening.number, line.opening.due
                    self.reopened.append(Item(number, component, due, part))
                    amount -= part
        self.credit -= amount

    def waive(self, relief: Relief) -> None:
        """Take a waiver off what is owed on its day, oldest instalment first. Interest is waived once due."""
        self.charge_to(relief.first_day)
        if relief.kind is ReliefKind.PENALTY_WAIVER:
            owed = [line.penalty(self.terms) for line in self.lines]
        else:
            owed = [line.unpaid.interest if line.opening.due < relief.first_day else 0 for line in self.lines]
        for line, part in zip(self.lines, within(relief.waived_of(sum(owed)), owed), strict=True):
            if relief.kind is ReliefKind.PENALTY_WAIVER:
                line.waived += DebtParts(penalty=part)
            else:
                line.waived += DebtParts(interest=part)
                line.unpaid -= DebtParts(interest=part)

    def pay(self, payment: Receipt) -> None:
        """Allocate a payment; what nothing is owed for becomes credit."""
        self.charge_to(payment.on)
        beyond, _ = self.beyond_cap(payment.on)
        items = [
            item
            for line, over in zip(self.lines, beyond, strict=True)
            for item in _items(line, line.owed(self.terms) - over)
        ]
        result = allocation.allocate(payment.amount, items, paid_on=payment.on, order=self._order(payment.on))
        by_number = {line.opening.number: line for line in self.lines}
        for item in result.paid:
            line = by_number[item.instalment]
            if item.component is Component.PENALTY:
                line.penalty_paid += item.amount
            else:
                line.unpaid -= DebtParts(**{item.component.value: item.amount})
        self.credit += result.credit
        overdue = sum(item.amount for item in result.remaining if item.due < payment.on)
        left = sum(item.amount for item in result.remaining)
        self.met.append(
            Met(payment.number, payment.on, payment.amount, result.paid, result.credit, overdue, left)
        )

    def charge_to(self, day: date) -> None:
        """Bring penalty and late fees up to a day, before what happens on that day."""
        self._count_principal(day)
        in_a_row = 0
        for line in self.lines:
            line.count_to(day, self.terms, self.stops)
            if line.opening.due >= day or not line.contract_unpaid:
                in_a_row = 0
                continue
            in_a_row += 1
            if line.late_fee is None and self.terms.late_fees is not None:
                # A core system that charges the fee itself says so in the instalment's fees.
                charged = line.opening.owed.fees > 0
                line.late_fee = 0 if charged else self.terms.late_fees.fee(in_a_row, line.contract_unpaid)
                line.late_fee_place, line.late_fee_on = in_a_row, line.contract_unpaid

    def beyond_cap(self, day: date) -> tuple[list[DebtParts], CapCheck | None]:
        """Return what each line is charged beyond the cap on a day: the newest penalty gives way first, then
        the newest fees, then interest."""
        if self.terms.cap is None:
            return [DebtParts()] * len(self.lines), None
        principal_days = sum(each.product for each in self.principal_days)
        tomorrow = principal_days + sum(line.unpaid.principal for line in self.lines)
        allowance = self.terms.cap.allowance(principal_days)
        owed = [line.owed(self.terms) if line.opening.due <= day else DebtParts() for line in self.lines]
        paid = sum(line.charges_paid for line in self.lines)
        claims = [*(each.interest for each in owed), *(each.fees for each in owed)]
        claims += [each.penalty for each in owed]
        check = CapCheck(allowance, paid + sum(claims), self.terms.cap.allowance(tomorrow))
        if not check.reduced:
            return [DebtParts()] * len(self.lines), check
        over = [claim - kept for claim, kept in zip(claims, within(allowance - paid, claims), strict=True)]
        count = len(self.lines)
        return [
            DebtParts(interest=over[at], fees=over[count + at], penalty=over[2 * count + at])
            for at in range(count)
        ], check

    def _count_principal(self, day: date) -> None:
        """Add up the principal outstanding on each day since the disbursement.

        When an opening balance was paid is not known: its instalments count as paid when they were due."""
        if self.terms.cap is None:
            return
        start = self.terms.cap.disbursed_on
        if self._principal_to is None:
            for line in self.lines:
                paid = line.opening.owed.principal - line.unpaid.principal
                self._owed_for(paid, start, min(line.opening.due, self.as_of))
            self._principal_to = start
        if day > self._principal_to:
            self._owed_for(sum(line.unpaid.principal for line in self.lines), self._principal_to, day)
            self._principal_to = day

    def _owed_for(self, principal: int, start: date, end: date) -> None:
        days = days_between(start, end)
        if principal and days > 0:
            self.principal_days.append(PrincipalDays(principal, start, days))

    def _order(self, day: date) -> Order:
        """The order in force on the day of a payment: a card long overdue pays principal first."""
        since = min((line.opening.due for line in self.lines if line.contract_unpaid), default=None)
        dpd = accrual.days_past_due(day, since) or 0
        first_from = self.terms.principal_first_from
        return self.terms.order if first_from is None or dpd < first_from else self.terms.principal_first


def _items(line: Playing, owed: DebtParts) -> tuple[Item, ...]:
    return allocation.items_of(line.opening.number, line.opening.due, owed)


def net_of_reversals(receipts: Sequence[Receipt]) -> tuple[list[Receipt], int]:
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
