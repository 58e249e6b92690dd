"""My day: how much waits for a person. One count for each kind of work, whatever its size."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.models import Approval, Case, Complaint, FollowUp, Plan, Proof, Strategy
from portal.services import approvals, scope
from portal.services.proof_reviews import UNREVIEWED
from portal.vocabulary import OPEN_COMPLAINT, CaseState, ComplaintState, FollowUpState, NextStep, PlanState


def proofs_to_review(session: Session, *, actor: Actor, now: datetime) -> int:
    return _count(session, scope.proofs(actor, now=now).where(Proof.state.in_(UNREVIEWED)), Proof.id)


def approvals_to_give(session: Session, *, actor: Actor, now: datetime) -> int:
    """Return how many plans wait for this person's yes: not their own requests, nor what is above them."""
    tiers = [tier for tier, roles in approvals.ROLES.items() if actor.has(*roles)]
    asked = select(Approval.plan_id).where(
        Approval.lender_id == actor.lender_id,
        Approval.decided_by.is_(None),
        Approval.requested_by != actor.id,
        Approval.tier.in_(tiers),
    )
    waiting = scope.plans(actor, now=now).where(Plan.id.in_(asked), Plan.state == PlanState.WAITING_APPROVAL)
    return _count(session, waiting, Plan.id)


def complaints_due(session: Session, *, today: date, actor: Actor, now: datetime) -> int:
    """Return how many open complaints are to be acknowledged or answered today, or are late."""
    unanswered = (Complaint.state == ComplaintState.RECEIVED) & (Complaint.acknowledge_by <= today)
    query = scope.complaints(actor, now=now).where(
        Complaint.state.in_(OPEN_COMPLAINT), or_(Complaint.decide_by <= today, unanswered)
    )
    return _count(session, query, Complaint.id)


def follow_ups_due(session: Session, *, today: date, actor: Actor, now: datetime) -> int:
    """Return how many of this person's own follow-ups are due today, or are late."""
    query = scope.follow_ups(actor, now=now).where(
        FollowUp.owner_id == actor.id,
        FollowUp.state == FollowUpState.SCHEDULED,
        FollowUp.due_on <= today,
    )
    return _count(session, query, FollowUp.id)


def calls_due(session: Session, *, actor: Actor, now: datetime) -> int:
    """Return how many cases are to be called today."""
    mine = scope.cases(actor, now=now).with_only_columns(Case.id)
    query = scope.of_lender(Strategy, actor).where(
        Strategy.case_id.in_(mine), Strategy.step == NextStep.CALL, Strategy.due.is_(True)
    )
    return _count(session, query, Strategy.id)


def cases_open(session: Session, *, actor: Actor, now: datetime) -> int:
    over = [state for state in CaseState if transitions.is_final("case", state)]
    return _count(session, scope.cases(actor, now=now).where(Case.state.not_in(over)), Case.id)


def plans_waiting(session: Session, *, actor: Actor, now: datetime) -> int:
    """Return how many plans wait for anybody's yes."""
    waiting = scope.plans(actor, now=now).where(Plan.state == PlanState.WAITING_APPROVAL)
    return _count(session, waiting, Plan.id)


def follow_ups_late(session: Session, *, today: date, actor: Actor, now: datetime) -> int:
    """Return how many follow-ups are late, whoever owns them."""
    query = scope.follow_ups(actor, now=now).where(
        FollowUp.state == FollowUpState.SCHEDULED, FollowUp.due_on < today
    )
    return _count(session, query, FollowUp.id)


def _count(session: Session, query: Select[Any], key: Any) -> int:
    return session.scalar(select(func.count()).select_from(query.with_only_columns(key).subquery())) or 0
