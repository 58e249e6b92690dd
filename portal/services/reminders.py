"""Reminders by message: what the strategies of cases say is due by SMS or e-mail, and promises due tomorrow.

A case is taken once: while a collection message of it is waiting there is no second one, and what left is a
contact, after which its strategy is another."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.actor import Actor, system
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Case, ContactPoint, Message, Promise, Strategy
from portal.services import lenders, messages, policies, strategies
from portal.vocabulary import (
    ActionClass,
    Channel,
    ContactKind,
    MessageState,
    NextStep,
    PromiseState,
    StepReason,
)

CHANNELS = {NextStep.SMS: Channel.SMS, NextStep.EMAIL: Channel.EMAIL}
NO_WAY_THERE = ("no_address_on_file", "address_undeliverable")
TRIED_AGAIN_AFTER = timedelta(days=1)


def send_due(session: Session, *, lender_id: int, now: datetime, limit: int) -> int:
    """Write the reminders that are due, at most so many, the first of the list first.

    Returns how many cases were looked at; 0: nothing is left for now. Several workers may do it at once."""
    query = (
        select(Strategy)
        .where(
            Strategy.lender_id == lender_id,
            Strategy.step.in_(CHANNELS),
            Strategy.due.is_(True),
            or_(Strategy.earliest_at.is_(None), Strategy.earliest_at <= now),
            or_(Strategy.claimed_until.is_(None), Strategy.claimed_until <= now),
            ~exists().where(
                Message.lender_id == lender_id,
                Message.case_id == Strategy.case_id,
                Message.action_class == ActionClass.COLLECTION,
                Message.state == MessageState.WAITING,
            ),
        )
        .order_by(Strategy.rank, Strategy.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = list(session.scalars(query))
    policy = policies.of(lenders.get(session, lender_id), now)
    actor = system(lender_id, "reminders")
    for strategy in due:
        _remind(session, strategy, policy=policy, actor=actor, now=now)
    return len(due)


def send_of_promises(session: Session, *, lender_id: int, now: datetime, limit: int) -> int:
    """Remind of promises that are due tomorrow, each once. Returns how many were looked at."""
    policy = policies.of(lenders.get(session, lender_id), now)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    reminded = aliased(Message)
    query = (
        select(Promise)
        .where(
            Promise.lender_id == lender_id,
            Promise.state == PromiseState.ACTIVE,
            Promise.due_on == today + timedelta(days=1),
            Promise.case_id.in_(_reachable(lender_id)),
            ~exists().where(
                reminded.lender_id == lender_id,
                reminded.case_id == Promise.case_id,
                reminded.action_class == ActionClass.COLLECTION,
                reminded.created_at >= _beginning(today, policy),
            ),
        )
        .order_by(Promise.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = list(session.scalars(query))
    actor = system(lender_id, "reminders")
    for promise in due:
        case = session.get_one(Case, promise.case_id)
        facts = {"amount": promise.amount, "date": promise.due_on}
        _send(session, case, "promise_reminder", (Channel.SMS, Channel.EMAIL), facts, actor=actor, now=now)
    return len(due)


def _remind(session: Session, strategy: Strategy, *, policy: Policy, actor: Actor, now: datetime) -> None:
    """Send what a strategy says. Where it cannot be sent the case is looked at again tomorrow."""
    case = session.get_one(Case, strategy.case_id)
    template, facts = _template(session, case, strategy)
    channel = CHANNELS[strategy.step]
    if _send(session, case, template, (channel,), facts, actor=actor, now=now):
        return
    again = strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)
    if again.step in CHANNELS:
        again.due, again.earliest_at = False, now + TRIED_AGAIN_AFTER
    session.flush()


def _send(
    session: Session,
    case: Case,
    template: str,
    channels: tuple[Channel, ...],
    facts: dict[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """Write a message by the first channel with an address. False: none was written that may leave."""
    for channel in channels:
        try:
            message = messages.send_collection(
                session, case=case, template=template, channel=channel, actor=actor, now=now, **facts
            )
        except Refused as refusal:
            if refusal.code in NO_WAY_THERE:
                continue
            return False
        return message.state is MessageState.WAITING
    return False


def _template(session: Session, case: Case, strategy: Strategy) -> tuple[str, dict[str, Any]]:
    """The text that fits why the step comes next."""
    broken = None
    if strategy.reason is StepReason.PROMISE_BROKEN:
        query = select(Promise).where(
            Promise.lender_id == case.lender_id,
            Promise.case_id == case.id,
            Promise.state == PromiseState.BROKEN,
        )
        broken = session.scalars(query.order_by(Promise.id.desc()).limit(1)).first()
    if broken is None:
        return "overdue_reminder", {}
    return "promise_broken", {"amount": broken.amount, "date": broken.due_on}


def _reachable(lender_id: int) -> Select[int]:
    """Cases whose borrower has an address that messages reach."""
    kinds = (ContactKind.PHONE, ContactKind.EMAIL)
    query = select(Case.id).join(
        ContactPoint,
        (ContactPoint.lender_id == Case.lender_id) & (ContactPoint.borrower_id == Case.borrower_id),
    )
    return query.where(
        Case.lender_id == lender_id,
        ContactPoint.main.is_(True),
        ContactPoint.kind.in_(kinds),
        ContactPoint.undeliverable_since.is_(None),
    )


def _beginning(day: date, policy: Policy) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo(policy.business.timezone))
