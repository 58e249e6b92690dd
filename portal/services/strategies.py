"""The strategy of a case: what comes next, recomputed after every event, or set by a person with a reason."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.domain.strategy import CaseFacts, Chosen, Step, next_step
from portal.models import Case
from portal.models import Strategy as Strategy
from portal.services import audit, lenders, policies, strategy_facts
from portal.services.savepoints import in_savepoint
from portal.services.strategy_facts import CHOSEN, Told
from portal.vocabulary import NextStep

MOST_DAYS = 31  # as long as a promise: a choice that is older was made about another situation


def of_case(session: Session, *, case: Case) -> Strategy | None:
    """Return the strategy of a case; None before the first night after it was opened."""
    return session.scalar(
        select(Strategy).where(Strategy.lender_id == case.lender_id, Strategy.case_id == case.id)
    )


def recompute(session: Session, *, case: Case, policy: Policy, actor: Actor, now: datetime) -> Strategy:
    """Say anew what comes next on an open case, after something happened on it.

    Another step than before is recorded under the actor whose act it follows."""
    session.flush()
    told = strategy_facts.told_of(session, [case.id], policy=policy, now=now)[case.id]
    step = next_step(told.facts, policy, now)
    found = of_case(session, case=case)
    before = (found.step, found.reason) if found else None
    values = columns(told, step, policy=policy, now=now)
    if found is None:
        found = Strategy(lender_id=case.lender_id, created_at=now, ref=case.ref, case_id=case.id, **values)
        session.add(found)
    for name, value in values.items():
        setattr(found, name, value)
    session.flush()
    if before != (step.step, step.reason):
        audit.record(
            session,
            actor=actor,
            action="strategy_changed",
            subject=found,
            case=case,
            now=now,
            step=step.step,
            reason=step.reason,
        )
    return found


def follow(session: Session, *, case: Case, actor: Actor, now: datetime) -> None:
    """Say anew what comes next after an event on a case; a case without a strategy gets one at night."""
    if case.closed_at is None and of_case(session, case=case) is not None:
        policy = policies.of(lenders.get(session, case.lender_id), now)
        recompute(session, case=case, policy=policy, actor=actor, now=now)


@in_savepoint
def set_by_person(
    session: Session,
    *,
    case: Case,
    step: NextStep,
    until: date,
    reason: str,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Strategy:
    """Let a person choose the next step, for a reason and until a day (specification 02 A5).

    A hold still comes before it, and the contact gate decides as ever. Refused: the case is closed, there is
    no reason, or the day is past or too far off."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    if case.closed_at is not None:
        raise Refused("strategy_case_closed")
    if not reason.strip():
        raise Refused("strategy_without_reason")
    if not 0 <= (until - today).days <= MOST_DAYS:
        raise Refused("strategy_until", days=MOST_DAYS)
    found = of_case(session, case=case) or recompute(session, case=case, policy=policy, actor=actor, now=now)
    found.set_by, found.set_until, found.set_reason = actor.id, until, reason.strip()
    found.facts = {**found.facts, CHOSEN: step.value}
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="strategy_set",
        subject=found,
        case=case,
        now=now,
        step=step,
        until=str(until),
    )
    return recompute(session, case=case, policy=policy, actor=actor, now=now)


@in_savepoint
def release(session: Session, *, case: Case, policy: Policy, actor: Actor, now: datetime) -> Strategy:
    """Give the next step back to the rules before the day a person set. Refused: nobody set it."""
    found = of_case(session, case=case)
    if found is None or found.set_by is None:
        raise Refused("strategy_not_set")
    found.set_by = found.set_until = found.set_reason = None
    session.flush()
    audit.record(session, actor=actor, action="strategy_released", subject=found, case=case, now=now)
    return recompute(session, case=case, policy=policy, actor=actor, now=now)


def columns(told: Told, step: Step, *, policy: Policy, now: datetime) -> dict[str, Any]:
    """Return a step as the columns of its row. What a person chose stays with it until its day is over."""
    return values_of(step, bucket=told.bucket, chosen=told.facts.chosen, policy=policy, now=now)


def values_of(
    step: Step, *, bucket: str | None, chosen: Chosen | None, policy: Policy, now: datetime
) -> dict[str, Any]:
    """The columns of a step, of a case whose contract is in a bucket."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    kept: Mapping[str, Any] = {CHOSEN: chosen.step.value} if chosen else {}
    values: dict[str, Any] = {
        "step": step.step,
        "reason": step.reason,
        "facts": {**step.facts, **kept},
        "earliest_at": step.earliest_at,
        "due": is_due(step, policy, today),
        "rank": step.rank,
        "bucket": bucket,
        "recheck_on": step.recheck_on,
        "computed_at": now,
    }
    return values if chosen else values | {"set_by": None, "set_until": None, "set_reason_sealed": None}


def is_due(step: Step, policy: Policy, today: date) -> bool:
    """Whether an act may be done on a day, at some hour of it."""
    if not step.is_act or step.earliest_at is None:
        return False
    return step.earliest_at.astimezone(ZoneInfo(policy.business.timezone)).date() <= today


def facts_of(session: Session, *, case: Case, policy: Policy, now: datetime) -> CaseFacts:
    """Return what the strategy of a case is told at a moment."""
    return strategy_facts.told_of(session, [case.id], policy=policy, now=now)[case.id].facts
