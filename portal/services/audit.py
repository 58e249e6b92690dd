"""The audit log: one hash chain per lender. Called by hand, in the transaction of what it records.

Facts are references, codes, counts and hashes, never a personal value: the chain outlives the person."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.models import Case, Row
from portal.models.audit_entry import AuditEntry, AuditHead

GENESIS = bytes(32)


def record(
    session: Session,
    *,
    actor: Actor,
    action: str,
    subject: Row | str,
    now: datetime,
    case: Case | None = None,
    **facts: str | int | bool | None,
) -> None:
    """Add an entry. `action` is a past participle (`visit_booked`); `case` puts it on the case's timeline."""
    named = subject if isinstance(subject, str) else f"{subject.__tablename__}/{subject.ref}"
    occurrence = Occurrence(named, case.ref if case else None, facts)
    record_many(session, actor=actor, action=action, occurrences=[occurrence], now=now)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What one of many like entries is about; `subject` is written `case/<ref>`."""

    subject: str
    case_ref: str | None
    facts: Mapping[str, str | int | bool | None]


def record_many(
    session: Session, *, actor: Actor, action: str, occurrences: Iterable[Occurrence], now: datetime
) -> None:
    """Add an entry for each occurrence of the same act, in order, with one look at the chain's head."""
    session.flush()
    head = _locked_head(session, actor.lender_id)
    for each in occurrences:
        entry = AuditEntry(
            lender_id=actor.lender_id,
            sequence=head.sequence + 1,
            at=now,
            actor=str(actor),
            action=action,
            subject=each.subject,
            case_ref=each.case_ref,
            facts=dict(each.facts),
            previous=head.hash,
        )
        entry.hash = _hash(entry)
        session.add(entry)
        head.sequence, head.hash = entry.sequence, entry.hash
    session.flush()


def start_chain(session: Session, *, lender_id: int) -> None:
    """Lay the beginning of a lender's chain. Once, when the lender is added."""
    session.add(AuditHead(lender_id=lender_id, sequence=0, hash=GENESIS))
    session.flush()


@dataclass(frozen=True)
class ChainReport:
    """`problem` names the first entry that does not fit; None: the chain is whole."""

    entries: int
    problem: str | None

    @property
    def intact(self) -> bool:
        return self.problem is None


def verify(session: Session, *, lender_id: int) -> ChainReport:
    """Recompute the chain of a lender: finds an edited, deleted, inserted or moved entry, and a cut tail."""
    expected, count = GENESIS, 0
    for entry in _entries(session, lender_id):
        count += 1
        if entry.sequence != count:
            return ChainReport(count, f"entry {count} is missing; the next one is {entry.sequence}")
        if entry.previous != expected:
            return ChainReport(count, f"entry {count} does not follow the one before it")
        if entry.hash != _hash(entry):
            return ChainReport(count, f"entry {count} was changed")
        expected = entry.hash
    head = session.get(AuditHead, lender_id)
    if head is None:
        return ChainReport(count, "the head of the chain is missing")
    if (head.sequence, head.hash) != (count, expected):
        return ChainReport(count, f"the chain ends at entry {count}, its head says {head.sequence}")
    return ChainReport(count, None)


@dataclass(frozen=True)
class Event:
    """An entry as a timeline shows it."""

    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, object]


def timeline(
    session: Session, *, case: Case, limit: int = 50, actions: frozenset[str] | None = None
) -> list[Event]:
    """Return what happened on a case, newest first."""
    query = select(AuditEntry).where(AuditEntry.lender_id == case.lender_id, AuditEntry.case_ref == case.ref)
    if actions is not None:
        query = query.where(AuditEntry.action.in_(actions))
    entries = session.scalars(query.order_by(AuditEntry.sequence.desc()).limit(limit))
    return [Event(entry.at, entry.actor, entry.action, entry.subject, entry.facts) for entry in entries]


def head_of(session: Session, *, lender_id: int) -> tuple[int, str]:
    """Return the chain's length and the hash of its last entry, in hex."""
    head = session.get_one(AuditHead, lender_id)
    return head.sequence, head.hash.hex()


def _locked_head(session: Session, lender_id: int) -> AuditHead:
    query = select(AuditHead).where(AuditHead.lender_id == lender_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def _entries(session: Session, lender_id: int) -> Iterator[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.lender_id == lender_id).order_by(AuditEntry.sequence)
    with closing(session.scalars(query.execution_options(yield_per=1000))) as entries:
        for entry in entries:
            session.expunge(entry)
            yield entry


def _hash(entry: AuditEntry) -> bytes:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    named = [
        entry.lender_id,
        entry.sequence,
        at,
        entry.actor,
        entry.action,
        entry.subject,
        entry.case_ref,
        entry.facts,
    ]
    text = json.dumps(named, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(entry.previous + text.encode()).digest()
