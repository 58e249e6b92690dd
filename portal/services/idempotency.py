"""The same creating request twice has one effect and one answer."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.models import IdempotencyRecord


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
    """Return the answer already given. Refused: the key was used for something else."""
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
