"""A policy pack: the house policy, overlaid by what one lender changes, validated into one frozen object."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from portal.domain.policy.contradictions import CONTRADICTIONS
from portal.domain.policy.readers import Reader, day, one_of, words
from portal.domain.policy.shape import KEYS, SECTIONS, Policy, PolicyError, Source, SourceStatus
from portal.vocabulary import Locale

PackFile = tuple[str, Mapping[str, Any]]
"""The name of a file and what its TOML says, decimals as Decimal."""


_HEAD = {"code": words(40), "version": words(20), "effective_from": day()}


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
    _check_contradictions(policy, entries)
    return policy


def _check_contradictions(policy: Policy, entries: Mapping[str, tuple[str, Any]]) -> None:
    for key, contradiction, allowed in CONTRADICTIONS:
        if contradiction(policy):
            raise PolicyError(entries[key][0], key, "contradicts another key", allowed)


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
            if source in sources:  # every key under the name would change its source without a word
                raise PolicyError(file, key, "is a source of the house", "a name of its own")
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
