"""What it takes to settle a plan early, row by row: interest ends on the settlement day, and whoever paid
every instalment on time so far is spared the penalty (specification 03, `plan.early_settlement_reward`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from portal.domain.dates import Pause, add_days, days_between, paused_days
from portal.domain.ledger_facts import Receipt
from portal.domain.money import CodedError, round_exact
from portal.domain.overlay import PlanInstalment, plan_standing


class SettlementError(CodedError):
    """A settlement that cannot be quoted: a day outside the plan or the quote, or figures that cannot be."""


class Instalment(Protocol):
    """What a quote needs to know of a row of a schedule, minor units."""

    @property
    def number(self) -> int: ...

    @property
    def due_date(self) -> date: ...

    @property
    def principal(self) -> int: ...

    @property
    def interest(self) -> int: ...


class QuotePart(StrEnum):
    """What a row of a quote stands for; the last three lower it, but for credit, which is paid back."""

    PRINCIPAL = "principal"
    INTEREST_DUE = "interest_due"
    INTEREST_RUNNING = "interest_running"
    INTEREST_OF_GRACE = "interest_of_grace"
    FEES = "fees"
    PENALTY = "penalty"
    PENALTY_WAIVED = "penalty_waived"
    PAID = "paid"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """One row, minor units; what lowers the quote is below zero. Running interest names its days."""

    part: QuotePart
    amount: int
    days: int | None = None
    of_days: int | None = None


@dataclass(frozen=True, slots=True)
class SettlementQuote:
    """The rows add up to the total. The total stands, whenever the money comes, until `valid_until`."""

    settlement_day: date
    quoted_on: date
    valid_until: date
    rows: tuple[QuoteRow, ...]
    interest_saved: int

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)

    @property
    def credit(self) -> int:
        """What was paid beyond all that is owed."""
        return self.part(QuotePart.CREDIT)

    def part(self, part: QuotePart) -> int:
        return sum(row.amount for row in self.rows if row.part is part)

    def stands_on(self, day: date) -> bool:
        return self.quoted_on <= day <= self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """What was charged beside the rows of the plan since it began, paid or not, minor units."""

    fees: int = 0
    penalty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """Interest (minor units) from the plan's start to the end of grace, which its rows share evenly."""

    ends: date
    interest: int


def settlement_quote(
    rows: Sequence[Instalment],
    receipts: Iterable[Receipt],
    *,
    start: date,
    settlement_day: date,
    quoted_on: date,
    valid_days: int,
    charges: Charges | None = None,
    grace: Grace | None = None,
    interest_pauses: Sequence[Pause] = (),
    waive_penalty_if_on_time: bool = True,
) -> SettlementQuote:
    """Quote the settlement of a plan whose interest runs from `start`; raise SettlementError.

    Owed are all principal, the interest of instalments due by the day and, of the instalment that is running,
    its share by days without paused ones, rounded once (HALF_UP): none on the day the plan begins. `receipts`
    are all money since the start."""
    charges = charges or Charges()
    _check_plan(rows, start, grace, charges)
    _check_day(rows, start, settlement_day, quoted_on, valid_days)
    received = [each for each in receipts if each.on <= settlement_day]
    _check_receipts(received, start)
    standing = plan_standing(
        [PlanInstalment(row.number, row.due_date, row.principal + row.interest) for row in rows],
        received,
        effective_on=start,
        business_date=settlement_day,
    )
    waived = charges.penalty if waive_penalty_if_on_time and standing.on_time_so_far else 0
    paid = sum(line.paid for line in standing.lines) + standing.credit
    interest = _interest(rows, start, settlement_day, grace, interest_pauses)
    found = [
        QuoteRow(QuotePart.PRINCIPAL, sum(row.principal for row in rows)),
        *interest,
        QuoteRow(QuotePart.FEES, charges.fees),
        QuoteRow(QuotePart.PENALTY, charges.penalty),
        QuoteRow(QuotePart.PENALTY_WAIVED, -waived),
        QuoteRow(QuotePart.PAID, -paid),
    ]
    found.append(QuoteRow(QuotePart.CREDIT, max(0, -sum(row.amount for row in found))))
    return SettlementQuote(
        settlement_day=settlement_day,
        quoted_on=quoted_on,
        valid_until=add_days(quoted_on, valid_days),
        rows=tuple(row for row in found if row.amount or row.part is QuotePart.PRINCIPAL),
        interest_saved=sum(row.interest for row in rows) - sum(row.amount for row in interest),
    )


