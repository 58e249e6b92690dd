"""What a change does to a plan in force: its rows from a day on, before and after, as dated facts on an
unchanged plan. Nothing is decided or stored here."""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain import budget
from portal.domain.concessions import Concession
from portal.domain.dates import add_months
from portal.domain.money import CodedError
from portal.domain.plans import Draft, bearing_contract, evenly, with_shares
from portal.domain.schedule import Row, ScheduleError, replay
from portal.domain.schedule_facts import Fact, InterestPause, PaymentHoliday, TermExtension
from portal.vocabulary import ConcessionKind, Frequency

KINDS = frozenset({ConcessionKind.PAUSE, ConcessionKind.EXTENSION, ConcessionKind.GRACE})


class AdjustmentError(CodedError):
    """A change that a plan has no room for: of another kind, before its start or after its end."""


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of a plan from a day on, minor units."""

    rows: tuple[Row, ...]

    @property
    def interest(self) -> int:
        return sum(row.interest for row in self.rows)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)

    @property
    def next_payment(self) -> Row:
        return self.rows[0]

    @property
    def last_due(self) -> date:
        return self.rows[-1].due_date

    @property
    def largest_month(self) -> int:
        return budget.largest_month(self.rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan before and after a change; `kept` are the rows due by its day, which stay as they were."""

    kept: tuple[Row, ...]
    before: Side
    after: Side

    @property
    def difference(self) -> int:
        """By how much more is paid in all; below zero when the change costs the lender money."""
        return self.after.total - self.before.total


def compare(plan: Draft, change: Concession, *, day: date) -> Comparison:
    """Lay a plan beside what a change of some months makes of it from the day after `day` on.

    A pause: no interest arises for the months, the dates stay and the end becomes cheaper. An extension: the
    rest is repaid in that many months more. A new grace: the next dates come later by the months, interest
    runs on. Rows due by `day` stay. What bears no interest stays with its row, or is shared evenly anew where
    there are more of them. Raises AdjustmentError."""
    _check(plan, change, day)
    kept = tuple(row for row in plan.rows if row.due_date <= day)
    before = plan.rows[len(kept) :]
    changed = _bearing_rows(plan, change, day)[len(kept) :]
    resting = plan.principal - plan.basis.parts.principal
    shares = evenly(resting, len(plan.rows))[len(kept) :]
    bearing = _bearing_rows(plan, None, day)[len(kept) :]
    waited = [row.interest - own.interest for row, own in zip(before, bearing, strict=True)]
    if len(changed) != len(before):
        shares, waited = evenly(sum(shares), len(changed)), evenly(sum(waited), len(changed))
    return Comparison(kept, Side(before), Side(with_shares(changed, shares, waited)))


def _bearing_rows(plan: Draft, change: Concession | None, day: date) -> tuple[Row, ...]:
    """The rows of what bears interest, with the change or without; where nothing does, they are empty."""
    if not plan.basis.parts.principal:
        raise AdjustmentError("plan_bears_no_interest", "Nothing in this plan bears interest.")
    contract = bearing_contract(plan.basis, plan.terms, plan.effect)
    facts = [] if change is None else [_fact(change, day + timedelta(days=1), contract.start)]
    try:
        return replay(contract, facts).rows
    except ScheduleError as error:
        raise AdjustmentError(error.code, str(error), **error.facts) from error


def _fact(change: Concession, first_day: date, begins: date) -> Fact:
    """The change as a fact from a day on; what moves dates takes hold when the instalments begin."""
    match change.kind:
        case ConcessionKind.PAUSE:
            return InterestPause(first_day, add_months(first_day, change.months) - timedelta(days=1))
        case ConcessionKind.EXTENSION:
            return TermExtension(max(first_day, begins), change.months)
        case _:
            return PaymentHoliday(max(first_day, begins), change.months)


def _check(plan: Draft, change: Concession, day: date) -> None:
    if change.kind not in KINDS:
        raise AdjustmentError(
            "change_not_an_adjustment", f"A plan in force is not changed by {change.kind}.", kind=change.kind
        )
    if plan.terms.frequency is not Frequency.MONTHLY and change.kind is not ConcessionKind.PAUSE:
        raise AdjustmentError(
            "change_in_months_only", "A plan by weeks is not changed by whole months.", kind=change.kind
        )
    if day < plan.basis.start:
        raise AdjustmentError("change_before_start", f"The plan begins on {plan.basis.start}.", day=day)
    if day >= plan.rows[-1].due_date:
        raise AdjustmentError("change_after_end", f"The plan ends on {plan.rows[-1].due_date}.", day=day)
