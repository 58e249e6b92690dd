"""What the strategy of a case is told, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from portal.domain.contact_history import Contacted
from portal.vocabulary import CaseState, Channel, ContactKind, HoldReason, NextStep, PromiseState, StepReason


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """The newest promise of a case. `amount` is minor units, `decided_on` the day it was kept or broken."""

    state: PromiseState
    due_on: date
    amount: int
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The agreement in force: days past due of its plan, when what is late fell due, what is due next."""

    dpd: int
    late_since: date | None = None
    next_due: date | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step that a person chose, good until a day, which is included."""

    step: NextStep
    until: date


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """An open case as it is. Amounts are minor units; `dpd` and `overdue_since` are the contract's, of the
    loan that is longest overdue. `contacts` stand oldest first. `journey_since`: the day of the newest move
    of the case; `visit_on`: the day of its newest visit that was not called off, past or coming.
    `undeliverable`: kinds whose main address messages do not reach; a telephone can be rung all the same."""

    state: CaseState
    zone: str | None = None
    dpd: int = 0
    overdue_since: date | None = None
    overdue_amount: int = 0
    cards_only: bool = False
    holds: frozenset[HoldReason] = frozenset()
    reachable: frozenset[ContactKind] = frozenset()
    undeliverable: frozenset[ContactKind] = frozenset()
    opted_out: frozenset[Channel] = frozenset()
    hours: tuple[time, time] | None = None
    weekdays: frozenset[int] = frozenset()
    exam_day: date | None = None
    represented: bool = False
    contacts: tuple[Contacted, ...] = ()
    promise: PromiseFacts | None = None
    plan: PlanFacts | None = None
    journey_since: date | None = None
    visit_on: date | None = None
    chosen: Chosen | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What comes next, why, and from when. `facts` fill the gaps of the reason's sentence and are plain JSON.
    `rank` orders the call list, the smallest first. From `recheck_on` on, a business date, time alone may
    change the answer; None: only an event does."""

    step: NextStep
    reason: StepReason
    facts: Mapping[str, object] = field(default_factory=dict)
    earliest_at: datetime | None = None
    rank: int = 99
    recheck_on: date | None = None

    @property
    def is_act(self) -> bool:
        return self.step not in (NextStep.WAIT, NextStep.NONE)
