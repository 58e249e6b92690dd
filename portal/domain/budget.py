"""What a household can pay each month, whether a plan stays within it, and what to do when it cannot pay."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from portal.domain.money import CodedError, Rounding, round_exact


class BudgetError(CodedError):
    """A budget with a figure that no household has."""


Line = TypeVar("Line", bound=Hashable)


class Way(StrEnum):
    """What a budget leads to: a plan, a token plan of small instalments, or the hardship path."""

    PLAN = "plan"
    TOKEN_PLAN = "token_plan"  # noqa: S105 - a plan, not a secret
    HARDSHIP = "hardship"


class Instalment(Protocol):
    """What a budget needs to know of a row of a plan."""

    @property
    def due_date(self) -> date: ...

    @property
    def total(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A month of a household in minor units; `buffer` is the share of what is left that stays untouched.

    `living_cost_floor` is for the whole household (see `household_floor`)."""

    income: int
    essential_outgoings: int
    other_debts: int
    adults: int
    children: int
    living_cost_floor: int
    buffer: Decimal

    def __post_init__(self) -> None:
        amounts = (self.income, self.essential_outgoings, self.other_debts, self.living_cost_floor)
        if min(amounts) < 0:
            raise BudgetError("budget_amount_negative", "No amount of a budget is below zero.")
        _check_household(self.adults, self.children)
        if not self.buffer.is_finite() or not 0 <= self.buffer <= 1:
            raise BudgetError("buffer_out_of_range", "The buffer is a share from 0 to 1.", buffer=self.buffer)

    @property
    def outgoings_counted(self) -> int:
        """Essential outgoings, at least the floor for the household."""
        return max(self.essential_outgoings, self.living_cost_floor)

    @property
    def available(self) -> int:
        """What is left of the income; below zero when it does not last for the month."""
        return self.income - self.outgoings_counted - self.other_debts

    @property
    def affordable(self) -> int:
        """What can be paid each month: available without the buffer, never below 0, never rounded up."""
        return max(0, round_exact(self.available * (1 - Fraction(self.buffer)), Rounding.DOWN))

    def stressed(self, income_drop: Decimal) -> "Budget":
        """Return the budget of a month whose income is lower by a share (0.2 for 20 %)."""
        if not income_drop.is_finite() or not 0 <= income_drop <= 1:
            raise BudgetError(
                "drop_out_of_range", "A fall of income is a share from 0 to 1.", drop=income_drop
            )
        return replace(self, income=round_exact(self.income * (1 - Fraction(income_drop)), Rounding.DOWN))


@dataclass(frozen=True, slots=True)
class AboveTrigger(Generic[Line]):
    """An outgoing above the policy's figure: it counts as entered, and a reason is asked for."""

    line: Line
    entered: int
    trigger: int

    @property
    def excess(self) -> int:
        return self.entered - self.trigger


@dataclass(frozen=True, slots=True)
class Affordability:
    """A plan beside a budget, minor units a month. The stress case is shown and binds nobody."""

    largest_month: int
    affordable: int
    stressed: int

    @property
    def fits(self) -> bool:
        return self.largest_month <= self.affordable

    @property
    def fits_stressed(self) -> bool:
        return self.largest_month <= self.stressed

    @property
    def left_over(self) -> int:
        """What the dearest month leaves of what can be paid; below zero when it takes more."""
        return self.affordable - self.largest_month


def household_floor(
    *,
    adult: int,
    child: int,
    adults: int,
    children: int,
    multiplier: Decimal = Decimal(1),
    rent_and_treatment: int = 0,
) -> int:
    """Return the least a household lives on in a month: the standard for each person, raised, plus its rent.

    `adult` and `child` are the local minimum-living standard in minor units; rounded up to the next one."""
    _check_household(adults, children)
    standard = (adult * adults + child * children) * Fraction(multiplier)
    return round_exact(standard, Rounding.UP) + rent_and_treatment


def monthly_totals(rows: Iterable[Instalment]) -> dict[tuple[int, int], int]:
    """Add up all instalments due in each calendar month (year, month), weekly ones included."""
    totals: dict[tuple[int, int], int] = {}
    for row in rows:
        month = (row.due_date.year, row.due_date.month)
        totals[month] = totals.get(month, 0) + row.total
    return totals


def largest_month(rows: Iterable[Instalment]) -> int:
    """Return what the dearest calendar month of a plan costs, 0 for a plan without rows."""
    return max(monthly_totals(rows).values(), default=0)


def is_affordable(rows: Iterable[Instalment], affordable: int) -> bool:
    """Say whether the dearest calendar month of a plan is at most what the household can pay."""
    return largest_month(rows) <= affordable


def affordability(rows: Iterable[Instalment], budget: Budget, *, income_drop: Decimal) -> Affordability:
    """Lay a plan beside a budget and its stress case (income lower by a share); raise BudgetError."""
    return Affordability(largest_month(rows), budget.affordable, budget.stressed(income_drop).affordable)


def above_trigger(
    entered: Mapping[Line, int], triggers: Mapping[Line, int]
) -> tuple[AboveTrigger[Line], ...]:
    """Return the outgoings (minor units) that ask for a reason: those above their trigger figure, in order.

    A line without a trigger asks for none; an outgoing of exactly the trigger does not either."""
    return tuple(
        AboveTrigger(line, amount, triggers[line])
        for line, amount in entered.items()
        if line in triggers and amount > triggers[line]
    )


def way_of(budget: Budget, *, least_instalment: int) -> Way:
    """Return what a budget leads to, `least_instalment` being the smallest of a plan in minor units.

    A household without income, or that cannot pay the smallest instalment, never gets a plan: a token plan if
    anything is left at the end of the month, else the hardship path. Raises BudgetError."""
    if least_instalment <= 0:
        raise BudgetError("instalment_not_positive", "The smallest instalment is above zero.")
    if budget.affordable >= least_instalment:
        return Way.PLAN
    return Way.TOKEN_PLAN if budget.affordable else Way.HARDSHIP


def _check_household(adults: int, children: int) -> None:
    if adults < 1 or children < 0:
        raise BudgetError(
            "household_out_of_range",
            "A household has at least one adult and no negative number of children.",
            adults=adults,
            children=children,
        )
