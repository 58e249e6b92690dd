"""What is owed, part by part, and where a payment goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from portal.domain.money import CodedError


class AllocationError(CodedError):
    """A payment, debt or order that cannot be allocated."""


class Component(StrEnum):
    """A part of a debt, in the words of the policy's allocation order."""

    COSTS = "costs"
    FEES = "fees"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Mode(StrEnum):
    """`horizontal`: instalment by instalment, every component. `vertical`: component by component."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


@dataclass(frozen=True, slots=True)
class DebtParts:
    """A debt in minor units, by what it is owed for; `costs` are costs of recovery."""

    principal: int = 0
    interest: int = 0
    fees: int = 0
    penalty: int = 0
    costs: int = 0

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fees + self.penalty + self.costs

    def part(self, component: Component) -> int:
        return {
            Component.PRINCIPAL: self.principal,
            Component.INTEREST: self.interest,
            Component.FEES: self.fees,
            Component.PENALTY: self.penalty,
            Component.COSTS: self.costs,
        }[component]

    def __add__(self, other: "DebtParts") -> "DebtParts":
        return DebtParts(
            principal=self.principal + other.principal,
            interest=self.interest + other.interest,
            fees=self.fees + other.fees,
            penalty=self.penalty + other.penalty,
            costs=self.costs + other.costs,
        )

    def __sub__(self, other: "DebtParts") -> "DebtParts":
        return DebtParts(
            principal=self.principal - other.principal,
            interest=self.interest - other.interest,
            fees=self.fees - other.fees,
            penalty=self.penalty - other.penalty,
            costs=self.costs - other.costs,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One component of one instalment that is still owed, with a due date of its own.

    `added_on` is the day a charge came into being; a payment of an earlier day does not meet it."""

    instalment: int
    component: Component
    due: date
    amount: int
    added_on: date | None = None


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt on a day. What falls due on that very day is not overdue yet."""

    overdue: DebtParts
    not_yet_due: DebtParts

    @property
    def total(self) -> DebtParts:
        return self.overdue + self.not_yet_due


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where a payment went. `remaining` is the debt after it; `credit` is what nothing was owed for."""

    paid: tuple[Item, ...]
    remaining: tuple[Item, ...]
    credit: int

    @property
    def parts(self) -> DebtParts:
        return parts_of(self.paid)


@dataclass(frozen=True, slots=True)
class Order:
    """The policy's order of components; in advance the same one unless it names another."""

    due: tuple[Component, ...]
    in_advance: tuple[Component, ...] = ()
    mode: Mode = Mode.HORIZONTAL

    def rank(self, component: Component, *, in_advance: bool) -> int:
        order = self.in_advance if in_advance and self.in_advance else self.due
        try:
            return order.index(component)
        except ValueError:
            raise AllocationError(
                "component_without_place", f"The order has no place for {component}.", component=component
            ) from None


def items_of(instalment: int, due: date, parts: DebtParts) -> tuple[Item, ...]:
    """Return an instalment's unpaid parts as items that share its due date."""
    return tuple(
        Item(instalment, component, due, parts.part(component))
        for component in Component
        if parts.part(component)
    )


def parts_of(items: Iterable[Item]) -> DebtParts:
    """Add items up by component."""
    sums = dict.fromkeys(Component, 0)
    for item in items:
        sums[item.component] += item.amount
    return DebtParts(**{component.value: amount for component, amount in sums.items()})


def debt_on(business_date: date, items: Iterable[Item]) -> Debt:
    """Part a debt into what is overdue on a day and what is not yet due."""
    owed = list(items)
    return Debt(
        overdue=parts_of(item for item in owed if item.due < business_date),
        not_yet_due=parts_of(item for item in owed if item.due >= business_date),
    )


def earliest_unpaid(items: Iterable[Item]) -> date | None:
    """Return the due date that days past due count from: a partly paid instalment keeps its date."""
    return min((item.due for item in items if item.amount > 0), default=None)


def allocate(payment: int, items: Sequence[Item], *, paid_on: date, order: Order) -> Allocation:
    """Share a payment among the items owed: due ones first, oldest instalment first, then in advance.

    No amount is lost or made: what is paid and the credit add up to the payment. Raises AllocationError."""
    if payment < 0 or any(item.amount < 0 for item in items):
        raise AllocationError("amount_negative", "A payment and what is owed are not below zero.")
    left, paid, remaining = payment, [], list(items)
    for place in sorted(range(len(items)), key=lambda place: _turn(items[place], paid_on, order)):
        item = items[place]
        part = 0 if item.added_on is not None and item.added_on > paid_on else min(left, item.amount)
        if part:
            left -= part
            paid.append(replace(item, amount=part))
            remaining[place] = replace(item, amount=item.amount - part)
    return Allocation(tuple(paid), tuple(item for item in remaining if item.amount), left)


def _turn(item: Item, paid_on: date, order: Order) -> tuple[int, ...]:
    """When an item's turn comes; an item is due by its own date, not by its instalment's."""
    in_advance = item.due > paid_on
    rank = order.rank(item.component, in_advance=in_advance)
    place = (item.instalment, rank) if order.mode is Mode.HORIZONTAL else (rank, item.instalment)
    return (int(in_advance), *place, item.due.toordinal())
