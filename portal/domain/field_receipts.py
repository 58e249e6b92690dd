"""Receipts taken in the field: each is pending until an imported payment turns out to be the same money.

Only imported payments lower a debt. A receipt is shown beside it while it is pending and counts for nothing
once it is matched, so that the same money never counts twice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.dates import days_between
from portal.domain.money import CodedError


class ReceiptError(CodedError):
    """Receipts or payments that cannot be matched: an amount not above zero, or days below zero."""


@dataclass(frozen=True, slots=True)
class Money:
    """Money for a loan, minor units: a receipt written in the field, or a payment the lender imported."""

    number: str
    loan: str
    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt and the payment that is the same money."""

    receipt: Money
    payment: Money


@dataclass(frozen=True, slots=True)
class Matching:
    """Which receipts were found among the payments, and which are pending."""

    matched: tuple[Match, ...]
    pending: tuple[Money, ...]

    def pending_for(self, loan: str) -> int:
        """What was received for a loan, minor units, and has not arrived at the lender yet."""
        return sum(each.amount for each in self.pending if each.loan == loan)


def match_receipts(receipts: Iterable[Money], payments: Iterable[Money], *, within_days: int) -> Matching:
    """Match receipts with payments one to one: same loan, same amount, at most so many days apart.

    The oldest are matched first, which leaves as few pending as there can be. Raises ReceiptError."""
    if within_days < 0:
        raise ReceiptError("days_negative", f"{within_days} days are below zero.", days=within_days)
    written, imported = _grouped(receipts), _grouped(payments)
    matched: list[Match] = []
    pending: list[Money] = []
    for key, group in written.items():
        found, left = _matched(group, imported.get(key, []), within_days)
        matched += found
        pending += left
    return Matching(
        tuple(sorted(matched, key=lambda each: (each.receipt.on, each.receipt.number))),
        tuple(sorted(pending, key=lambda each: (each.on, each.number))),
    )


def _matched(
    receipts: Sequence[Money], payments: Sequence[Money], within_days: int
) -> tuple[list[Match], list[Money]]:
    matched, pending, left = [], [], list(payments)
    for receipt in receipts:
        while left and days_between(left[0].on, receipt.on) > within_days:
            left.pop(0)  # too old for this receipt and for all after it
        if left and days_between(receipt.on, left[0].on) <= within_days:
            matched.append(Match(receipt, left.pop(0)))
        else:
            pending.append(receipt)
    return matched, pending


def _grouped(amounts: Iterable[Money]) -> dict[tuple[str, int], list[Money]]:
    groups: dict[tuple[str, int], list[Money]] = defaultdict(list)
    for each in sorted(amounts, key=lambda each: (each.on, each.number)):
        if each.amount <= 0:
            raise ReceiptError("amount_not_positive", f"{each.number} is not above zero.", number=each.number)
        groups[each.loan, each.amount].append(each)
    return groups
