"""How often something may be tried. Counted in the database, for all processes together."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.models import Throttle


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most `most` tries by one subject in each window of `minutes`."""

    name: str
    most: int
    minutes: int


def count(session: Session, *, limit: Limit, subject: str, now: datetime) -> None:
    """Count one try. Refused: there were too many in this window; the refused try counts as well."""
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    insert = build(Throttle).values(digest=_digest(limit, subject), window_start=_window(limit, now), count=1)
    upsert = insert.on_conflict_do_update(
        index_elements=["digest", "window_start"], set_={"count": Throttle.count + 1}
    )
    if session.scalars(upsert.returning(Throttle.count)).one() > limit.most:
        raise Refused("too_many_tries", minutes=limit.minutes)


def used(session: Session, *, limit: Limit, subject: str, now: datetime) -> int:
    """Return how many tries the subject made in the window of now."""
    query = select(Throttle.count).where(
        Throttle.digest == _digest(limit, subject), Throttle.window_start == _window(limit, now)
    )
    return session.scalar(query) or 0


def _window(limit: Limit, now: datetime) -> datetime:
    length = timedelta(minutes=limit.minutes).total_seconds()
    return datetime.fromtimestamp(now.timestamp() // length * length, UTC)


def _digest(limit: Limit, subject: str) -> bytes:
    return hashlib.sha256(f"{limit.name}|{subject}".encode()).digest()
