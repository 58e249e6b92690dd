"""Delivery reports: a gateway tells, under its signature, what became of messages it took."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import delivery_reports as reports
from portal.domain.actor import Actor, system
from portal.domain.delivery_reports import Entry
from portal.models import Lender, Message
from portal.services import audit, deliveries, lender_secrets, lenders, outbox, throttles
from portal.services.savepoints import in_savepoint
from portal.vocabulary import MessageState

COLUMN = "report_secret_sealed"
WRONG = throttles.Limit(name="delivery-reports", most=60, minutes=15)
_NOBODYS = secrets.token_bytes(32)  # who has no secret is answered after the same work as who has one


@dataclass(frozen=True)
class Noted:
    """How many entries were news, how many were known, and how many name no message that left."""

    noted: int
    known: int
    unknown: int


@in_savepoint
def renew_secret(session: Session, *, lender: Lender, actor: Actor, now: datetime) -> str:
    """Give a lender's gateways a new secret to sign with, and return it; the one before counts no more."""
    secret = secrets.token_urlsafe(32)
    _keep(session, lender, secret.encode(), actor, now)
    return secret


@in_savepoint
def forget_secret(session: Session, *, lender: Lender, actor: Actor, now: datetime) -> None:
    """Take no reports for a lender any more."""
    _keep(session, lender, None, actor, now)


def _keep(session: Session, lender: Lender, secret: bytes | None, actor: Actor, now: datetime) -> None:
    lender_secrets.put(lender, COLUMN, secret)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="report_secret_set",
        subject=f"lender/{lender.ref}",
        now=now,
        given=secret is not None,
    )


def sender(
    session: Session,
    *,
    code: str,
    host: int | None,
    timestamp: str,
    signature: str,
    body: bytes,
    address: str,
    now: datetime,
) -> Lender | None:
    """Return the lender whose gateway signed a report, and enter it; None for whatever is wrong.

    `host`: the lender whose own host name was asked for. Wrong ones are counted by network address.
    Refused: that address sent too many."""
    found = lenders.find(session, code)
    if found and host in (None, found.id):
        lenders.enter(session, found)
        secret = lender_secrets.read(found, COLUMN)
    else:
        secret = None
    right = reports.is_signed(secret or _NOBODYS, timestamp=timestamp, given=signature, body=body, now=now)
    if secret is not None and right:
        return found
    throttles.count(session, limit=WRONG, subject=address, now=now)
    return None


@in_savepoint
def note(session: Session, *, lender: Lender, entries: Sequence[Entry], now: datetime) -> Noted:
    """Write down what became of messages. The first word about a message counts; a repeat changes nothing."""
    actor = system(lender.id, "delivery-reports")
    query = select(Message).where(
        Message.lender_id == lender.id, Message.ref.in_([each.ref for each in entries])
    )
    # Always in the same order: two reports about the same messages do not wait for each other in a circle.
    rows = session.scalars(query.order_by(Message.id).with_for_update()).all()
    told = {each.ref: each for each in entries}
    noted = known = 0
    for message in rows:
        if message.state in reports.STATES:
            known += 1
        elif _left(session, message, now):
            _note(session, message, told[message.ref], actor, now)
            noted += 1
    return Noted(noted, known, len(entries) - noted - known)


def _left(session: Session, message: Message, now: datetime) -> bool:
    """Whether a gateway has the message. It may tell so before the worker that handed it over does."""
    if message.state is MessageState.SENT:
        return True
    tried = message.claimed_until is not None or message.attempts > 0
    if message.state not in (MessageState.WAITING, MessageState.FAILED) or not tried:
        return False
    outbox.note_sent(session, message=message, now=now)
    return True


def _note(session: Session, message: Message, told: Entry, actor: Actor, now: datetime) -> None:
    message.provider_ref = told.provider_ref
    if told.state is MessageState.DELIVERED:
        deliveries.delivered(session, message=message, actor=actor, now=now)
    else:
        deliveries.undelivered(session, message=message, actor=actor, now=now)
