"""The audit log: a hash chain for each lender, and one of the installation. Called by hand, in the
transaction of what it records.

Facts are references, codes, counts and hashes, never a personal value: the chain outlives the person."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain import audit_chain
from portal.domain.actor import Actor, system
from portal.domain.audit_chain import GENESIS, Entry, Point, Problem
from portal.infra import tenancy
from portal.models import Case, Row
from portal.models.audit_entry import AuditEntry, AuditHead
from portal.vocabulary import ChainProblem

AT_A_TIME = 2000
Fact = str | int | bool | None
COLUMNS = (
    AuditEntry.sequence,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.case_ref,
    AuditEntry.facts,
    AuditEntry.previous,
    AuditEntry.hash,
)


def record(
    session: Session,
    *,
    actor: Actor,
    action: str,
    subject: Row | str,
    now: datetime,
    case: Case | None = None,
    **facts: Fact,
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
    facts: Mapping[str, Fact]


def record_many(
    session: Session, *, actor: Actor, action: str, occurrences: Iterable[Occurrence], now: datetime
) -> None:
    """Add an entry for each occurrence of the same act, in order, with one look at the chain's head."""
    session.flush()
    query = select(AuditHead).where(AuditHead.lender_id == actor.lender_id)
    head = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()
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
        entry.hash = audit_chain.digest(actor.lender_id, _as_entry(entry))
        session.add(entry)
        head.sequence, head.hash = entry.sequence, entry.hash
    session.flush()


def start_chain(session: Session, *, lender_id: int) -> None:
    """Lay the beginning of a lender's chain. Once, when the lender is added."""
    session.add(AuditHead(lender_id=lender_id, sequence=0, hash=GENESIS))
    session.flush()


def record_for_installation(
    session: Session, *, action: str, subject: str, now: datetime, **facts: Fact
) -> None:
    """Add an entry to the installation's own chain, in the transaction of the session, whoever it belongs to.

    The chain begins with its first entry. Its head is locked after a lender's, never before."""
    session.flush()
    with _of_installation(session) as own:
        _begin_chain(own)
        actor = system(tenancy.INSTALLATION, "installation")
        occurrence = Occurrence(subject, None, facts)
        record_many(own, actor=actor, action=action, occurrences=[occurrence], now=now)


@contextmanager
def _of_installation(session: Session) -> Iterator[Session]:
    """A session of the installation within the transaction of another one, which stays with its lender."""
    connection = session.connection()
    with tenancy.TenantSession(connection, join_transaction_mode="create_savepoint") as own:
        tenancy.enter(own, tenancy.INSTALLATION)
        yield own
        own.commit()
    lender_id = tenancy.lender_of(session)
    if lender_id is not None:
        tenancy.tell(connection, lender_id)


def _begin_chain(session: Session) -> None:
    """Lay the beginning of the installation's chain, unless it is there: one of several processes does."""
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    head = {"lender_id": tenancy.INSTALLATION, "sequence": 0, "hash": GENESIS}
    session.execute(build(AuditHead).values(head).on_conflict_do_nothing())


@dataclass(frozen=True)
class ChainReport:
    """How many entries a chain has, and what is wrong with it. `missed`: marks it does not pass."""

    entries: int
    end: Point
    problem: Problem | None = None
    missed: tuple[int, ...] = ()

    @property
    def intact(self) -> bool:
        return self.problem is None and not self.missed