def _interest(
    rows: Sequence[Instalment],
    start: date,
    day: date,
    grace: Grace | None,
    pauses: Sequence[Pause],
) -> list[QuoteRow]:
    """The interest until a day: of instalments due by then, of the running one, and of grace."""
    shares = _shares(grace, len(rows))
    begins = grace.ends if grace else start
    due, running = 0, QuoteRow(QuotePart.INTEREST_RUNNING, 0)
    for (begin, end), row, share in zip(
        pairwise([begins, *(row.due_date for row in rows)]), rows, shares, strict=True
    ):
        bearing = row.interest - share
        if end <= day:
            due += bearing
        elif begin < day:
            days, of_days = _bearing_days(begin, day, pauses), _bearing_days(begin, end, pauses)
            amount = round_exact(bearing * Fraction(days, of_days)) if of_days else 0
            running = QuoteRow(QuotePart.INTEREST_RUNNING, amount, days, of_days)
    return [QuoteRow(QuotePart.INTEREST_DUE, due), running, _of_grace(grace, start, day)]


def _bearing_days(begin: date, end: date, pauses: Sequence[Pause]) -> int:
    return days_between(begin, end) - paused_days(begin, end, pauses)


def _of_grace(grace: Grace | None, start: date, day: date) -> QuoteRow:
    if grace is None:
        return QuoteRow(QuotePart.INTEREST_OF_GRACE, 0)
    of_days = days_between(start, grace.ends)
    days = min(of_days, days_between(start, day))
    amount = round_exact(grace.interest * Fraction(days, of_days))
    return QuoteRow(QuotePart.INTEREST_OF_GRACE, amount, days, of_days)


def _shares(grace: Grace | None, count: int) -> list[int]:
    """Each row's part of the interest of grace; the last takes the remainder, as in the plan."""
    if grace is None:
        return [0] * count
    share = grace.interest // count
    return [*[share] * (count - 1), grace.interest - share * (count - 1)]


def _check_plan(rows: Sequence[Instalment], start: date, grace: Grace | None, charges: Charges) -> None:
    if not rows:
        raise SettlementError("plan_without_instalments", "A plan has at least one instalment.")
    begins = grace.ends if grace else start
    for begin, end in pairwise([begins, *(row.due_date for row in rows)]):
        if end <= begin:
            raise SettlementError("dates_out_of_order", f"{end} does not come after {begin}.", earlier=begin)
    if grace is not None and grace.ends <= start:
        raise SettlementError("dates_out_of_order", f"Grace ends on {grace.ends}, not after {start}.")
    shares = _shares(grace, len(rows))
    if any(row.principal < 0 or row.interest < share for row, share in zip(rows, shares, strict=True)):
        raise SettlementError("amount_negative", "No principal or interest of a plan is below zero.")
    if min(charges.fees, charges.penalty, grace.interest if grace else 0) < 0:
        raise SettlementError("amount_negative", "No charge is below zero.")


def _check_day(
    rows: Sequence[Instalment], start: date, settlement_day: date, quoted_on: date, valid_days: int
) -> None:
    if settlement_day < start:
        raise SettlementError(
            "settlement_before_start", f"The plan begins on {start}, not before.", start=start
        )
    if settlement_day > rows[-1].due_date:
        raise SettlementError(
            "settlement_after_end", f"The plan ends on {rows[-1].due_date}.", end=rows[-1].due_date
        )
    if not 0 <= days_between(quoted_on, settlement_day) <= valid_days:
        raise SettlementError(
            "settlement_outside_quote",
            f"A quote of {quoted_on} holds for {valid_days} days, not on {settlement_day}.",
            settlement_day=settlement_day,
        )


def _check_receipts(receipts: Iterable[Receipt], start: date) -> None:
    for each in receipts:
        if each.amount <= 0:
            raise SettlementError("payment_not_positive", f"{each.number} is not above zero.")
        if each.on < start:
            raise SettlementError("payment_before_start", f"{each.number} is before {start}.", start=start)
