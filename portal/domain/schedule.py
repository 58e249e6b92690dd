"""How a debt is divided into instalments: rows that add up, interest rounded once per row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portal.domain.contract import MOST_PERIODS, Contract, InstalmentBasis, Remainder
from portal.domain.dates import ActActForm, DueDateRule, Pause, Step, add_days
from portal.domain.instalments import Row, ScheduleError
from portal.domain.money import Rounding
from portal.domain.repayment import FOUND_ANEW
from portal.domain.schedule_facts import Fact, InterestPause, UnpaidInstalment
from portal.domain.timeline import Timeline
from portal.vocabulary import DayCount, Frequency, Method

__all__ = [
    "MOST_PERIODS",
    "Contract",
    "InstalmentBasis",
    "Remainder",
    "Row",
    "Schedule",
    "ScheduleError",
    "build_schedule",
    "equal_split",
    "replay",
    "with_arrears",
]

Flow = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows of a debt; `difference` is by how much the last row is not what its method asks for.

    `instalment` is the regular total (of principal alone for equal principal, of weight 1 for stepped, 0
    where all principal falls due at once), after the last change of it. `early` are repayments besides the
    instalments by the number of the row whose principal holds them."""

    principal: int
    method: Method
    rows: tuple[Row, ...]
    instalment: int
    difference: int
    start: date
    early: tuple[tuple[int, date, int], ...] = ()

    @property
    def total_interest(self) -> int:
        return sum(row.interest for row in self.rows)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)

    def flows(self) -> list[Flow]:
        """Return what is paid out (below zero) and paid back, by day: what a yearly rate is found from."""
        paid = [(row.due_date, row.total) for row in self.rows]
        for number, day, amount in self.early:
            due_date, total = paid[number - 1]
            paid[number - 1] = (due_date, total - amount)
            paid.append((day, amount))
        return [(self.start, -self.principal), *paid]


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
    adjust: Callable[[date], date] | None = None,
    act_act: ActActForm = ActActForm.DUE_DAY,
    remainder: Remainder = Remainder.LAST_INSTALMENT,
    instalment_basis: InstalmentBasis = InstalmentBasis.ACTUAL_PERIODS,
    instalment_fixed: int | None = None,
    instalment_multiple_of: int = 1,
    instalment_rounding: Rounding | None = None,
    principal_grace: int = 0,
    interest_grace: int = 0,
    interest_free: int = 0,
    interest_pauses: Sequence[Pause] = (),
    carried_interest: int = 0,
    round_each_year_part: bool = False,
    carry_rounding: bool = False,
) -> Schedule:
    """Divide a debt into instalments; raise ScheduleError for what cannot be a plan.

    The terms are those of a `Contract`. The instalment is found before `interest_pauses`: a pause shortens
    the end of the plan and raises no instalment. It ends early when an instalment that was named is higher
    than the debt needs; one that is lower leaves the rest to the last."""
    contract = Contract(
        principal=principal,
        annual_rate=annual_rate,
        periods=periods,
        start=start,
        method=method,
        day_count=day_count,
        frequency=frequency,
        first_due=first_due,
        rounding=rounding,
        weights=weights,
        due_date_rule=due_date_rule,
        anchor_day=anchor_day,
        due_dates=due_dates,
        adjust=adjust,
        act_act=act_act,
        remainder=remainder,
        instalment_basis=instalment_basis,
        instalment_fixed=instalment_fixed,
        instalment_multiple_of=instalment_multiple_of,
        instalment_rounding=instalment_rounding,
        principal_grace=principal_grace,
        interest_grace=interest_grace,
        interest_free=interest_free,
        carried_interest=carried_interest,
        round_each_year_part=round_each_year_part,
        carry_rounding=carry_rounding,
    )
    return replay(contract, [InterestPause(pause.first_day, pause.last_day) for pause in interest_pauses])


def replay(contract: Contract, facts: Iterable[Fact] = ()) -> Schedule:
    """Return the schedule of a contract and what happened to it, computed from the start.

    Facts take effect in the order of their days, whatever order they are given in, so that one which is
    withdrawn leaves no trace and one which is dated back counts from its day. Raises ScheduleError."""
    timeline = Timeline(contract)
    for fact in sorted(facts, key=lambda fact: fact.day):
        timeline = timeline.apply(fact)
    return schedule_of(timeline)


def schedule_of(timeline: Timeline) -> Schedule:
    """Return the schedule a timeline comes to when no more facts follow."""
    timeline.finish()
    contract, rows = timeline.contract, timeline.rows
    if contract.remainder is Remainder.LAST_INTEREST and not timeline.changed:
        rows = _with_last_interest(timeline)
    last, difference = rows[-1], 0
    early = sum(amount for number, _, amount in timeline.early if number == last.number)
    if contract.method is Method.EQUAL_PRINCIPAL:
        difference = last.principal - early - timeline.instalment
    elif contract.method in FOUND_ANEW:
        difference = last.total - early - timeline.asked_total(len(rows) - 1)
    return Schedule(
        principal=timeline.origin.principal,
        method=contract.method,
        rows=(*timeline.finished, *rows),
        instalment=timeline.instalment,
        difference=difference,
        start=timeline.origin.start,
        early=tuple(timeline.early),
    )


def _with_last_interest(timeline: Timeline) -> list[Row]:
    """Let the last interest instead of the last instalment take the cents that rounding left over.

    Where that would leave interest below zero, or invent some on a free loan, the rows stay as they are."""
    rows, contract = timeline.rows, timeline.contract
    if contract.method not in FOUND_ANEW or contract.instalment_fixed is not None:
        return rows
    last, asked = rows[-1], timeline.asked_total(len(rows) - 1)
    if not last.interest or asked < last.principal:
        return rows
    return [*rows[:-1], last._replace(interest=asked - last.principal, total=asked)]


def with_arrears(contract: Contract, unpaid: Iterable[int], *, as_of: date) -> Schedule:
    """Return the schedule when instalments (by their numbers) are not paid as of a day.

    The principal of those that are due by then keeps bearing the contract's interest, which later instalments
    collect; unpaid interest bears none. Raises ScheduleError."""
    numbers, rows = set(unpaid), replay(contract).rows
    missing = numbers.difference(row.number for row in rows)
    if missing:
        number = min(missing)
        raise ScheduleError("no_such_instalment", f"There is no instalment {number}.", number=number)
    due = [row.due_date for row in rows if row.number in numbers and row.due_date <= as_of]
    return replay(contract, [UnpaidInstalment(day, as_of) for day in due])


def equal_split(
    *,
    principal: int,
    interest: int,
    dates: Sequence[date],
    rounding: Rounding = Rounding.HALF_UP,
    multiple_of: int = 1,
) -> Schedule:
    """Divide a debt and a fixed amount of interest into equal rows, the last taking both remainders.

    No new interest arises: the form of re-plan that spreads what is owed. `difference` is that of the last
    total from the regular one. Raises ScheduleError."""
    contract = Contract(
        principal=principal,
        annual_rate=Decimal(0),
        periods=len(dates),
        start=add_days(dates[0], -1) if dates else date.max,
        due_dates=dates,
        method=Method.EQUAL_PRINCIPAL,
        day_count=DayCount.ACT_365,
        spread_interest=interest,
        rounding=rounding,
        instalment_multiple_of=multiple_of,
    )
    schedule = replay(contract)
    regular, last = schedule.rows[0].total, schedule.rows[-1].total
    return replace(schedule, instalment=regular, difference=last - regular)
