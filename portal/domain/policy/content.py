"""A pack as plain values: to keep it whole beside the decisions made under it, to show it, to compare two."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from portal.domain.policy.readers import Hours
from portal.domain.policy.shape import KEYS, Policy, Source

Content = dict[str, Any]
"""`values`: key -> {value, why}; `sources`: id -> {status, and a text by language}. JSON can hold it."""


def content_of(policy: Policy) -> Content:
    """Every key of a pack with its value and the id of its source, and the sources that are named."""
    sources = {policy.why(key).id: policy.why(key) for key in KEYS}
    return {
        "values": {key: {"value": plain(policy.value(key)), "why": policy.why(key).id} for key in KEYS},
        "sources": {name: _source(source) for name, source in sources.items()},
    }


def _source(source: Source) -> dict[str, str]:
    return {"status": source.status.value} | {each.value: text for each, text in source.texts.items()}


def plain(value: Any) -> Any:
    """A value as JSON holds it: decimals and days as text, hours as a pair, tables by their columns."""
    read: Any = value
    match value:
        case Hours():
            read = [f"{each:%H:%M}" for each in (value.opens, value.closes)]
        case Enum():
            read = value.value
        case Decimal():
            read = format(value.normalize(), "f")
        case date():
            read = value.isoformat()
        case tuple():
            read = [plain(each) for each in value]
        case Mapping():
            read = {plain(name): plain(each) for name, each in value.items()}
        case _ if is_dataclass(value):
            read = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return read


def changed_keys(before: Content, after: Content) -> list[str]:
    """The keys whose value, or whose source, differs between two contents; one side may lack a key."""
    old, new = before["values"], after["values"]
    named = [*new, *(key for key in old if key not in new)]
    return [key for key in named if _said(before, key) != _said(after, key)]


def _said(content: Content, key: str) -> object:
    entry = content["values"].get(key)
    return entry and (entry["value"], content["sources"].get(entry["why"]))
