"""The outbox: messages that were written with what they tell about, handed to a carrier once each.

Claiming, delivering and noting are three steps: a claim is a lease, so that a worker that dies gives its
messages back, and the carrier knows each by its reference, so that a repeat stays one message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.contact_decision import RuleId
from portal.infra.delivery import Letter
from portal.models import Borrower, Case, Contact, Lender, Message
from portal.services import audit, gate, policies
from portal.vocabulary import Action, ActionClass, Channel, ContactOutcome, Initiator, MessageState

LEASE = timedelta(minutes=1)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
MOST_TRIES = len(BACK_OFF) + 1
# What may have come between the decision that allowed a collection message and its delivery.
BRAKES = frozenset(
    {RuleId.NO_HOLD, RuleId.NO_OPEN_COMPLAINT, RuleId.NO_OPEN_DISPUTE, RuleId.OVERDUE_CONFIRMED}
)
_ACTIONS = {Channel.SMS: Action.SMS, Channel.EMAIL: Action.EMAIL, Channel.LETTER: Action.LETTER}


def claim(session: Session, *, now: datetime, limit: int = 50) -> list[Letter]:
    """Take messages of the session's lender that are due, for the length of a lease.

    No other worker gets them meanwhile.

    A collection message outside the borrower's contact window goes back until the window opens; one whose
    case was put on hold since it was written does not leave any more."""
    query = (
        select(Message)
        .where(*_to_claim(now))
        .order_by(Message.not_before, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = [message for message in session.scalars(query) if _may_leave(session, message, now)]
    for message in taken:
        message.claimed_until = now + LEASE
    session.flush()
    return [_letter(message, now) for message in taken]


def sent(session: Session, *, letter: Letter, now: datetime) -> bool:
    """Note that a letter was delivered. False: it was noted before, by another worker."""
    message = _waiting(session, letter)
    if message is None:
        return False
    message.state, message.sent_at = MessageState.SENT, now
    message.problem = message.claimed_until = None
    case = _case(session, message)
    if case and message.decision_id and message.action_class is ActionClass.COLLECTION:
        session.add(_contact(message, case, now))
    _record(session, "message_sent", message, case, now)
    return True


def failed(session: Session, *, letter: Letter, problem: str, now: datetime) -> None:
    """Note that a letter was not taken: it is tried again later, and given up after the last try."""
    message = _waiting(session, letter)
    if message is None:
        return
    message.attempts += 1
    message.problem, message.claimed_until = problem, None
    if message.attempts >= MOST_TRIES:
        _give_up(session, message, problem, now)
    else:
        message.not_before = now + BACK_OFF[message.attempts - 1]
    session.flush()


def waiting(session: Session, *, now: datetime) -> int:
    """Return how many messages of the session's lender are due and in no worker's hands."""
    query = select(func.count()).select_from(Message).where(*_to_claim(now))
    return session.scalar(query) or 0


def _to_claim(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.state == MessageState.WAITING,
        Message.not_before <= now,
        or_(Message.claimed_until.is_(None), Message.claimed_until <= now),
    )


def _may_leave(session: Session, message: Message, now: datetime) -> bool:
    if message.action_class is ActionClass.SERVICE:
        return True
    opens = _window_opens(session, message, now)
    if opens > now:
        message.not_before = opens
        return False
    if broken := _braked(session, message, now):
        _give_up(session, message, f"withheld by the contact gate: {', '.join(broken)}", now)
        return False
    return True


def _window_opens(session: Session, message: Message, now: datetime) -> datetime:
    """Return the first moment from now on that lies in the contact window, in the borrower's zone."""
    policy = policies.of(session.get_one(Lender, message.lender_id), now)
    borrower = session.get_one(Borrower, message.borrower_id)
    local = now.astimezone(ZoneInfo(borrower.timezone or policy.business.timezone))
    window = policy.contact.window
    if window.holds(local.time()):
        return now
    day = local.date() if local.time() < window.opens else local.date() + timedelta(days=1)
    return datetime.combine(day, window.opens, tzinfo=local.tzinfo)


def _braked(session: Session, message: Message, now: datetime) -> Sequence[RuleId]:
    case = _case(session, message)
    if case is None:
        return []
    judgement = gate.judge(
        session,
        case=case,
        action=_ACTIONS[message.channel],
        action_class=message.action_class,
        initiator=Initiator.LENDER,
        actor=system(message.lender_id, "outbox"),
        now=now,
    )
    return [each.id for each in judgement.failed if each.id in BRAKES]


def _give_up(session: Session, message: Message, problem: str, now: datetime) -> None:
    message.state, message.problem = MessageState.FAILED, problem
    _record(session, "message_failed", message, _case(session, message), now)


def _waiting(session: Session, letter: Letter) -> Message | None:
    """Lock a message that is still to be noted. Whoever comes second finds none."""
    query = select(Message).where(
        Message.lender_id == letter.lender_id,
        Message.ref == letter.ref,
        Message.state == MessageState.WAITING,
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def _letter(message: Message, now: datetime) -> Letter:
    return Letter(
        ref=message.ref,
        lender_id=message.lender_id,
        channel=message.channel,
        locale=message.locale,
        template=message.template,
        recipient=message.recipient,
        subject=message.subject,
        body=message.body,
        sent_at=now,
    )


def _contact(message: Message, case: Case, now: datetime) -> Contact:
    """A collection message that left is a contact like any other."""
    return Contact(
        lender_id=message.lender_id,
        created_at=now,
        case_id=case.id,
        decision_id=message.decision_id,
        channel=message.channel,
        inbound=False,
        at=now,
        outcome=ContactOutcome.SENT,
    )


def _case(session: Session, message: Message) -> Case | None:
    return session.get(Case, message.case_id) if message.case_id else None


def _record(session: Session, action: str, message: Message, case: Case | None, now: datetime) -> None:
    audit.record(
        session,
        actor=system(message.lender_id, "outbox"),
        action=action,
        subject=message,
        case=case,
        now=now,
        channel=message.channel,
        template=message.template,
    )
