"""Browsers' sessions as rows: loaded by the hash of their token, listed by whose they are, ended for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.infra import crypto, ids
from portal.models import Staff, WebSession
from portal.services import accounts, audit


@dataclass(frozen=True)
class Stored:
    data: dict[str, Any]
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A session as its owner sees it. `device` is such as "Firefox · Windows"; `own`: the one that asks."""

    ref: str
    device: str | None
    created_at: datetime
    seen_at: datetime
    own: bool


def digest(token: str) -> bytes:
    return crypto.token_hash(token)


def identity(actor: Actor) -> str:
    """Return how a session names whose it is."""
    return f"{actor.kind}:{actor.lender_id}:{actor.ref}"


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
) -> bool:
    """Write a session, under a new token when it was rotated. A session that was ended stays ended: then
    nothing is written, and False returned.

    `device` tells its owner in a list which one it is."""
    row = WebSession(ref=ids.new_ref(), created_at=now, digest=digest(token))
    if replaces:
        old = session.get(WebSession, digest(replaces), with_for_update=True, populate_existing=True)
        if old is None:
            return False
        row = old if replaces == token else _renewed(session, old, token)
    row.device = device or row.device
    row.actor = data.get("_user_id")
    row.lender_id = data.get("lender_id")
    row.data = data
    row.seen_at = now
    row.expires_at = _expiry(data, now, life)
    session.add(row)
    session.flush()
    return True


def end(session: Session, *, token: str) -> None:
    session.execute(delete(WebSession).where(WebSession.digest == digest(token)))


def of_actor(session: Session, *, actor: Actor, own: bytes, now: datetime) -> Sequence[Listed]:
    """Return a person's living sessions, the last seen first. `own` is the digest of the one that asks."""
    query = _of(actor).where(WebSession.expires_at > now).order_by(WebSession.seen_at.desc())
    return [
        Listed(
            ref=each.ref,
            device=each.device,
            created_at=each.created_at,
            seen_at=each.seen_at,
            own=each.digest == own,
        )
        for each in session.scalars(query)
    ]


def end_one(session: Session, *, ref: str, actor: Actor, now: datetime) -> bool:
    """End a session of the person's own. False: they have none of that name."""
    found = session.scalar(_of(actor).where(WebSession.ref == ref))
    if found is None:
        return False
    session.delete(found)
    audit.record(
        session, actor=actor, action="session_ended", subject=f"staff/{actor.ref}", now=now, ended=ref
    )
    return True


def end_others(session: Session, *, own: bytes, actor: Actor, now: datetime) -> int:
    """End every session of the person's but the one that asks. Returns how many."""
    ended = list(session.scalars(_of(actor).where(WebSession.digest != own)))
    for each in ended:
        session.delete(each)
    audit.record(
        session,
        actor=actor,
        action="sessions_ended",
        subject=f"staff/{actor.ref}",
        now=now,
        count=len(ended),
    )
    return len(ended)


def end_all(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> int:
    """End every session of a member of staff, by somebody's decision. Returns how many."""
    ended = list(session.scalars(_of(accounts.staff_actor(staff))))
    for each in ended:
        session.delete(each)
    audit.record(session, actor=actor, action="sessions_ended", subject=staff, now=now, count=len(ended))
    return len(ended)


def remove_expired(session: Session, *, now: datetime) -> int:
    """Delete sessions that are over. Returns how many."""
    ended = session.scalars(
        delete(WebSession).where(WebSession.expires_at <= now).returning(WebSession.digest)
    )
    return len(ended.all())


def _of(actor: Actor) -> Select[WebSession]:
    return select(WebSession).where(WebSession.actor == identity(actor))


def _renewed(session: Session, old: WebSession, token: str) -> WebSession:
    """The same session under another token; the old one is gone."""
    new = WebSession(ref=old.ref, created_at=old.created_at, digest=digest(token), device=old.device)
    session.delete(old)
    session.flush()
    return new


def _expiry(data: dict[str, Any], now: datetime, life: timedelta) -> datetime:
    """A signed-in session ends after its idle time, and at its absolute end in any case."""
    if "ends_at" not in data:
        return now + life
    return min(now + timedelta(seconds=data["idle_seconds"]), datetime.fromisoformat(data["ends_at"]))
