"""How often something may be tried. Counted for all processes together: in Redis where there is one; else, or
while it does not answer, in the database."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, SessionTransaction
from structlog import get_logger

from portal.domain.refusals import Refused
from portal.infra import counters
from portal.infra.counters import Counter, Counters, NotCounted
from portal.infra.tenancy import TenantSession
from portal.models import Throttle

TELL_EVERY = timedelta(minutes=1)
COUNTED = "counted_in_redis"  # what a session's open savepoints counted: undone with them
log = get_logger()
_told: dict[str, datetime] = {}


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most `most` tries by one subject in each window of `minutes`."""

    name: str
    most: int
    minutes: int


def count(session: Session, *, limit: Limit, subject: str, now: datetime) -> None:
    """Count one try. Refused: there were too many in this window; the refused try counts as well."""
    counter = _counter(limit, subject, now)
    if _count(session, counter, now) > limit.most:
        raise Refused("too_many_tries", minutes=limit.minutes)


def used(session: Session, *, limit: Limit, subject: str, now: datetime) -> int:
    """Return how many tries the subject made in the window of now."""
    counter = _counter(limit, subject, now)
    if redis := counters.shared():
        try:
            return redis.value(counter, now=now)
        except NotCounted as problem:
            _tell(problem, now)
    query = select(Throttle.count).where(
        Throttle.digest == counter.digest, Throttle.window_start == counter.window
    )
    return session.scalar(query) or 0


def _count(session: Session, counter: Counter, now: datetime) -> int:
    if redis := counters.shared():
        try:
            return _count_shared(session, redis, counter, now)
        except NotCounted as problem:
            _tell(problem, now)
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    insert = build(Throttle).values(digest=counter.digest, window_start=counter.window, count=1)
    upsert = insert.on_conflict_do_update(
        index_elements=["digest", "window_start"], set_={"count": Throttle.count + 1}
    )
    return session.scalars(upsert.returning(Throttle.count)).one()


def _count_shared(session: Session, redis: Counters, counter: Counter, now: datetime) -> int:
    counted = redis.add(counter, now=now)
    if savepoints := list(_open_savepoints(session)):
        session.info.setdefault(COUNTED, []).append((savepoints, redis, counter))
    return counted


@event.listens_for(TenantSession, "after_soft_rollback")
def _undo(session: Session, ended: SessionTransaction) -> None:
    """What a savepoint counted is undone with it, as the database does by itself."""
    counted: list[Any] = session.info.get(COUNTED, [])
    for _savepoints, redis, counter in [each for each in counted if ended in each[0]]:
        try:
            redis.take_back(counter)
        except NotCounted:
            log.warning("throttle_not_taken_back")  # one try too many is counted: strict, and gone in a while
    session.info[COUNTED] = [each for each in counted if ended not in each[0]]


@event.listens_for(TenantSession, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(COUNTED, None)


def _open_savepoints(session: Session) -> Iterator[SessionTransaction]:
    current = session.get_nested_transaction()
    while current is not None and current.nested:
        yield current
        current = current.parent


def _tell(problem: NotCounted, now: datetime) -> None:
    """Say once a minute that Redis is missed: sign-ins go on, and are as limited as before."""
    last = _told.get("at")
    if last is None or not timedelta(0) <= now - last < TELL_EVERY:
        _told["at"] = now
        log.warning("redis_does_not_answer", problem=str(problem), counted_in="database")


def _counter(limit: Limit, subject: str, now: datetime) -> Counter:
    length = timedelta(minutes=limit.minutes)
    start = now.timestamp() // length.total_seconds() * length.total_seconds()
    digest = hashlib.sha256(f"{limit.name}|{subject}".encode()).digest()
    return Counter(digest, datetime.fromtimestamp(start, UTC), length)
