"""Browsers' sessions as rows: loaded by the hash of their token, ended for good."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.infra import crypto, ids
from portal.models import WebSession


@dataclass(frozen=True)
class Stored:
    data: dict[str, Any]
    seen_at: datetime


def digest(token: str) -> bytes:
    return crypto.token_hash(token)


def load(session: Session, *, token: str, now: datetime) -> Stored | None:
    """Return a session that is still alive."""
    query = select(WebSession).where(WebSession.digest == digest(token), WebSession.expires_at > now)
    found = session.scalar(query)
    return Stored(found.data, found.seen_at) if found else None


def save(
    session: Session,
    *,
    token: str,
    replaces: str | None,
    data: dict[str, Any],
    life: timedelta,
    device: str | None = None,
    now: datetime,
) -> None:
    """Write a session, under a new token when it was rotated. A session that was ended stays ended.

    `device` tells its owner in a list which one it is."""
    created, ref = now, ids.new_ref()
    if replaces:
        old = session.get(WebSession, digest(replaces))
        if old is None:
            return
        created, ref = old.created_at, old.ref
        session.delete(old)
        session.flush()
    session.add(
        WebSession(
            digest=digest(token),
            ref=ref,
            device=device,
            actor=data.get("_user_id"),
            lender_id=data.get("lender_id"),
            data=data,
            created_at=created,
            seen_at=now,
            expires_at=_expiry(data, now, life),
        )
    )
    session.flush()


def end(session: Session, *, token: str) -> None:
    session.execute(delete(WebSession).where(WebSession.digest == digest(token)))


def remove_expired(session: Session, *, now: datetime) -> int:
    """Delete sessions that are over. Returns how many."""
    ended = session.scalars(
        delete(WebSession).where(WebSession.expires_at <= now).returning(WebSession.digest)
    )
    return len(ended.all())


def _expiry(data: dict[str, Any], now: datetime, life: timedelta) -> datetime:
    """A signed-in session ends after its idle time, and at its absolute end in any case."""
    if "ends_at" not in data:
        return now + life
    return min(now + timedelta(seconds=data["idle_seconds"]), datetime.fromisoformat(data["ends_at"]))
