"""How a debt is divided into instalments: rows that add up, interest rounded once per row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from portal.domain.dates import (
    ActActForm,
    DueDateRule,
    Pause,
    Step,
    add_months,
    days_between,
    paused_days,
    period_dates,
    step_of,
    year_share,
)
from portal.domain.instalments import (
    Row,
    ScheduleError,
    Terms,
    check_covered,
    equal_share,
    last_difference,
    regular_instalment,
    rows_of,
    with_last_interest,
)
from portal.domain.money import Rounding, round_exact
from portal.vocabulary import DayCount, Frequency, Method

__all__ = ["MOST_PERIODS", "Remainder", "Row", "Schedule", "ScheduleError", "build_schedule", "equal_split"]

MOST_PERIODS = 600


class Remainder(StrEnum):
    """Where the cents go that rounding leaves over."""

    LAST_INSTALMENT = "last_instalment"
    LAST_INTEREST = "last_interest"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows of a debt; `difference` is by how much the last row is not what its method asks for.

    `instalment` is the regular total (of principal alone for equal principal, of weight 1 for stepped, 0
    where all principal falls due at once)."""

    principal: int
    method: Method
    rows: tuple[Row, ...]
    instalment: int
    difference: int

    @property
    def total_interest(self) -> int:
        return sum(row.interest for row in self.rows)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)


def build_schedule(
    *,
    principal: int,
    annual_rate: Decimal,
    periods: int,
    start: date,
    method: Method,
    day_count: DayCount,
    frequency: Frequency | Step = Frequency.MONTHLY,
    first_due: date | None = None,
    rounding: Rounding = Rounding.HALF_UP,
    weights: Sequence[Decimal] | None = None,
    due_date_rule: DueDateRule = DueDateRule.CLAMP,
    anchor_day: int | None = None,
    due_dates: Sequence[date] | None = None,
    act_act: ActActForm = ActActForm.DUE_DAY,
    remainder: Remainder = Remainder.LAST_INSTALMENT,
    instalment_fixed: int | None = None,
    instalment_multiple_of: int = 1,
    instalment_rounding: Rounding | None = None,
    principal_grace: int = 0,
    interest_grace: int = 0,
    interest_free: int = 0,
    interest_pauses: Sequence[Pause] = (),
    carried_interest: int = 0,
    carry_rounding: bool = False,
) -> Schedule:
    """Divide a debt into instalments; raise ScheduleError for what cannot be a plan.

    Amounts are minor units; `annual_rate` is a fraction of one (0.12 for 12 %); interest runs from `start`.
    `due_dates` replaces the computed dates. Grace counts periods: `principal_grace` repays nothing but bears
    interest, `interest_grace` defers interest to the first period after it, `interest_free` waives it.
    `carried_interest` was owed before, bears none and is collected with the first instalment. The instalment
    is found before `interest_pauses`: a pause shortens the end of the plan and raises no instalment."""
    _check_figures(principal, annual_rate, periods, method, (principal_grace, interest_grace, interest_free))
    if carried_interest < 0 or (instalment_fixed is not None and instalment_fixed <= 0):
        raise ScheduleError(
            "amount_not_positive", "An instalment is above zero, carried interest not below it."
        )
    step = step_of(frequency)
    rules = _DateRules(start, periods, step, due_date_rule, anchor_day)
    dates = rules.dates(first_due) if due_dates is None else tuple(due_dates)
    _check_dates(start, dates, periods)
    regular_first = due_dates is None and rules.is_regular(dates[0])
    shares = [
        year_share(
            begin,
            end,
            day_count,
            step=step,
            regular=regular_first or (index > 0 and due_dates is None),
            act_act=act_act,
        )
        for index, (begin, end) in enumerate(pairwise((start, *dates)))
    ]
    terms = Terms(
        principal=principal,
        method=method,
        dates=dates,
        charges=tuple(Fraction(annual_rate) * share for share in shares),
        weights=_weights(weights, method, periods - principal_grace),
        rounding=rounding,
        instalment_rounding=instalment_rounding or rounding,
        multiple_of=instalment_multiple_of,
        deferred=carried_interest,
        interest_grace=interest_grace,
        principal_grace=principal_grace,
        carry_rounding=carry_rounding,
    )
    instalment = regular_instalment(terms) if instalment_fixed is None else instalment_fixed
    borne = _borne(terms.charges, start, dates, interest_pauses, interest_free)
    rows = rows_of(replace(terms, charges=borne), instalment)
    check_covered(rows)
    if remainder is Remainder.LAST_INTEREST and method in (Method.EQUAL_INSTALMENT, Method.STEPPED):
        rows = with_last_interest(rows, terms, instalment)
    return Schedule(principal, method, rows, instalment, last_difference(rows, terms, instalment))


