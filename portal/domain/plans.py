"""Plans for an overdue debt: the rows that follow from a proposal, never a plan that cannot be paid off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from portal.domain import apr, budget
from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession, Effect, effect_of
from portal.domain.contract import Contract
from portal.domain.dates import add_months, period_dates, periods_per_year, year_share
from portal.domain.money import rate_from_ppm, rate_to_ppm, round_exact
from portal.domain.refusals import Refused
from portal.domain.schedule import Row, ScheduleError, replay
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method

METHODS = (
    Method.EQUAL_INSTALMENT,
    Method.EQUAL_PRINCIPAL,
    Method.STEPPED,
    Method.INTEREST_FIRST,
    Method.LUMP_SUM,
)
OFFERED = frozenset(
    {
        ConcessionKind.PENALTY_WAIVER,
        ConcessionKind.INTEREST_WAIVER,
        ConcessionKind.INTEREST_REDUCTION,
        ConcessionKind.GRACE,
    }
)
# A stepped plan rises in three stages of the same length.
STAGES = (Decimal(1), Decimal("1.25"), Decimal("1.5"))
# From so many instalments on the last one stands beside a regular one of its own stage.
COMPARABLE_FROM = {Method.EQUAL_INSTALMENT: 2, Method.EQUAL_PRINCIPAL: 2, Method.STEPPED: 2 * len(STAGES)}


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a plan starts from: the overdue parts on a day and the contract's rate, before concessions.

    No plan bears more than `rate_cap_ppm` a year; None compares with no cap."""

    parts: DebtParts
    rate_ppm: int
    rate_cap_ppm: int | None
    day_count: DayCount
    start: date
    most_periods: int
    min_instalment: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is proposed. Without `first_due` the first instalment is one period and the grace away."""

    method: Method
    periods: int
    frequency: Frequency = Frequency.MONTHLY
    first_due: date | None = None
    concessions: tuple[Concession, ...] = ()

    @property
    def grace_months(self) -> int:
        return sum(given.months for given in self.concessions if given.kind is ConcessionKind.GRACE)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A plan worked out: rows in minor units, `principal` is the debt it repays after waivers."""

    basis: Basis
    terms: Terms
    effect: Effect
    rows: tuple[Row, ...]

    @property
    def principal(self) -> int:
        return self.effect.principal

    @property
    def waived(self) -> int:
        return self.effect.waived.total

    @property
    def annual_rate_ppm(self) -> int:
        return rate_to_ppm(self.effect.annual_rate)

    @property
    def interest(self) -> int:
        return sum(row.interest for row in self.rows)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)

    @property
    def difference(self) -> int:
        """By how much more is paid than is owed today; below zero when concessions outweigh interest."""
        return self.total - self.basis.parts.total

    @property
    def last_difference(self) -> int | None:
        return last_difference(self.terms.method, [(row.principal, row.total) for row in self.rows])

    @cached_property
    def largest_month(self) -> int:
        return budget.largest_month(self.rows)

    @cached_property
    def apr_nominal_ppm(self) -> int | None:
        """The rate of one period times the periods of a year; None where grace leaves no whole periods."""
        grace = self.terms.grace_months
        if grace and self.terms.frequency is not Frequency.MONTHLY:
            return None
        flows = [-self.principal, *[0] * grace, *(row.total for row in self.rows)]
        return rate_to_ppm(apr.nominal_apr(flows, periods_per_year(self.terms.frequency)))

    @cached_property
    def apr_effective_ppm(self) -> int:
        paid = [(row.due_date, row.total) for row in self.rows]
        return rate_to_ppm(apr.effective_apr([(self.basis.start, -self.principal), *paid]))

    def fits(self, affordable: int) -> bool:
        return budget.is_affordable(self.rows, affordable)


def draft(basis: Basis, terms: Terms) -> Draft:
    """Work out a plan. Refused: it has too many or too small instalments, its rate is above the cap, or no
    sensible first date.

    Only overdue principal bears interest. What is owed besides it, and the interest of grace months, is
    shared evenly among the instalments and bears none."""
    _check(basis, terms)
    effect = effect_of(
        terms.concessions,
        overdue=basis.parts,
        annual_rate=rate_from_ppm(basis.rate_ppm),
        start=basis.start,
        frequency=terms.frequency,
    )
    rate_ppm = rate_to_ppm(effect.annual_rate)
    effect = replace(effect, annual_rate=rate_from_ppm(rate_ppm))
    if effect.principal <= 0:
        raise Refused("plan_nothing_left")
    if basis.rate_cap_ppm is not None and rate_ppm > basis.rate_cap_ppm:
        raise Refused("plan_rate_above_cap", rate_ppm=rate_ppm, cap_ppm=basis.rate_cap_ppm)
    effect = _moved(effect, terms, basis.start)
    rows = _rows(basis, terms, effect)
    if min(row.total for row in rows) < basis.min_instalment:
        raise Refused("plan_instalment_too_small", periods=terms.periods)
    return Draft(basis=basis, terms=terms, effect=effect, rows=rows)


