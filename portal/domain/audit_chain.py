"""The audit chain: what the hash of an entry covers, following a chain, and telling how it was broken."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import NamedTuple

from portal.vocabulary import ChainProblem

GENESIS = bytes(32)
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Entry(NamedTuple):
    """An entry as it is stored. Entries are numbered from 1 without a gap."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    case_ref: str | None
    facts: Mapping[str, object]
    previous: bytes
    hash: bytes


class Point(NamedTuple):
    """A place in a chain: the number of an entry and its hash."""

    sequence: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True)
class Problem:
    """How a chain was broken, at which entry or anchor; `other` is a second number for the sentence."""

    kind: ChainProblem
    entry: int = 0
    other: int = 0
    day: date | None = None


@dataclass(frozen=True)
class Walk:
    """How far a chain was followed: to its end, or to the first entry that does not fit."""

    end: Point
    broken: Entry | None
    missed: tuple[int, ...]


def text_of(lender_id: int, entry: Entry) -> bytes:
    """Return what the hash of an entry covers beside the hash of the entry before it."""
    sequence, at, actor, action, subject, case_ref, facts, _previous, _hash = entry
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return _encode([lender_id, sequence, moment, actor, action, subject, case_ref, facts]).encode()


def digest(lender_id: int, entry: Entry) -> bytes:
    """Return the hash that an entry must carry."""
    return sha256(entry.previous + text_of(lender_id, entry)).digest()


def walk(entries: Iterable[Entry], *, lender_id: int, after: Point, marks: Mapping[int, bytes]) -> Walk:
    """Follow a chain on from a point. `missed` are those marks whose entry carries another hash."""
    count, expected = after
    missed: list[int] = []
    for entry in entries:
        fits = entry[0] == count + 1 and entry[7] == expected
        if not fits or entry[8] != sha256(expected + text_of(lender_id, entry)).digest():
            return Walk(Point(count, expected), Entry(*entry), tuple(missed))
        count, expected = count + 1, entry[8]
        if count in marks and marks[count] != expected:
            missed.append(count)
    return Walk(Point(count, expected), None, tuple(missed))


def diagnose(
    broken: Entry, *, lender_id: int, end: Point, length: int, successor: Callable[[], int | None]
) -> Problem:
    """Tell how the chain was broken, from the first entry that does not fit behind `end`.

    `length`: how many entries there may have been; `successor` finds the entry that says it follows `end`."""
    place = end.sequence + 1
    if broken.sequence != place:
        return _gap(place, broken.sequence, successor())
    written_as = None
    if broken.previous != end.hash and not _follows(broken, lender_id, end):
        written_as = _written_as(broken, lender_id, length)
    if written_as is None:
        return Problem(ChainProblem.EDITED, place)
    if written_as > place:
        return _gap(place, written_as, successor())
    exchanged = written_as == place
    return Problem(ChainProblem.REWRITTEN if exchanged else ChainProblem.INSERTED, place, written_as)


def _gap(place: int, found: int, moved_to: int | None) -> Problem:
    """An entry does not stand in its place: it was moved, or it is gone and entry `found` stands there."""
    kind = ChainProblem.REORDERED if moved_to else ChainProblem.DELETED
    return Problem(kind, place, moved_to or found)


def _follows(entry: Entry, lender_id: int, end: Point) -> bool:
    """Whether an entry is as it was but for what it says of the one before."""
    return digest(lender_id, entry._replace(previous=end.hash)) == entry.hash


def _written_as(entry: Entry, lender_id: int, length: int) -> int | None:
    """Return the number that an entry had when it was written: the one under which its hash comes out."""
    head, tail = f"[{lender_id},".encode(), text_of(lender_id, entry)
    rest = tail[len(head) + len(str(entry.sequence)) :]
    start = sha256(entry.previous + head)
    for number in range(1, length + 2):
        tried = start.copy()
        tried.update(b"%d" % number + rest)
        if tried.digest() == entry.hash:
            return number
    return None
