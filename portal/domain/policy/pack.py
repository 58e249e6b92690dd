"""A policy pack: the house policy, overlaid by what one lender changes, validated into one frozen object."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

from portal.domain.policy import contact_keys, debt_keys, plan_keys
from portal.domain.policy.readers import Reader, day, one_of, words
from portal.vocabulary import HoldReason, Locale, Tier

PackFile = tuple[str, Mapping[str, Any]]
"""The name of a file and what its TOML says, decimals as Decimal."""


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
    ageing: debt_keys.AgeingPolicy
    interest: debt_keys.InterestPolicy
    allocation: debt_keys.AllocationPolicy
    contact: contact_keys.ContactPolicy
    visit: contact_keys.VisitPolicy
    documents: contact_keys.DocumentsPolicy
    budget: plan_keys.BudgetPolicy
    plan: plan_keys.PlanPolicy
    followup: plan_keys.FollowUpPolicy
    promise: plan_keys.PromisePolicy
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


_HEAD = {"code": words(40), "version": words(20), "effective_from": day()}
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


def build(files: Sequence[PackFile], *, effective_from: date | None = None) -> Policy:
    """Lay the files over each other, the house policy first, and validate the result. Raises PolicyError.

    `effective_from`: the first day of this combination, where it is not that of the last file."""
    heads = [_read_head(*file) for file in files]
    head = heads[-1] | {"house_version": heads[0]["version"]}
    if effective_from is not None:
        head["effective_from"] = effective_from
    sources = _read_sources(files)
    entries = _entries(files)
    values: dict[str, Any] = {}
    whys: dict[str, Source] = {}
    for key, reader in KEYS.items():
        file, raw = entries.get(key, (files[0][0], None))
        if raw is None:
            raise PolicyError(file, key, "is missing", reader.allowed)
        values[key], whys[key] = _read_entry(file, key, raw, reader, sources)
    built = {name: kind(**_section(values, name)) for name, kind in SECTIONS.items()}
    policy = Policy(**head, digest=_digest(files), sources=MappingProxyType(whys), **built)
    for key, contradiction, allowed in _CONTRADICTIONS:
        if contradiction(policy):
            raise PolicyError(entries[key][0], key, "contradicts another key", allowed)
    return policy


def effective_day(file: str, data: Mapping[str, Any]) -> date:
    """The first day of a file. Raises PolicyError when its head is broken."""
    first: date = _read_head(file, data)["effective_from"]
    return first


def _read_head(file: str, data: Mapping[str, Any]) -> dict[str, Any]:
    head = data.get("pack", {})
    for name in head.keys() - _HEAD.keys():
        raise PolicyError(file, f"pack.{name}", "is not a known key", "one of " + ", ".join(_HEAD))
    return {name: _convert(file, f"pack.{name}", head.get(name), reader) for name, reader in _HEAD.items()}


def _read_sources(files: Sequence[PackFile]) -> dict[str, Source]:
    columns = {"status": one_of(*SourceStatus)} | {locale.value: words() for locale in Locale}
    sources = {}
    for file, data in files:
        for source, raw in data.get("sources", {}).items():
            key = f"sources.{source}"
            if not isinstance(raw, dict) or raw.keys() != columns.keys():
                raise PolicyError(file, key, "is not complete", "exactly " + ", ".join(columns))
            read = {
                name: _convert(file, f"{key}.{name}", raw[name], reader) for name, reader in columns.items()
            }
            texts = MappingProxyType({locale: read[locale.value] for locale in Locale})
            sources[source] = Source(id=source, status=SourceStatus(read["status"]), texts=texts)
    return sources


def _entries(files: Sequence[PackFile]) -> dict[str, tuple[str, Any]]:
    """The last word on every key and the file that said it."""
    entries: dict[str, tuple[str, Any]] = {}
    for file, data in files:
        for section, keys in data.items():
            if section in ("pack", "sources"):
                continue
            if section not in SECTIONS:
                raise PolicyError(file, section, "is not a known section", "one of " + ", ".join(SECTIONS))
            if not isinstance(keys, dict):
                raise PolicyError(file, section, "is not a section", f"[{section}] with keys below it")
            for name, raw in keys.items():
                key = f"{section}.{name}"
                if key not in KEYS:
                    known = ", ".join(each.name for each in fields(SECTIONS[section]))
                    raise PolicyError(file, key, "is not a known key", "one of " + known)
                entries[key] = (file, raw)
    return entries


def _read_entry(
    file: str, key: str, raw: Any, reader: Reader, sources: Mapping[str, Source]
) -> tuple[Any, Source]:
    if not isinstance(raw, dict) or raw.keys() != {"value", "why"}:
        raise PolicyError(
            file, key, "has no value or no why", f"{{ value, why }}, the value {reader.allowed}"
        )
    if not isinstance(raw["why"], str) or raw["why"] not in sources:
        raise PolicyError(file, key, f"names the source {raw['why']!r}", "one of " + ", ".join(sources))
    return _convert(file, key, raw["value"], reader), sources[raw["why"]]


def _convert(file: str, key: str, raw: Any, reader: Reader) -> Any:
    if raw is None:
        raise PolicyError(file, key, "is missing", reader.allowed)
    try:
        return reader.convert(raw)
    except ValueError as error:
        raise PolicyError(file, key, str(error), reader.allowed) from error


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key.partition(".")[2]: value for key, value in values.items() if key.startswith(name + ".")}


def _digest(files: Sequence[PackFile]) -> str:
    """The same for the same rules, whatever the order of keys and the comments of the files."""
    content = [data for _, data in files]
    return sha256(json.dumps(content, sort_keys=True, default=_plain).encode()).hexdigest()[:12]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


def _unordered_buckets(policy: Policy) -> bool:
    starts = [bucket.first_dpd for bucket in policy.ageing.buckets]
    return starts[0] != 1 or starts != sorted(set(starts))


def _unordered_standards(policy: Policy) -> bool:
    *named, rest = policy.budget.living_standards
    return bool(rest.cities) or not all(each.cities for each in named)


def _unordered_tiers(policy: Policy) -> bool:
    ranks = [list(Tier).index(each.tier) for each in policy.plan.concession_tiers]
    return ranks != sorted(set(ranks))


_Contradiction = tuple[str, Callable[[Policy], bool], str]
_ALWAYS_HELD = {HoldReason.COMPLAINT, HoldReason.DISPUTE, HoldReason.HARDSHIP}
_CONTRADICTIONS: tuple[_Contradiction, ...] = (
    ("ageing.buckets", _unordered_buckets, "rising ranges of which the first begins on day 1"),
    (
        "interest.card_rate_cap",
        lambda p: p.interest.card_rate_cap > p.interest.annual_cap,
        "at most interest.annual_cap",
    ),
    (
        "interest.card_late_fees",
        lambda p: bool(p.interest.card_late_fees) and p.interest.card_late_fee_share > 0,
        "empty while interest.card_late_fee_share is above 0",
    ),
    (
        "contact.phone_attempts_per_week",
        lambda p: p.contact.phone_attempts_per_week < p.contact.phone_attempts_per_day,
        "at least contact.phone_attempts_per_day",
    ),
    ("contact.per_month", lambda p: p.contact.per_month < p.contact.per_week, "at least contact.per_week"),
    (
        "contact.blocked_during",
        lambda p: not set(p.contact.blocked_during) >= _ALWAYS_HELD,
        "a list that names complaint, dispute and hardship",
    ),
    (
        "visit.blocked_if",
        lambda p: not {"complaint", "dispute"} <= set(p.visit.blocked_if),
        "a list that names complaint and dispute",
    ),
    ("complaint.recusal", lambda p: "person" not in p.complaint.recusal, "a list that names person"),
    ("visit.window", lambda p: not p.visit.window.within(p.contact.window), "inside contact.window"),
    (
        "visit.lender_min_dpd",
        lambda p: p.visit.lender_min_dpd <= p.contact.first_after_dpd,
        "more than contact.first_after_dpd",
    ),
    (
        "visit.requires_documents",
        lambda p: p.visit.requires_documents and not p.documents.required,
        "false while documents.required is empty",
    ),
    (
        "budget.living_standards",
        _unordered_standards,
        "standards of cities, then one for everywhere else",
    ),
    (
        "plan.concession_tiers",
        _unordered_tiers,
        "each tier once, the lowest first",
    ),
    (
        "complaint.decide_complex_days",
        lambda p: p.complaint.decide_complex_days < p.complaint.decide_simple_days,
        "at least complaint.decide_simple_days",
    ),
    (
        "session.idle_minutes",
        lambda p: p.session.idle_minutes > p.session.life_hours * 60,
        "at most session.life_hours",
    ),
)
