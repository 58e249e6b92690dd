"""Plans for an overdue debt: the rows that follow from a proposal, and the proposals that fit a budget."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from portal.domain import apr, budget
from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession, Effect, effect_of
from portal.domain.dates import add_months, period_dates, periods_per_year, year_share
from portal.domain.money import rate_from_ppm, rate_to_ppm, round_exact
from portal.domain.refusals import Refused
from portal.domain.schedule import Row, ScheduleError, build_schedule
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method, PlanChoice

METHODS = (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
OFFERED = frozenset(
    {
        ConcessionKind.PENALTY_WAIVER,
        ConcessionKind.INTEREST_WAIVER,
        ConcessionKind.INTEREST_REDUCTION,
        ConcessionKind.GRACE,
    }
)


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a plan starts from: the overdue parts on a day and the contract's rate, before concessions."""

    parts: DebtParts
    rate_ppm: int
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

    @cached_property
    def largest_month(self) -> int:
        return budget.largest_month(self.rows)

    @cached_property
    def apr_nominal_ppm(self) -> int | None:
        """The rate of one period times the periods of a year; None where grace leaves no whole periods."""
        grace = _grace(self.terms.concessions)
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


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the plans laid side by side."""

    choice: PlanChoice
    draft: Draft
    fits: bool


def draft(basis: Basis, terms: Terms) -> Draft:
    """Work out a plan. Refused: it has too many or too small instalments, or no sensible first date.

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
    effect = replace(effect, annual_rate=rate_from_ppm(rate_to_ppm(effect.annual_rate)))
    if effect.principal <= 0:
        raise Refused("plan_nothing_left")
    rows = _rows(basis, terms, _moved(effect, terms, basis.start))
    if min(row.total for row in rows) < basis.min_instalment:
        raise Refused("plan_instalment_too_small", periods=terms.periods)
    return Draft(basis=basis, terms=terms, effect=effect, rows=rows)


def choices(
    basis: Basis,
    *,
    affordable: int,
    concessions: tuple[Concession, ...] = (),
    first_due: date | None = None,
    own_periods: int | None = None,
) -> tuple[Choice, ...]:
    """Return plans to lay side by side: done soonest, gentler (or the person's own length), and falling.

    The first and the last are the shortest that fit; where nothing fits, the longest there may be."""
    level = Terms(method=Method.EQUAL_INSTALMENT, periods=1, first_due=first_due, concessions=concessions)
    soonest = _shortest(basis, level, affordable)
    falling = _shortest(basis, replace(level, method=Method.EQUAL_PRINCIPAL), affordable)
    found: list[tuple[PlanChoice, Draft]] = [(PlanChoice.SOONEST, soonest)]
    if own_periods is not None:
        found.append((PlanChoice.OWN, draft(basis, replace(soonest.terms, periods=own_periods))))
    elif (gentler := _gentler(basis, soonest)) is not None:
        found.append((PlanChoice.GENTLER, gentler))
    found.append((PlanChoice.FALLING, falling))
    return tuple(Choice(choice=name, draft=plan, fits=plan.fits(affordable)) for name, plan in found)


def _shortest(basis: Basis, terms: Terms, affordable: int) -> Draft:
    first, longest = _least_periods(basis, affordable), None
    for periods in range(first, basis.most_periods + 1):
        found = _buildable(basis, replace(terms, periods=periods))
        if found is None:
            break
        longest = found
        if found.fits(affordable):
            return found
    shorter = (_buildable(basis, replace(terms, periods=periods)) for periods in range(first - 1, 1, -1))
    return longest or next(filter(None, shorter), None) or draft(basis, replace(terms, periods=1))


def _least_periods(basis: Basis, affordable: int) -> int:
    """In fewer instalments even the average one would be too much, whatever is waived."""
    least = basis.parts.total - basis.parts.penalty - basis.parts.interest
    wanted = -(-least // affordable) if affordable else basis.most_periods
    return min(basis.most_periods, max(1, wanted))


def _gentler(basis: Basis, soonest: Draft) -> Draft | None:
    """Half as long again as the shortest, at least three instalments more; None where there is no room."""
    shortest = soonest.terms.periods
    longer = min(basis.most_periods, max(shortest + 3, -(-shortest * 3 // 2)))
    return None if longer == shortest else _buildable(basis, replace(soonest.terms, periods=longer))


def _buildable(basis: Basis, terms: Terms) -> Draft | None:
    """Work out a plan; None when its instalments would be too small."""
    try:
        return draft(basis, terms)
    except Refused as refusal:
        if refusal.code != "plan_instalment_too_small":
            raise
        return None


def _check(basis: Basis, terms: Terms) -> None:
    if not 1 <= terms.periods <= basis.most_periods:
        raise Refused("plan_too_long", periods=terms.periods, most=basis.most_periods)
    if terms.method not in METHODS:
        raise Refused("plan_method_not_offered")
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
    end_of_grace = add_months(basis.start, _grace(terms.concessions))
    begin = end_of_grace if end_of_grace < effect.first_due else basis.start
    if bearing:
        rows = _bearing_rows(basis, terms, effect, begin)
    else:
        due_dates = period_dates(
            start=begin,
            periods=terms.periods,
            frequency=terms.frequency,
            first_due=effect.first_due,
            anchor_day=effect.anchor_day,
        )
        rows = tuple(Row(number, due, 0, 0, 0, 0) for number, due in enumerate(due_dates, 1))
    waited = bearing * Fraction(effect.annual_rate) * year_share(basis.start, begin, basis.day_count)
    return _with_shares(rows, resting, round_exact(waited))


def _bearing_rows(basis: Basis, terms: Terms, effect: Effect, begin: date) -> tuple[Row, ...]:
    try:
        return build_schedule(
            principal=basis.parts.principal,
            annual_rate=effect.annual_rate,
            periods=terms.periods,
            start=begin,
            method=terms.method,
            day_count=basis.day_count,
            frequency=terms.frequency,
            first_due=effect.first_due,
            anchor_day=effect.anchor_day,
        ).rows
    except ScheduleError as error:
        if error.code not in ("debt_too_small", "instalment_below_interest"):
            raise
        raise Refused("plan_instalment_too_small", periods=terms.periods) from error


def _with_shares(rows: tuple[Row, ...], resting: int, waited: int) -> tuple[Row, ...]:
    """Share what bears no interest evenly among the rows; the last takes the remainder of both."""
    count, left, shared = len(rows), resting + sum(row.principal for row in rows), []
    for row in rows:
        last = row.number == count
        principal = row.principal + (resting - resting // count * (count - 1) if last else resting // count)
        interest = row.interest + (waited - waited // count * (count - 1) if last else waited // count)
        left -= principal
        shared.append(Row(row.number, row.due_date, principal, interest, principal + interest, left))
    return tuple(shared)


def _grace(concessions: Sequence[Concession]) -> int:
    return sum(given.months for given in concessions if given.kind is ConcessionKind.GRACE)


def share_of(percent: int) -> Decimal:
    """Return a whole percentage as a share: 10 is 0.1."""
    return Decimal(percent) / 100