def verify(
    session: Session, *, lender_id: int, after: Point | None = None, marks: Mapping[int, bytes] | None = None
) -> ChainReport:
    """Recompute a chain: finds an edited, deleted, inserted or moved entry, a cut tail, a changed head.

    `after` trusts what is before a point. `marks`: the hashes that entries must carry, by number."""
    after, marks = after or Point(), marks or {}
    head = _head(session, lender_id)
    trusted = {**marks, after.sequence: after.hash} if after.sequence else marks
    missed = {
        number
        for number, expected in trusted.items()
        if number <= after.sequence
        and point_at(session, lender_id=lender_id, sequence=number) != (number, expected)
    }
    if missed:
        length = head.sequence if head else 0
        return ChainReport(length, after, missed=tuple(sorted(missed)))
    walked = audit_chain.walk(
        _entries(session, lender_id, after.sequence),
        lender_id=lender_id,
        after=after,
        marks=marks,
    )
    if walked.broken is not None:
        broken = audit_chain.diagnose(
            walked.broken,
            lender_id=lender_id,
            end=walked.end,
            length=max(head.sequence if head else 0, walked.broken.sequence),
            successor=lambda: _successor(session, lender_id, walked.end),
        )
        return ChainReport(walked.end.sequence, walked.end, broken)
    problem = _problem_at_the_end(session, lender_id, head, walked.end)
    missed = {*walked.missed, *(number for number in marks if number > walked.end.sequence)}
    return ChainReport(walked.end.sequence, walked.end, problem, tuple(sorted(missed)))


def _problem_at_the_end(session: Session, lender_id: int, head: Point | None, end: Point) -> Problem | None:
    """Compare where a chain ends with its head, which was read first: others may have added entries since."""
    if head is None:
        begun = end.sequence or lender_id != tenancy.INSTALLATION
        return Problem(ChainProblem.HEAD_MISSING, end.sequence) if begun else None
    if end.sequence < head.sequence:
        return Problem(ChainProblem.CUT, end.sequence, head.sequence)
    at_head = end
    if end.sequence > head.sequence:
        newest = _head(session, lender_id)
        if newest is None or newest.sequence < end.sequence:
            return Problem(ChainProblem.APPENDED, end.sequence, newest.sequence if newest else 0)
        at_head = point_at(session, lender_id=lender_id, sequence=head.sequence) or Point()
    return Problem(ChainProblem.HEAD_CHANGED, head.sequence) if at_head != head else None


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


def length_of(session: Session, *, lender_id: int) -> int:
    """Return how many entries a chain has, as its head says; 0 when it has not begun."""
    head = _head(session, lender_id)
    return head.sequence if head else 0


def point_at(session: Session, *, lender_id: int, sequence: int) -> Point | None:
    """Return the point of a chain at an entry, as it is stored."""
    query = select(AuditEntry.sequence, AuditEntry.hash).where(
        AuditEntry.lender_id == lender_id, AuditEntry.sequence == sequence
    )
    found = session.execute(query).first()
    return Point(found.sequence, bytes(found.hash)) if found else None


def _entries(session: Session, lender_id: int, after: int = 0) -> Iterator[Entry]:
    """Read a chain in its order: plain rows from the database's own cursor, so that memory stays flat."""
    query = select(*COLUMNS).where(AuditEntry.lender_id == lender_id)
    if after:
        query = query.where(AuditEntry.sequence > after)
    query = query.order_by(AuditEntry.sequence).execution_options(yield_per=AT_A_TIME)
    with closing(session.execute(query)) as rows:
        yield from cast(Iterable[Entry], rows)  # a row of these columns is one


def _head(session: Session, lender_id: int) -> Point | None:
    query = select(AuditHead.sequence, AuditHead.hash).where(AuditHead.lender_id == lender_id)
    found = session.execute(query).first()
    return Point(found.sequence, bytes(found.hash)) if found else None


def _successor(session: Session, lender_id: int, end: Point) -> int | None:
    """Return the number of the entry that says it follows a point, wherever it stands now."""
    query = select(AuditEntry.sequence).where(
        AuditEntry.lender_id == lender_id, AuditEntry.previous == end.hash
    )
    return session.scalars(query.limit(1)).first()


def _as_entry(entry: AuditEntry) -> Entry:
    return Entry(
        entry.sequence,
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
        entry.case_ref,
        entry.facts,
        entry.previous,
        b"",
    )
