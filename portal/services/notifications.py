"""Messages to borrowers and staff: rendered from a template, written to the outbox in the transaction they
tell about.

A template is `templates/messages/<name>.<sms|email>.txt`; the first line of an e-mail is its subject. Some a
lender may put in its own words (`services.message_templates`). A message is of class `service` unless a
decision of the gate is about a `collection` one (`services.messages`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.message_rules import TEXTS, Text
from portal.infra import texts
from portal.models import Borrower, Case, ContactPoint, Decision, Message, Staff
from portal.services import gate, lenders, message_templates, policies, quiet_hours
from portal.vocabulary import Action, ActionClass, Channel, ContactKind, Locale, MessageState

ACTIONS = {Channel.SMS: Action.SMS, Channel.EMAIL: Action.EMAIL}
KINDS = {Channel.SMS: ContactKind.PHONE, Channel.EMAIL: ContactKind.EMAIL}


@dataclass(frozen=True)
class _Stranger:
    """Somebody who is not on file."""

    lender_id: int
    locale: Locale


def notify(
    session: Session,
    *,
    borrower: Borrower,
    template: str,
    now: datetime,
    channel: Channel | None = None,
    case: Case | None = None,
    asked_just_now: bool = False,
    **facts: object,
) -> Message | None:
    """Queue a service message in the borrower's language: by SMS, else by e-mail. None: no address on file.

    `asked_just_now`: the borrower's own act asked for it, and it leaves at once at any hour. Anything else
    waits for the borrower's contact window; no rule and no hold stops it."""
    wanted = (channel,) if channel else (Channel.SMS, Channel.EMAIL)
    for each in wanted:
        if address := address_of(session, borrower=borrower, channel=each):
            decision = gate.for_service(
                session,
                borrower=borrower,
                case=case,
                action=ACTIONS[each],
                asked_just_now=asked_just_now,
                actor=system(borrower.lender_id, "outbox"),
                now=now,
            )
            leaves = now if decision.allowed else quiet_hours.opens_at(session, borrower=borrower, now=now)
            return queue(
                session,
                to=borrower,
                template=template,
                channel=each,
                recipient=address,
                case=case,
                decision=decision,
                now=now,
                not_before=leaves,
                facts=facts,
            )
    return None


def notify_staff(
    session: Session,
    *,
    staff: Staff,
    template: str,
    now: datetime,
    case: Case | None = None,
    **facts: object,
) -> Message:
    """Queue an e-mail to a member of staff, in their language."""
    return queue(
        session,
        to=staff,
        template=template,
        channel=Channel.EMAIL,
        recipient=staff.email,
        case=case,
        decision=None,
        now=now,
        not_before=now,
        facts=facts,
    )


def send_to_address(
    session: Session,
    *,
    lender_id: int,
    locale: Locale,
    address: str,
    template: str,
    now: datetime,
    **facts: object,
) -> Message:
    """Queue a message to somebody who is not on file: an e-mail where there is an @, else an SMS."""
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    return queue(
        session,
        to=_Stranger(lender_id, locale),
        template=template,
        channel=channel,
        recipient=address,
        case=None,
        decision=None,
        now=now,
        not_before=now,
        facts=facts,
    )


def address_of(session: Session, *, borrower: Borrower, channel: Channel) -> str | None:
    """Return the borrower's main address for a channel."""
    point = main_point(session, borrower=borrower, channel=channel)
    return point.value if point else None


def main_point(session: Session, *, borrower: Borrower, channel: Channel) -> ContactPoint | None:
    """Return the main address on file for a channel, whether messages reach it or not."""
    query = select(ContactPoint).where(
        ContactPoint.lender_id == borrower.lender_id,
        ContactPoint.borrower_id == borrower.id,
        ContactPoint.kind == KINDS[channel],
        ContactPoint.main.is_(True),
    )
    return session.scalars(query.order_by(ContactPoint.id)).first()


def queue(
    session: Session,
    *,
    to: Borrower | Staff | _Stranger,
    template: str,
    channel: Channel,
    recipient: str,
    case: Case | None,
    decision: Decision | None,
    now: datetime,
    not_before: datetime,
    facts: dict[str, object],
    state: MessageState = MessageState.WAITING,
) -> Message:
    """Write a message to the outbox. A message to a borrower has a decision of the gate about it."""
    text = _write(session, to, template, channel, now=now, facts=facts)
    session.flush()  # the decision has its number
    message = Message(
        lender_id=to.lender_id,
        created_at=now,
        borrower_id=to.id if isinstance(to, Borrower) else None,
        case_id=case.id if case else None,
        decision_id=decision.id if decision else None,
        action_class=decision.action_class if decision else ActionClass.SERVICE,
        channel=channel,
        locale=to.locale,
        template=template,
        template_id=text.template_id,
        recipient=recipient,
        subject=text.subject,
        body=text.body,
        state=state,
        not_before=not_before,
        attempts=0,
    )
    session.add(message)
    session.flush()
    return message


def _write(
    session: Session,
    to: Borrower | Staff | _Stranger,
    template: str,
    channel: Channel,
    *,
    now: datetime,
    facts: dict[str, object],
) -> Text:
    lender = lenders.get(session, to.lender_id)
    name = lender.names[to.locale.value]
    if template in TEXTS:
        return message_templates.written(
            session,
            lender_id=to.lender_id,
            name=template,
            channel=channel,
            locale=to.locale,
            policy=policies.of(lender, now),
            facts={"lender": name} | facts,
        )
    written = texts.render(
        f"messages/{template}.{channel}.txt", locale=to.locale, lender_name=name, **facts
    ).strip()
    if channel is not Channel.EMAIL:
        return Text(subject=None, body=written)
    subject, _, body = written.partition("\n")
    return Text(subject=subject, body=body.strip())
