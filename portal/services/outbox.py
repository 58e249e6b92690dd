"""The outbox: messages that were written with what they tell about, handed to a carrier once each.

Claiming, delivering and noting are three steps: a claim is a lease, so that a worker that dies gives its
messages back, and the carrier knows each by its reference, so that a repeat stays one message."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.contact_decision import RuleId
from portal.domain.message_rules import TEXTS
from portal.infra.delivery import Letter
from portal.models import Borrower, Case, Contact, Decision, Message
from portal.services import audit, deliveries, gate, lenders, policies, quiet_hours, strategies
from portal.services.gate_visits import Question
from portal.vocabulary import Action, ActionClass, Channel, ContactOutcome, Initiator, MessageState

LEASE = timedelta(minutes=1)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
MOST_TRIES = len(BACK_OFF) + 1
ACTIONS = {Channel.SMS: Action.SMS, Channel.EMAIL: Action.EMAIL, Channel.LETTER: Action.LETTER}


def claim(session: Session, *, now: datetime, limit: int = 50) -> list[Letter]:
    """Take messages of the session's lender that are due, for the length of a lease.

    No other worker gets them meanwhile.

    The gate is asked again about each that is not for staff: one that only has to wait goes back until it may
    leave, a collection message that a rule forbids by now is withheld."""
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
    if message is not None:
        note_sent(session, message=message, now=now)
    return message is not None


def note_sent(session: Session, *, message: Message, now: datetime) -> None:
    """Note that a gateway has a message, which the caller holds locked. Collection is a contact from then."""
    message.state, message.sent_at = MessageState.SENT, now
    message.problem = message.claimed_until = None
    case = _case(session, message)
    if case and message.decision_id and message.action_class is ActionClass.COLLECTION:
        session.add(_contact(message, case, now))
        _look_ahead(session, case, now)
    _record(session, "message_sent", message, case, now)


def failed(session: Session, *, letter: Letter, problem: str, now: datetime, for_good: bool = False) -> None:
    """Note that a letter was not taken: it is tried again later, and given up after the last try.

    `for_good`: whoever refused it will never take it, so it did not arrive and is not tried again."""
    message = _waiting(session, letter)
    if message is None:
        return
    message.attempts += 1
    message.problem, message.claimed_until = problem, None
    if for_good:
        actor = system(message.lender_id, "outbox")
        deliveries.undelivered(session, message=message, actor=actor, now=now)
    elif message.attempts >= MOST_TRIES:
        _give_up(session, message, problem, now)
    else:
        message.not_before = now + BACK_OFF[message.attempts - 1]
    session.flush()


def release(session: Session, *, letters: Sequence[Letter]) -> None:
    """Give back letters that were claimed and not tried: their gateway is out of reach. No try is counted."""
    query = update(Message).where(
        Message.lender_id.in_({each.lender_id for each in letters}),
        Message.ref.in_([each.ref for each in letters]),
        Message.state == MessageState.WAITING,
    )
    session.execute(query.values(claimed_until=None))


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
    if message.decision_id is None:
        return True
    decided = session.get_one(Decision, message.decision_id)
    if message.action_class is ActionClass.SERVICE:
        return decided.allowed or _in_hours(session, message, now)
    case = _case(session, message)
    assert case is not None, "a collection message is about a case"
    asked = question(message, case, now)
    failed = {each.id for each in gate.judge(session, **asked).failed}
    if decided.allowed:
        failed -= {RuleId.CHANNEL_ORDER}  # it was its turn when it was written
    if not failed:
        if not decided.allowed:
            message.decision_id = _decided(session, gate.ask(session, **asked))
        return True
    opens = gate.earliest(session, **asked)
    if opens is None:
        _withhold(session, message, failed, now)
    else:
        message.not_before = opens
    return False


def question(message: Message, case: Case, now: datetime) -> Question:
    """What the gate is asked about a collection message."""
    rule = TEXTS.get(message.template)
    return Question(
        case=case,
        action=ACTIONS[message.channel],
        action_class=message.action_class,
        initiator=Initiator.LENDER,
        reminder=bool(rule and rule.reminder),
        telling=not rule or rule.telling,
        actor=system(message.lender_id, "outbox"),
        now=now,
    )


def _in_hours(session: Session, message: Message, now: datetime) -> bool:
    """Whether a service message that nobody asked for just now may leave. It is never refused, only late."""
    borrower = session.get_one(Borrower, message.borrower_id)
    opens = quiet_hours.opens_at(session, borrower=borrower, now=now)
    if opens > now:
        message.not_before = opens
        return False
    decision = gate.for_service(
        session,
        borrower=borrower,
        case=_case(session, message),
        action=ACTIONS[message.channel],
        asked_just_now=False,
        actor=system(message.lender_id, "outbox"),
        now=now,
    )
    message.decision_id = _decided(session, decision)
    return True


def _decided(session: Session, decision: Decision) -> int:
    session.flush()
    return decision.id


def _withhold(session: Session, message: Message, failed: set[RuleId], now: datetime) -> None:
    message.state = MessageState.WITHHELD
    message.problem = f"withheld by the contact gate: {', '.join(sorted(failed))}"
    _record(session, "message_withheld", message, _case(session, message), now)


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
        message_id=message.id,
        channel=message.channel,
        inbound=False,
        at=now,
        outcome=ContactOutcome.SENT,
    )


def _look_ahead(session: Session, case: Case, now: datetime) -> None:
    """What comes next on a case is another thing now, as long as it is open."""
    if case.closed_at is None:
        policy = policies.of(lenders.get(session, case.lender_id), now)
        actor = system(case.lender_id, "outbox")
        strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)


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
