"""The shape of a pack: its sections, its keys, the source of each, and what is wrong with a broken one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

from portal.domain.policy import case_keys, contact_keys, debt_keys, message_keys, plan_keys
from portal.domain.policy.readers import Reader
from portal.vocabulary import Locale


class PolicyError(ValueError):
    """A pack is broken. Nothing starts on a broken pack."""

    def __init__(self, file: str, key: str, reason: str, allowed: str = "") -> None:
        super().__init__(f"{file}: {key}: {reason}" + (f"; allowed: {allowed}" if allowed else ""))
        self.file = file
        self.key = key
        self.reason = reason
        self.allowed = allowed


class SourceStatus(StrEnum):
    """How well a source is known; the last part of `default.toml` says what each status means."""

    PROCESS = "process"
    PUBLISHED = "published"
    SECOND_HAND = "second_hand"
    TO_VERIFY = "to_verify"
    HOUSE = "house"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a rule comes from, in the words shown beside a refusal."""

    id: str
    status: SourceStatus
    texts: Mapping[Locale, str]

    def text(self, locale: Locale) -> str:
        return self.texts[locale]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What one lender allows. `sources` answers for every key, written `section.key`."""

    code: str
    version: str
    house_version: str
    effective_from: date
    digest: str
    sources: Mapping[str, Source]
    business: contact_keys.BusinessPolicy
    book: case_keys.BookPolicy
    ageing: debt_keys.AgeingPolicy
    interest: debt_keys.InterestPolicy
    allocation: debt_keys.AllocationPolicy
    contact: contact_keys.ContactPolicy
    strategy: message_keys.StrategyPolicy
    message: message_keys.MessagePolicy
    visit: contact_keys.VisitPolicy
    documents: contact_keys.DocumentsPolicy
    budget: plan_keys.BudgetPolicy
    plan: plan_keys.PlanPolicy
    followup: plan_keys.FollowUpPolicy
    promise: plan_keys.PromisePolicy
    case: case_keys.CasePolicy
    dispute: case_keys.DisputePolicy
    complaint: plan_keys.ComplaintPolicy
    retention: plan_keys.RetentionPolicy
    link: plan_keys.LinkPolicy
    session: plan_keys.SessionPolicy
    contacts: plan_keys.ContactsPolicy

    @property
    def version_id(self) -> str:
        """Names the exact rules in force, such as `tw 2026.1 3fa94c21b7d0`; stored with every decision."""
        return f"{self.code} {self.version} {self.digest}"

    @property
    def begins_at(self) -> datetime:
        """When these rules begin: midnight of their first day in their own time zone."""
        return datetime.combine(self.effective_from, time(), ZoneInfo(self.business.timezone))

    def value(self, key: str) -> Any:
        """What a key says, written `section.key`."""
        section, _, name = key.partition(".")
        return getattr(getattr(self, section), name)

    def why(self, key: str) -> Source:
        return self.sources[key]


_TYPES = get_type_hints(Policy)
SECTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {each.name: _TYPES[each.name] for each in fields(Policy) if is_dataclass(_TYPES[each.name])}
)
KEYS: Mapping[str, Reader] = MappingProxyType(
    {
        f"{section}.{name}": hint.__metadata__[0]
        for section, kind in SECTIONS.items()
        for name, hint in get_type_hints(kind, include_extras=True).items()
    }
)
