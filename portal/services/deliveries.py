"""What became of a message once a gateway had it, and of the address it went to.

An address that a message did not reach is remembered: no collection goes there again until a message that
left later arrives, or another address becomes the main one. What the borrower asks for, such as a code, is
sent all the same."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.models import Borrower, Case, ContactPoint, Message
from portal.services import audit, strategies
from portal.services.notifications import KINDS
from portal.vocabulary import MessageState


def delivered(session: Session, *, message: Message, actor: Actor, now: datetime) -> None:
    """Note that a message arrived. If it left after one that did not, its address is in use again."""
    _note(session, message, MessageState.DELIVERED, actor=actor, now=now)
    point, left = _point(session, message), message.sent_at
    if point and point.undeliverable_since and left and left > point.undeliverable_since:
        point.undeliverable_since = None
        session.flush()
        _look_ahead(session, message, actor, now)


def undelivered(session: Session, *, message: Message, actor: Actor, now: datetime) -> None:
    """Note that a message did not arrive and never will. What comes next on its case may be another thing."""
    _note(session, message, MessageState.UNDELIVERED, actor=actor, now=now)
    point, left = _point(session, message), message.sent_at or now
    if point and not point.undeliverable_since and not _arrived_after(session, message, left):
        point.undeliverable_since = left
        session.flush()
        _look_ahead(session, message, actor, now)


def _note(session: Session, message: Message, state: MessageState, *, actor: Actor, now: datetime) -> None:
    message.state, message.reported_at, message.claimed_until = state, now, None
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"message_{state}",
        subject=message,
        case=session.get(Case, message.case_id) if message.case_id else None,
        now=now,
        channel=message.channel,
        template=message.template,
    )


def _point(session: Session, message: Message) -> ContactPoint | None:
    """The address on file that a message to a borrower went to; None: it is not there any more."""
    if message.borrower_id is None:
        return None
    query = select(ContactPoint).where(
        ContactPoint.lender_id == message.lender_id,
        ContactPoint.borrower_id == message.borrower_id,
        ContactPoint.kind == KINDS[message.channel],
    )
    return next((each for each in session.scalars(query) if each.value == message.recipient), None)


def _arrived_after(session: Session, message: Message, left: datetime) -> bool:
    """Whether a message that left later did reach the same address: then that one counts."""
    query = select(Message).where(
        Message.lender_id == message.lender_id,
        Message.borrower_id == message.borrower_id,
        Message.channel == message.channel,
        Message.state == MessageState.DELIVERED,
        Message.sent_at > left,
    )
    return any(each.recipient == message.recipient for each in session.scalars(query))


def _look_ahead(session: Session, message: Message, actor: Actor, now: datetime) -> None:
    """An address is the borrower's, and so are all their open cases."""
    borrower = session.get_one(Borrower, message.borrower_id)
    query = select(Case).where(
        Case.lender_id == borrower.lender_id, Case.borrower_id == borrower.id, Case.closed_at.is_(None)
    )
    for case in session.scalars(query.order_by(Case.id)):
        strategies.follow(session, case=case, actor=actor, now=now)
