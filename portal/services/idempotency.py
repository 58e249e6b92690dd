"""The same creating request twice has one effect and one answer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.infra import tenancy
from portal.models import IdempotencyRecord

KEPT = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Once:
    """A request that must have its effect once: who sent what to where, under which key."""

    actor: str
    endpoint: str
    key: str
    parameters: bytes


@dataclass(frozen=True)
class Answered:
    """The answer already given."""

    location: str


def find(session: Session, *, once: Once) -> Answered | None:
    """Return the answer already given. Refused: the key was used for something else.

    While the same request is being answered, as after a double click, this waits for that answer."""
    _wait_for_twin(session, once)
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.actor == once.actor,
        IdempotencyRecord.endpoint == once.endpoint,
        IdempotencyRecord.key == once.key,
    )
    record = session.scalar(query)
    if record is None:
        return None
    if record.parameters != once.parameters:
        raise Refused("already_sent_differently")
    return Answered(record.location)


def remember(session: Session, *, once: Once, location: str, now: datetime) -> None:
    """Keep a successful answer: where it sent the browser, never its text."""
    session.add(
        IdempotencyRecord(
            lender_id=tenancy.lender_of(session) or None,
            actor=once.actor,
            endpoint=once.endpoint,
            key=once.key,
            parameters=once.parameters,
            status=303,
            location=location,
            created_at=now,
        )
    )
    session.flush()


def remove_old(session: Session, *, now: datetime) -> int:
    """Delete answers that were kept long enough. Returns how many."""
    old = delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - KEPT)
    return len(session.scalars(old.returning(IdempotencyRecord.id)).all())


def _wait_for_twin(session: Session, once: Once) -> None:
    """Let only one of several like requests at a time go on, until its transaction ends.

    On SQLite a writing transaction is alone in any case."""
    if session.get_bind().dialect.name == "postgresql":
        name = f"{once.actor}|{once.endpoint}|{once.key}".encode()
        number = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))
