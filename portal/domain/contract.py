"""What a debt was agreed to be: the terms from which a schedule follows, and that no later fact changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from operator import le, lt

from portal.domain.dates import ActActForm, DateError, DueDateRule, Series, Step, StepUnit, step_of
from portal.domain.instalments import Roundings, ScheduleError
from portal.domain.money import LARGEST_AMOUNT, Rounding
from portal.vocabulary import DayCount, Frequency, Method

MOST_PERIODS = 600
LONGEST_MONTH = 31
_STEPS_A_YEAR = {StepUnit.DAY: 365, StepUnit.WEEK: 52, StepUnit.MONTH: 12}


class Remainder(StrEnum):
    """Where the cents go that rounding leaves over."""

    LAST_INSTALMENT = "last_instalment"
    LAST_INTEREST = "last_interest"


class InstalmentBasis(StrEnum):
    """What the regular instalment is found from: the actual periods, or equal parts of the nominal rate."""

    ACTUAL_PERIODS = "actual_periods"
    NOMINAL_RATE = "nominal_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The terms of a debt. Amounts are minor units, `annual_rate` is a fraction of one (0.12 for 12 %).

    Interest runs from `start`. `due_dates` replaces the computed dates; `adjust` moves a computed date (to a
    business day, say) and not the anchor it is counted from. Grace counts periods: `principal_grace` repays
    nothing but bears interest, `interest_grace` defers interest to the first period after it, `interest_free`
    waives it. `carried_interest` was owed before, bears none and is collected with the first instalment.
    `instalment_fixed` is an instalment that somebody named. `spread_interest` is owed besides the rate and
    shared evenly among the instalments, the last taking the rest. `round_each_year_part` rounds the interest
    of each calendar year's days by itself; `carry_rounding` gathers what rounding took until it is a cent.
    Raises ScheduleError for terms that cannot be."""

    principal: int
    annual_rate: Decimal
    periods: int
    start: date
    method: Method
    day_count: DayCount
    frequency: Frequency | Step = Frequency.MONTHLY
    first_due: date | None = None
    rounding: Rounding = Rounding.HALF_UP
    weights: Sequence[Decimal] | None = None
    due_date_rule: DueDateRule = DueDateRule.CLAMP
    anchor_day: int | None = None
    due_dates: Sequence[date] | None = None
    adjust: Callable[[date], date] | None = None
    act_act: ActActForm = ActActForm.DUE_DAY
    remainder: Remainder = Remainder.LAST_INSTALMENT
    instalment_basis: InstalmentBasis = InstalmentBasis.ACTUAL_PERIODS
    instalment_fixed: int | None = None
    instalment_multiple_of: int = 1
    instalment_rounding: Rounding | None = None
    principal_grace: int = 0
    interest_grace: int = 0
    interest_free: int = 0
    carried_interest: int = 0
    spread_interest: int = 0
    round_each_year_part: bool = False
    carry_rounding: bool = False

    def __post_init__(self) -> None:
        _check_figures(self)
        _check_amounts(self)
        _check_weights(self)

    @property
    def step(self) -> Step:
        return step_of(self.frequency)

    @property
    def repaying(self) -> int:
        """How many periods repay principal."""
        return self.periods - self.principal_grace

    @property
    def roundings(self) -> Roundings:
        return Roundings(
            interest=self.rounding,
            instalment=self.instalment_rounding or self.rounding,
            multiple_of=self.instalment_multiple_of,
        )

    @property
    def nominal_share(self) -> Fraction:
        """The share of a year that a period is when a year has twelve months, 52 weeks or 365 days."""
        return Fraction(self.step.every, _STEPS_A_YEAR[self.step.unit])

    @property
    def shares(self) -> tuple[Fraction, ...] | None:
        """The weights of the repaying periods; None where all weigh the same."""
        if self.method is not Method.STEPPED or self.weights is None:
            return None
        return tuple(Fraction(weight) for weight in self.weights)

    def series(self) -> tuple[Series, int]:
        """Return the series of due dates, and the number in it of the first one."""
        anchor, offset = (self.start, 1) if self.first_due is None else (self.first_due, 0)
        return Series.of(anchor, self.step, self.due_date_rule, self.anchor_day), offset

    def starts_in_series(self) -> bool:
        """Say whether the start is itself a date of the series, one step before the first due date."""
        if self.due_dates is not None:
            return False
        own = Series.of(self.start, self.step, self.due_date_rule, self.anchor_day)
        if own.dates(0, 1) != [self.start]:
            return False
        return self.first_due is None or self._first() == own.dates(1, 1)[0]

    def _first(self) -> date:
        series, offset = self.series()
        return series.dates(offset, 1)[0]

    def dates(self) -> list[date]:
        """Return the due dates; raise ScheduleError where they are not in order, or beyond the year 9999."""
        if self.due_dates is not None:
            found = list(self.due_dates)
            if len(found) != self.periods:
                raise ScheduleError(
                    "dates_count", f"There is one due date for each of {self.periods} instalments."
                )
        else:
            series, offset = self.series()
            try:
                found = series.dates(offset, self.periods)
            except DateError as error:
                raise ScheduleError(error.code, str(error)) from error
            found = self.adjusted(found)
        check_dates(self.start, found, strict=self.adjust is None)
        return found

    def adjusted(self, dates: list[date]) -> list[date]:
        """Return dates moved to where they may fall."""
        return dates if self.adjust is None else [self.adjust(day) for day in dates]


