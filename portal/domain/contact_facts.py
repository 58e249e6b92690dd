"""What the contact gate is told, and how it is kept beside a decision."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from enum import Enum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from portal.vocabulary import (
    ActionClass,
    Channel,
    HoldReason,
    Initiator,
    PartyRole,
    PlaceKind,
    VisitPurpose,
)


@dataclass(frozen=True, kw_only=True)
class VisitFacts:
    """A visit as it would take place. Moments are aware; `crew_trained` holds on the day of the visit."""

    starts_at: datetime
    ends_at: datetime
    place: PlaceKind
    purpose: VisitPurpose | None = None
    place_named: bool = True
    service_consent: bool = False
    accepted_by_borrower: bool = False
    documents_complete: bool = False
    crew: int = 0
    crew_trained: int = 0
    other_visits_this_month: int = 0


@dataclass(frozen=True, kw_only=True)
class PreferredHours:
    """When a borrower wants to be called, in their own zone: `opens` included, `closes` excluded, on these
    days of the week, Monday 0."""

    days: frozenset[int]
    opens: time
    closes: time

    def holds(self, local: datetime) -> bool:
        return local.weekday() in self.days and self.opens <= local.time() < self.closes


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known about the case when somebody asks. Counts are in the borrower's zone, over all numbers of
    the borrower, and leave out the act being asked about. Amounts are minor units.

    `number`: the telephone that is asked about, by its key. `telling`: the act names the debt where somebody
    else may see or hear it. `third_party_role`: what the
    person called is in the contract, None for anybody else. `last_cycle_contact_at`: the last contact before
    this collection of the same product began. `breathing_space_since`: when that hold was placed.
    `outside_agency`: an agency acts for the lender; `outside_agency_notice`: the borrower was told so in
    writing."""

    borrower_zone: str
    initiator: Initiator = Initiator.LENDER
    action_class: ActionClass = ActionClass.COLLECTION
    asked_just_now: bool = False
    number: int | None = None
    right_party: bool = True
    channel_open: bool = True
    opted_out: frozenset[Channel] = frozenset()
    preferred: PreferredHours | None = None
    telling: bool = False
    recused: bool = False
    nobody_at_home_knows: bool = False
    overdue_confirmed: bool = False
    dpd: int = 0
    overdue_amount: int = 0
    cards_only: bool = False
    holds: frozenset[HoldReason] = frozenset()
    breathing_space_since: datetime | None = None
    exam_day: date | None = None
    open_complaint: bool = False
    open_dispute: bool = False
    agreement_in_force: bool = False
    agreement_kept: bool = False
    reminder: bool = False
    attempts_today: int = 0
    attempts_this_week: int = 0
    unanswered_on_number_today: int = 0
    failed_calls_today: int = 0
    unanswered_days: int = 0
    failed_channels: frozenset[Channel] = frozenset()
    conversations_today: int = 0
    conversations_this_week: int = 0
    conversations_this_month: int = 0
    last_conversation_at: datetime | None = None
    last_cycle_contact_at: datetime | None = None
    number_invalid: bool = False
    third_party_role: PartyRole | None = None
    third_party_calls: int = 0
    third_party_said_stop: bool = False
    consent_revoked: bool = False
    lead_approved_vulnerable: bool = False
    represented: bool = False
    outside_agency: bool = False
    outside_agency_notice: bool = False
    visit: VisitFacts | None = None


T = TypeVar("T")


def as_json(facts: Facts) -> dict[str, object]:
    """Write facts so that they can be kept and judged again; `from_json` reads them back the same."""
    return {each.name: _plain(getattr(facts, each.name)) for each in fields(facts)}


def from_json(stored: Mapping[str, object]) -> Facts:
    """Read facts as `as_json` wrote them. A fact not known then has its default; raises ValueError for one
    that is not known now, since a judgement without it would be another."""
    return _read(Facts, stored)


def _plain(value: object) -> object:
    if isinstance(value, VisitFacts | PreferredHours):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(_plain(each) for each in value)  # type: ignore[type-var]
    return value.value if isinstance(value, Enum) else value


def _read(kind: type[T], stored: Mapping[str, object]) -> T:
    hints = get_type_hints(kind)
    if unknown := stored.keys() - hints.keys():
        raise ValueError(f"facts are not known: {', '.join(sorted(unknown))}")
    return kind(**{name: _value(hints[name], value) for name, value in stored.items()})


def _value(hint: Any, value: Any) -> Any:
    if isinstance(hint, UnionType):
        hint = next(each for each in get_args(hint) if each is not type(None))
    if value is None:
        return None
    if get_origin(hint) is frozenset:
        [item] = get_args(hint)
        return frozenset(_value(item, each) for each in value)
    if hint in (datetime, date, time):
        return hint.fromisoformat(value)
    if hint in (VisitFacts, PreferredHours):
        return _read(hint, value)
    return hint(value)
