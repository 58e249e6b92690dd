"""Approvals: a second person's yes to a plan whose concessions go beyond what the first may give."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Approval as Approval
from portal.models import Case, Plan
from portal.services import audit, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import PlanState, Role, Tier

# Whose yes is final: a manager's also for what a lead may give.
ROLES = {Tier.LEAD: (Role.LEAD, Role.MANAGER), Tier.MANAGER: (Role.MANAGER,)}
NEWEST = 50


def ask(session: Session, *, plan: Plan, tier: Tier, reason: str, actor: Actor, now: datetime) -> Approval:
    """Ask for a second person's yes. Refused: no reason is given."""
    if not reason.strip():
        raise Refused("approval_reason_missing")
    asked = Approval(
        lender_id=plan.lender_id,
        created_at=now,
        plan_id=plan.id,
        tier=tier,
        requested_by=actor.id,
        reason=reason.strip(),
    )
    session.add(asked)
    session.flush()
    return asked


def of_plan(session: Session, *, plan: Plan) -> Approval | None:
    query = select(Approval).where(Approval.lender_id == plan.lender_id, Approval.plan_id == plan.id)
    return session.scalar(query)


def waiting(session: Session, *, actor: Actor, now: datetime) -> list[Plan]:
    """Return the plans that wait for a yes, the longest waiting first."""
    return list(
        session.scalars(_plans(actor, now, Plan.state == PlanState.WAITING_APPROVAL).order_by(Plan.id))
    )


def decided(session: Session, *, actor: Actor, now: datetime) -> list[Plan]:
    """Return the newest plans that somebody answered, the last answer first."""
    query = _plans(actor, now, Approval.decided_by.is_not(None)).order_by(Approval.decided_at.desc())
    return list(session.scalars(query.limit(NEWEST)))


def why_not(approval: Approval, *, actor: Actor) -> str | None:
    """Return the code of the rule that keeps a person from answering; None when they may."""
    if approval.requested_by == actor.id:
        return "approval_own_request"
    return None if actor.has(*ROLES[approval.tier]) else "approval_above_tier"


@in_savepoint
def decide(
    session: Session,
    *,
    plan: Plan,
    version: int,
    approved: bool,
    answer: str,
    actor: Actor,
    now: datetime,
) -> Plan:
    """Say yes or no to a plan, with a reason. `version` is the plan's as it was read.

    Refused: the plan changed or was answered since, the asker answers, or the tier is above the person."""
    approval = of_plan(session, plan=plan)
    if approval is None or plan.state is not PlanState.WAITING_APPROVAL or plan.version != version:
        raise Refused("approval_not_waiting")
    if code := why_not(approval, actor=actor):
        raise Refused(code)
    if not answer.strip():
        raise Refused("approval_reason_missing")
    approval.decided_by, approval.decided_at = actor.id, now
    approval.approved, approval.answer = approved, answer.strip()
    to = PlanState.APPROVED if approved else PlanState.REFUSED
    transitions.check("plan", plan.state, to)
    plan.state = to
    audit.record(
        session,
        actor=actor,
        action="plan_approved" if approved else "plan_refused",
        subject=plan,
        case=session.get_one(Case, plan.case_id),
        now=now,
        tier=approval.tier,
    )
    return plan


def _plans(actor: Actor, now: datetime, which: ColumnElement[bool]) -> Select[Plan]:
    joined = scope.plans(actor, now=now).join(
        Approval, (Approval.lender_id == Plan.lender_id) & (Approval.plan_id == Plan.id)
    )
    return joined.where(which)
