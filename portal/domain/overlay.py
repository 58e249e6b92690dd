"""An agreement laid over a contract: the contract's days past due keep counting, the plan's own rule contact.

Only payments since the agreement took effect count towards the plan, the oldest instalment first. A plan that
is broken by its rule comes up for review; nothing here ends it (specification 04 section 3, 03 plan keys)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import takewhile
from typing import Protocol

from portal.domain.dates import days_between
from portal.domain.ledger_facts import Receipt
from portal.domain.ledger_play import net_of_reversals
from portal.domain.money import CodedError


class OverlayError(CodedError):
    """A plan without instalments, or with one that cannot be."""


class InstalmentState(StrEnum):
    """How an instalment of a plan stands. On its due date it is still coming."""

    COMING = "coming"
    MET = "met"
    PARTLY_MET = "partly_met"
    MISSED = "missed"


class BreakReason(StrEnum):
    """Why a plan comes up for review."""

    MISSED_IN_A_ROW = "missed_in_a_row"
    DAYS_LATE = "days_late"


class BreakRule(Protocol):
    """When a plan comes up for review; a policy's plan keys are such a rule."""

    @property
    def break_missed_in_a_row(self) -> int: ...

    @property
    def break_days_late(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PlanInstalment:
    """What a plan asks for on a day, minor units."""

    number: int
    due: date
    amount: int


@dataclass(frozen=True, slots=True)
class PlanLine:
    """An instalment on a day: what was paid of it, and the day on which it was met in full."""

    number: int
    due: date
    amount: int
    paid: int
    met_on: date | None
    state: InstalmentState

    @property
    def unpaid(self) -> int:
        return self.amount - self.paid

    @property
    def late(self) -> bool:
        """Whether its due date passed before it was met."""
        if self.met_on is None:
            return self.state in (InstalmentState.MISSED, InstalmentState.PARTLY_MET)
        return self.met_on > self.due


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """A plan on a business date; `credit` is money that no instalment asks for, minor units."""

    effective_on: date
    business_date: date
    lines: tuple[PlanLine, ...]
    credit: int

    @property
    def in_force(self) -> bool:
        return self.business_date >= self.effective_on

    @property
    def plan_dpd(self) -> int:
        """Days since the oldest unmet instalment fell due, none of them before the plan took effect."""
        due = min((line.due for line in self.lines if line.unpaid), default=self.business_date)
        return max(0, days_between(max(due, self.effective_on), self.business_date))

    @property
    def overdue_amount(self) -> int:
        return sum(line.unpaid for line in self.lines if line.due < self.business_date)

    @property
    def outstanding(self) -> int:
        return sum(line.unpaid for line in self.lines)

    @property
    def missed_in_a_row(self) -> int:
        """How many of the newest due instalments have nothing paid at all; one partly met ends the row."""
        due = [line for line in self.lines if line.due < self.business_date]
        return len(list(takewhile(lambda line: line.state is InstalmentState.MISSED, reversed(due))))

    @property
    def next_payment(self) -> PlanLine | None:
        """The first instalment due today or later that still asks for something."""
        coming = (line for line in self.lines if line.due >= self.business_date and line.unpaid)
        return next(coming, None)

    @property
    def on_time_so_far(self) -> bool:
        """Whether every instalment due before the business date was met on its due date or earlier."""
        return not any(line.late for line in self.lines)


def plan_standing(
    instalments: Sequence[PlanInstalment],
    receipts: Iterable[Receipt],
    *,
    effective_on: date,
    business_date: date,
) -> PlanStanding:
    """Return how a plan stands on a day; raise OverlayError.

    Receipts from the effective date on count, less what was reversed of them by the business date; a reversal
    of an older payment is the contract's affair. An instalment of zero is met from the beginning."""
    ordered = sorted(instalments, key=lambda each: (each.due, each.number))
    _check(ordered)
    since = [each for each in receipts if effective_on <= each.on <= business_date]
    payments, _ = net_of_reversals(since)
    made = sorted(payments, key=lambda each: (each.on, each.number))
    received, asked, lines = sum(each.amount for each in made), 0, []
    for each in ordered:
        paid = max(0, min(each.amount, received - asked))
        asked += each.amount
        met_on = _met_on(each.amount, asked, made, effective_on) if paid == each.amount else None
        state = _state(each, paid, business_date)
        lines.append(PlanLine(each.number, each.due, each.amount, paid, met_on, state))
    return PlanStanding(effective_on, business_date, tuple(lines), max(0, received - asked))


def contact_dpd(contract_dpd: int, plan: PlanStanding | None) -> int:
    """Return the days past due that drive contact: the plan's once it is in force, else the contract's."""
    return contract_dpd if plan is None or not plan.in_force else plan.plan_dpd


def break_reasons(plan: PlanStanding, rule: BreakRule) -> tuple[BreakReason, ...]:
    """Return why a plan comes up for review; nothing before it is in force."""
    if not plan.in_force:
        return ()
    reasons = {
        BreakReason.MISSED_IN_A_ROW: plan.missed_in_a_row >= rule.break_missed_in_a_row,
        BreakReason.DAYS_LATE: plan.plan_dpd >= rule.break_days_late,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def _state(instalment: PlanInstalment, paid: int, business_date: date) -> InstalmentState:
    if paid == instalment.amount:
        return InstalmentState.MET
    if instalment.due >= business_date:
        return InstalmentState.COMING
    return InstalmentState.PARTLY_MET if paid else InstalmentState.MISSED


def _met_on(amount: int, asked: int, made: Sequence[Receipt], effective_on: date) -> date:
    """The day on which all payments together reached what is asked for up to an instalment."""
    reached, sums = effective_on, 0
    for each in made:
        if sums >= asked or not amount:
            break
        sums, reached = sums + each.amount, each.on
    return reached


def _check(ordered: Sequence[PlanInstalment]) -> None:
    if not ordered:
        raise OverlayError("plan_without_instalments", "A plan has at least one instalment.")
    for each in ordered:
        if each.amount < 0:
            raise OverlayError(
                "instalment_negative", f"Instalment {each.number} is below zero.", number=each.number
            )
