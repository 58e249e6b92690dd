"""How one value of a pack is read: its type, its range, and the words for what is allowed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """`convert` raises ValueError with the reason; `allowed` says what it takes."""

    allowed: str
    convert: Callable[[Any], Any]


def whole(low: int, high: int) -> Reader:
    """A whole number from `low` to `high`."""

    def convert(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError(f"{raw!r} is not a whole number")
        return _within(raw, low, high)

    return Reader(allowed=f"a whole number from {low} to {high}", convert=convert)


def share(low: str, high: str) -> Reader:
    """An exact decimal; 0.24 is 24 %."""

    def convert(raw: object) -> Decimal:
        return _within(_decimal(raw), Decimal(low), Decimal(high))

    return Reader(allowed=f"a decimal from {low} to {high}", convert=convert)


def amount(low: str, high: str) -> Reader:
    """An amount in the pack's currency with at most two decimals, read into minor units."""

    def convert(raw: object) -> int:
        minor = _within(_decimal(raw), Decimal(low), Decimal(high)) * 100
        if minor != minor.to_integral_value():
            raise ValueError(f"{raw} has more than two decimals")
        return int(minor)

    return Reader(allowed=f"an amount from {low} to {high} with at most two decimals", convert=convert)


def yes_no() -> Reader:
    def convert(raw: object) -> bool:
        if not isinstance(raw, bool):
            raise ValueError(f"{raw!r} is neither true nor false")
        return raw

    return Reader(allowed="true or false", convert=convert)


def words(longest: int = 200, least: int = 0) -> Reader:
    def convert(raw: object) -> str:
        if not isinstance(raw, str):
            raise ValueError(f"{raw!r} is not a text")
        if not least <= len(raw.strip()) <= len(raw) <= longest:
            raise ValueError(f"is {len(raw)} characters long")
        return raw.strip()

    shortest = f"{least} to " if least else "at most "
    return Reader(allowed=f"a text of {shortest}{longest} characters", convert=convert)


def one_of(*values: str) -> Reader:
    def convert(raw: object) -> str:
        if raw not in values or not isinstance(raw, str):
            raise ValueError(f"{raw!r} is not known")
        return raw

    return Reader(allowed="one of " + ", ".join(values), convert=convert)


def whole_of(*values: int) -> Reader:
    def convert(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or raw not in values:
            raise ValueError(f"{raw!r} is not known")
        return raw

    return Reader(allowed="one of " + ", ".join(map(str, values)), convert=convert)


def zone() -> Reader:
    def convert(raw: object) -> str:
        try:
            return ZoneInfo(str(raw)).key
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{raw!r} is no time zone") from error

    return Reader(allowed="a time zone name such as Asia/Taipei", convert=convert)


def member(kind: type[StrEnum], *only: StrEnum) -> Reader:
    """A value of an enumeration, or of the named part of it."""
    taken = only or tuple(kind)

    def convert(raw: object) -> StrEnum:
        if not isinstance(raw, str) or raw not in taken:
            raise ValueError(f"{raw!r} is not known")
        return kind(raw)

    return Reader(allowed="one of " + ", ".join(taken), convert=convert)


def day() -> Reader:
    def convert(raw: object) -> date:
        if type(raw) is not date:
            raise ValueError(f"{raw!r} is not a date")
        return raw

    return Reader(allowed="a date such as 2026-01-31, without quotes", convert=convert)


@dataclass(frozen=True)
class Hours:
    """A part of the day in local time: `opens` included, `closes` excluded."""

    opens: time
    closes: time

    def holds(self, moment: time) -> bool:
        return self.opens <= moment < self.closes

    def within(self, other: "Hours") -> bool:
        return other.opens <= self.opens and self.closes <= other.closes


def hours() -> Reader:
    allowed = 'two times of the same day, the earlier first, such as ["08:00", "22:00"]'

    def convert(raw: object) -> Hours:
        if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(part, str) for part in raw):
            raise ValueError(f"{raw!r} is not a pair of times")
        opens, closes = (time.fromisoformat(part) for part in raw)
        if opens >= closes:
            raise ValueError(f"{raw[0]} is not before {raw[1]}")
        return Hours(opens, closes)

    return Reader(allowed=allowed, convert=convert)


def list_of(item: Reader, *, least: int = 0, most: int = 400) -> Reader:
    """A list without repetition, in its order."""

    def convert(raw: object) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise ValueError(f"{raw!r} is not a list")
        read = tuple(item.convert(each) for each in raw)
        if len(set(read)) != len(read):
            raise ValueError("names something twice")
        if not least <= len(read) <= most:
            raise ValueError(f"has {len(read)} entries")
        return read

    return Reader(allowed=f"a list of {least} to {most}, each {item.allowed}", convert=convert)


def each_of(names: Sequence[str], item: Reader) -> Reader:
    """A table with exactly these names, each read the same way, in this order."""
    allowed = "a table of " + ", ".join(names) + f", each {item.allowed}"

    def convert(raw: object) -> Mapping[str, Any]:
        if not isinstance(raw, dict):
            raise ValueError(f"{raw!r} is not a table")
        if unknown := sorted(set(raw) - set(names)):
            raise ValueError(f"{unknown[0]} is not known")
        if missing := [name for name in names if name not in raw]:
            raise ValueError(f"{missing[0]} is missing")
        return MappingProxyType({name: _part(name, raw[name], item) for name in names})

    return Reader(allowed=allowed, convert=convert)


def _part(name: str, raw: object, item: Reader) -> Any:
    try:
        return item.convert(raw)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def table(make: Callable[..., Any], optional: Mapping[str, Any] | None = None, **columns: Reader) -> Reader:
    """A table with fixed columns; `optional` holds the raw value of a column that is left out."""
    defaults = optional or {}
    allowed = "a table of " + ", ".join(f"{name} ({reader.allowed})" for name, reader in columns.items())

    def convert(raw: object) -> object:
        if not isinstance(raw, dict):
            raise ValueError(f"{raw!r} is not a table")
        if unknown := sorted(set(raw) - set(columns)):
            raise ValueError(f"{unknown[0]} is not known")
        if missing := [name for name in columns if name not in raw and name not in defaults]:
            raise ValueError(f"{missing[0]} is missing")
        given = {**defaults, **raw}
        return make(**{name: reader.convert(given[name]) for name, reader in columns.items()})

    return Reader(allowed=allowed, convert=convert)


def _decimal(raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise ValueError(f"{raw!r} is not a number")
    return Decimal(raw)


def _within(value: Number, low: Number, high: Number) -> Number:
    if not low <= value <= high:
        raise ValueError(f"{value} is out of range")
    return value