def check_dates(start: date, dates: Sequence[date], *, strict: bool = True) -> None:
    """Raise ScheduleError for due dates out of order; two that were moved may meet on one day."""
    if dates[0] <= start:
        raise ScheduleError(
            "first_due_not_after_start",
            f"The first due date {dates[0]} is not after the start {start}.",
            first_due=dates[0],
            start=start,
        )
    in_order = map(lt if strict else le, dates, dates[1:])
    if all(in_order):
        return
    for earlier, later in pairwise(dates):
        if later < earlier or (strict and later == earlier):
            raise ScheduleError(
                "dates_out_of_order", f"{later} does not come after {earlier}.", earlier=earlier, later=later
            )


def check_periods(periods: int) -> None:
    """Raise ScheduleError for more instalments than a plan may have, or none."""
    if not 1 <= periods <= MOST_PERIODS:
        raise ScheduleError(
            "periods_out_of_range", f"A plan has 1 to {MOST_PERIODS} instalments.", periods=periods
        )


def check_rate(annual_rate: Decimal) -> None:
    """Raise ScheduleError for a rate below zero, or one that is no number."""
    if not annual_rate.is_finite() or annual_rate < 0:
        raise ScheduleError("rate_negative", "The yearly rate is a number not below zero.", rate=annual_rate)


def _check_figures(contract: Contract) -> None:
    principal, periods, method = contract.principal, contract.periods, contract.method
    if principal <= 0:
        raise ScheduleError("principal_not_positive", "The debt is above zero.", principal=principal)
    if principal > LARGEST_AMOUNT:
        raise ScheduleError("principal_too_large", "The debt is too large to be kept.", principal=principal)
    check_rate(contract.annual_rate)
    check_periods(periods)
    if method is Method.MINIMUM_PAYMENT:
        raise ScheduleError("method_not_a_plan", "A minimum payment has no fixed schedule.", method=method)
    if method is Method.LUMP_SUM and periods != 1:
        raise ScheduleError("lump_sum_is_one_payment", "A lump sum is one payment.", periods=periods)
    graces = (contract.principal_grace, contract.interest_grace, contract.interest_free)
    if any(not 0 <= grace < periods for grace in graces):
        raise ScheduleError("grace_too_long", "Grace is shorter than the plan.", periods=periods)


def _check_amounts(contract: Contract) -> None:
    fixed = contract.instalment_fixed
    owed = min(contract.carried_interest, contract.spread_interest)
    if owed < 0 or contract.instalment_multiple_of < 1 or (fixed is not None and fixed <= 0):
        raise ScheduleError(
            "amount_not_positive", "An instalment is above zero, carried interest not below it."
        )
    if contract.anchor_day is not None and not 1 <= contract.anchor_day <= LONGEST_MONTH:
        raise ScheduleError("anchor_day_out_of_range", "A day of the month is 1 to 31.")
    if contract.step.every < 1:
        raise ScheduleError("step_not_positive", "Instalments are at least one day, week or month apart.")


def _check_weights(contract: Contract) -> None:
    if contract.method is not Method.STEPPED:
        return
    weights, repaying = contract.weights, contract.repaying
    if weights is None or len(weights) != repaying:
        raise ScheduleError(
            "weights_count",
            f"A stepped plan needs one weight for each of {repaying} periods.",
            periods=repaying,
        )
    if any(not weight.is_finite() or weight <= 0 for weight in weights):
        raise ScheduleError("weight_not_positive", "Every weight of a stepped plan is above zero.")