def last_difference(method: Method, rows: Sequence[tuple[int, int]]) -> int | None:
    """Return by how much the last instalment is more (below zero: less) than the one before it, minor units.

    `rows` are (principal, total); of equal principal the principal is compared. None where the method has no
    regular instalment to compare the last one with."""
    if len(rows) < COMPARABLE_FROM.get(method, len(rows) + 1):
        return None
    column = 0 if method is Method.EQUAL_PRINCIPAL else 1
    return rows[-1][column] - rows[-2][column]


def stage_weights(periods: int) -> tuple[Decimal, ...]:
    """Return how much each instalment of a stepped plan weighs beside one of the first stage."""
    return tuple(STAGES[number * len(STAGES) // periods] for number in range(periods))


def bearing_from(start: date, *, grace_months: int, first_due: date) -> date:
    """Return the day from which the rows' own interest runs: the end of grace, or the start without one."""
    end_of_grace = add_months(start, grace_months)
    return end_of_grace if end_of_grace < first_due else start


def interest_of_grace(
    principal: int, annual_rate: Decimal, *, start: date, ends: date, day_count: DayCount
) -> int:
    """Return the interest from the start to the end of grace, minor units, rounded once (HALF_UP)."""
    return round_exact(principal * Fraction(annual_rate) * year_share(start, ends, day_count))


def bearing_contract(basis: Basis, terms: Terms, effect: Effect) -> Contract:
    """Return the terms of what bears interest in a plan: the overdue principal. Raises ScheduleError."""
    return Contract(
        principal=basis.parts.principal,
        annual_rate=effect.annual_rate,
        periods=terms.periods,
        start=bearing_from(basis.start, grace_months=terms.grace_months, first_due=effect.first_due),
        method=terms.method,
        day_count=basis.day_count,
        frequency=terms.frequency,
        first_due=effect.first_due,
        anchor_day=effect.anchor_day,
        weights=stage_weights(terms.periods) if terms.method is Method.STEPPED else None,
    )


def _check(basis: Basis, terms: Terms) -> None:
    if not 1 <= terms.periods <= basis.most_periods:
        raise Refused("plan_too_long", periods=terms.periods, most=basis.most_periods)
    if terms.method not in METHODS:
        raise Refused("plan_method_not_offered")
    if terms.method is Method.LUMP_SUM and terms.periods != 1:
        raise Refused("plan_lump_sum_one_payment", periods=terms.periods)
    kinds = [given.kind for given in terms.concessions]
    if not OFFERED.issuperset(kinds) or len(kinds) != len(set(kinds)):
        raise Refused("concession_not_offered")


def _moved(effect: Effect, terms: Terms, start: date) -> Effect:
    """Let the first instalment fall on the day that was asked for, not before tomorrow nor past the grace."""
    if terms.first_due is None or terms.first_due == effect.first_due:
        return effect
    if not start < terms.first_due <= effect.first_due:
        raise Refused("plan_first_due_out_of_range", latest=effect.first_due)
    return replace(effect, first_due=terms.first_due, anchor_day=terms.first_due.day)


def _rows(basis: Basis, terms: Terms, effect: Effect) -> tuple[Row, ...]:
    """The bearing rows run from the end of grace, whose interest is shared evenly like the rest."""
    bearing, resting = basis.parts.principal, effect.principal - basis.parts.principal
    begin = bearing_from(basis.start, grace_months=terms.grace_months, first_due=effect.first_due)
    if bearing:
        rows = _bearing_rows(basis, terms, effect)
    else:
        due_dates = period_dates(
            start=begin,
            periods=terms.periods,
            frequency=terms.frequency,
            first_due=effect.first_due,
            anchor_day=effect.anchor_day,
        )
        rows = tuple(Row(number, due, 0, 0, 0, 0) for number, due in enumerate(due_dates, 1))
    waited = interest_of_grace(
        bearing, effect.annual_rate, start=basis.start, ends=begin, day_count=basis.day_count
    )
    return with_shares(rows, evenly(resting, len(rows)), evenly(waited, len(rows)))


def _bearing_rows(basis: Basis, terms: Terms, effect: Effect) -> tuple[Row, ...]:
    try:
        return replay(bearing_contract(basis, terms, effect)).rows
    except ScheduleError as error:
        if error.code == "instalment_below_interest":
            raise Refused("plan_instalment_below_interest", periods=terms.periods) from error
        if error.code == "debt_too_small":
            raise Refused("plan_instalment_too_small", periods=terms.periods) from error
        raise


def with_shares(rows: Sequence[Row], resting: Sequence[int], waited: Sequence[int]) -> tuple[Row, ...]:
    """Add to each row its part of what bears no interest, and of interest that was waited for.

    `balance` then is all principal that is left."""
    left, shared = sum(resting) + sum(row.principal for row in rows), []
    for row, more, charged in zip(rows, resting, waited, strict=True):
        principal, interest = row.principal + more, row.interest + charged
        left -= principal
        shared.append(Row(row.number, row.due_date, principal, interest, principal + interest, left))
    return tuple(shared)


def evenly(amount: int, count: int) -> list[int]:
    """Share an amount evenly among rows; the last takes the remainder."""
    share = amount // count
    return [*[share] * (count - 1), amount - share * (count - 1)]


def share_of(percent: int) -> Decimal:
    """Return a whole percentage as a share: 10 is 0.1."""
    return Decimal(percent) / 100
