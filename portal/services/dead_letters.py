"""Messages that no carrier took, however often it was tried: staff see them, and send them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Case, Message
from portal.services import audit, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Channel, MessageState

PAGE_LENGTH = 25


@dataclass(frozen=True, kw_only=True)
class Filters:
    channel: Channel | None = None
    state: MessageState | None = None


@dataclass(frozen=True)
class Line:
    """A message that did not arrive. What it says is not shown: only what went wrong."""

    message: Message
    case: Case | None


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    lines: Sequence[Line]
    after: str | None


NOT_ARRIVED = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.WITHHELD)


def page_of(session: Session, *, filters: Filters, after: str | None, actor: Actor) -> Page:
    """Return a page of the messages that did not arrive, the newest first."""
    query = (
        scope.of_lender(Message, actor)
        .where(Message.state.in_([filters.state] if filters.state else NOT_ARRIVED))
        .order_by(Message.ref.desc())
    )
    if filters.channel:
        query = query.where(Message.channel == filters.channel)
    if after:
        query = query.where(Message.ref < after)
    found = list(session.scalars(query.limit(PAGE_LENGTH + 1)))
    shown = found[:PAGE_LENGTH]
    about = select(Case).where(
        Case.lender_id == actor.lender_id, Case.id.in_([each.case_id for each in shown if each.case_id])
    )
    cases = {each.id: each for each in session.scalars(about)}
    lines = [Line(each, cases.get(each.case_id) if each.case_id else None) for each in shown]
    return Page(lines, shown[-1].ref if len(found) > PAGE_LENGTH else None)


def find(session: Session, ref: str, *, actor: Actor) -> Message | None:
    """Return one of the messages that did not arrive."""
    query = scope.of_lender(Message, actor).where(Message.ref == ref, Message.state.in_(NOT_ARRIVED))
    return session.scalar(query)


@in_savepoint
def send_again(session: Session, *, message: Message, actor: Actor, now: datetime) -> None:
    """Put a message that failed back into the outbox, under its own reference: a gateway that did take it
    knows the repeat. The contact gate is asked again when it leaves. Refused: it did not fail."""
    query = select(Message).where(Message.lender_id == actor.lender_id, Message.id == message.id)
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()
    if found.state is not MessageState.FAILED:
        raise Refused("message_not_failed")
    found.state, found.attempts, found.not_before, found.claimed_until = MessageState.WAITING, 0, now, None
    case = session.get(Case, found.case_id) if found.case_id else None
    audit.record(
        session,
        actor=actor,
        action="message_sent_again",
        subject=found,
        case=case,
        now=now,
        channel=found.channel,
        template=found.template,
    )


def count(session: Session, *, lender_id: int) -> int:
    """Return how many messages of a lender were given up."""
    query = (
        select(func.count())
        .select_from(Message)
        .where(Message.lender_id == lender_id, Message.state == MessageState.FAILED)
    )
    return session.scalar(query) or 0