@dataclass(frozen=True, slots=True)
class _DateRules:
    start: date
    periods: int
    step: Step
    rule: DueDateRule
    anchor_day: int | None

    def dates(self, first_due: date | None) -> tuple[date, ...]:
        return period_dates(
            start=self.start,
            periods=self.periods,
            frequency=self.step,
            first_due=first_due,
            rule=self.rule,
            anchor_day=self.anchor_day,
        )

    def is_regular(self, first: date) -> bool:
        """Say whether the first period is exactly one step, its start being a date of the same series."""
        in_series = add_months(self.start, 0, rule=self.rule, anchor_day=self.anchor_day) == self.start
        return in_series and first == self.dates(None)[0]


def equal_split(
    *,
    principal: int,
    interest: int,
    dates: Sequence[date],
    rounding: Rounding = Rounding.HALF_UP,
    multiple_of: int = 1,
) -> Schedule:
    """Divide a debt and a fixed amount of interest into equal rows, the last taking both remainders.

    No new interest arises: the form of re-plan that spreads what is owed. Raises ScheduleError."""
    _check_figures(principal, Decimal(0), len(dates), Method.EQUAL_PRINCIPAL, (0,))
    _check_order(dates)
    nothing = (Fraction(0),) * len(dates)
    terms = Terms(
        principal, Method.EQUAL_PRINCIPAL, tuple(dates), nothing, (), rounding, rounding, multiple_of
    )
    share = equal_share(principal, terms)
    interest_share = round_exact(Fraction(interest, len(dates)), rounding)
    if interest_share * (len(dates) - 1) > interest:
        interest_share = interest // len(dates)
    rows = []
    for row in rows_of(terms, share):
        last = row.number == len(dates)
        charged = interest - interest_share * (row.number - 1) if last else interest_share
        rows.append(replace(row, interest=charged, total=row.principal + charged))
    regular = share + interest_share
    return Schedule(principal, Method.EQUAL_PRINCIPAL, tuple(rows), regular, rows[-1].total - regular)


def _borne(
    charges: tuple[Fraction, ...],
    start: date,
    dates: tuple[date, ...],
    pauses: Sequence[Pause],
    interest_free: int,
) -> tuple[Fraction, ...]:
    """Return the charges without free periods and without the share of each period's days that is paused."""
    borne = []
    for index, (charge, (begin, end)) in enumerate(zip(charges, pairwise((start, *dates)), strict=True)):
        days = days_between(begin, end)
        kept = 0 if index < interest_free else days - paused_days(begin, end, pauses)
        borne.append(charge * Fraction(kept, days))
    return tuple(borne)


def _weights(weights: Sequence[Decimal] | None, method: Method, repaying: int) -> tuple[Fraction, ...]:
    if method is not Method.STEPPED:
        return (Fraction(1),) * repaying
    if weights is None or len(weights) != repaying:
        raise ScheduleError(
            "weights_count",
            f"A stepped plan needs one weight for each of {repaying} periods.",
            periods=repaying,
        )
    if any(not weight.is_finite() or weight <= 0 for weight in weights):
        raise ScheduleError("weight_not_positive", "Every weight of a stepped plan is above zero.")
    return tuple(Fraction(weight) for weight in weights)


def _check_figures(
    principal: int, annual_rate: Decimal, periods: int, method: Method, graces: tuple[int, ...]
) -> None:
    if principal <= 0:
        raise ScheduleError("principal_not_positive", "The debt is above zero.", principal=principal)
    if not annual_rate.is_finite() or annual_rate < 0:
        raise ScheduleError("rate_negative", "The yearly rate is a number not below zero.", rate=annual_rate)
    if not 1 <= periods <= MOST_PERIODS:
        raise ScheduleError(
            "periods_out_of_range", f"A plan has 1 to {MOST_PERIODS} instalments.", periods=periods
        )
    if method is Method.MINIMUM_PAYMENT:
        raise ScheduleError("method_not_a_plan", "A minimum payment has no fixed schedule.", method=method)
    if method is Method.LUMP_SUM and periods != 1:
        raise ScheduleError("lump_sum_is_one_payment", "A lump sum is one payment.", periods=periods)
    if any(not 0 <= grace < periods for grace in graces):
        raise ScheduleError("grace_too_long", "Grace is shorter than the plan.", periods=periods)


def _check_dates(start: date, dates: tuple[date, ...], periods: int) -> None:
    if len(dates) != periods:
        raise ScheduleError("dates_count", f"There is one due date for each of {periods} instalments.")
    if dates[0] <= start:
        raise ScheduleError(
            "first_due_not_after_start",
            f"The first due date {dates[0]} is not after the start {start}.",
            first_due=dates[0],
            start=start,
        )
    _check_order(dates)


def _check_order(dates: Sequence[date]) -> None:
    for earlier, later in pairwise(dates):
        if later <= earlier:
            raise ScheduleError(
                "dates_out_of_order", f"{later} does not come after {earlier}.", earlier=earlier, later=later
            )
