"""What ends with a case that is cured: visits not held yet, a promise that runs, a plan nobody has signed."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.models import Agreement, Case, Plan, Promise, Visit
from portal.services import agreements, audit, visits
from portal.vocabulary import PlanState, PromiseState

REASON = "cured"
OPEN_PLAN = (PlanState.DRAFT, PlanState.WAITING_APPROVAL, PlanState.APPROVED)
RUNNING = (PromiseState.ACTIVE, PromiseState.VERIFYING)


def cancel_what_is_open(
    session: Session, *, case_ids: Sequence[int], policy: Policy, actor: Actor, now: datetime
) -> None:
    """End what was under way on cases that are cured; few have any. The borrower is told of a visit that was
    booked. A plan whose agreement the borrower has signed stays: both sides decide about it."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    for case in _cases(session, case_ids):
        visits.cancel_future(session, case=case, reason=REASON, actor=actor, now=now)
        _withdraw_promises(session, case, today, actor, now)
        _withdraw_plans(session, case, actor, now)


def _cases(session: Session, case_ids: Sequence[int]) -> Sequence[Case]:
    """Those of the cases on which anything is open."""
    visit = exists().where(Visit.case_id == Case.id, Visit.state.in_(visits.AHEAD))
    promise = exists().where(Promise.case_id == Case.id, Promise.state.in_(RUNNING))
    plan = exists().where(Plan.case_id == Case.id, Plan.state.in_(OPEN_PLAN))
    query = select(Case).where(Case.id.in_(case_ids), visit | promise | plan)
    return session.scalars(query.order_by(Case.id).execution_options(populate_existing=True)).all()


def _withdraw_promises(session: Session, case: Case, today: date, actor: Actor, now: datetime) -> None:
    running = select(Promise).where(Promise.case_id == case.id, Promise.state.in_(RUNNING))
    for promise in session.scalars(running).all():
        transitions.check("promise", promise.state, PromiseState.WITHDRAWN)
        promise.state, promise.decided_on = PromiseState.WITHDRAWN, today
        audit.record(session, actor=actor, action="promise_withdrawn", subject=promise, case=case, now=now)


def _withdraw_plans(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    proposed = select(Plan).where(Plan.case_id == case.id, Plan.state.in_(OPEN_PLAN))
    for plan in session.scalars(proposed).all():
        offered = session.scalar(
            select(Agreement).where(Agreement.plan_id == plan.id, Agreement.state.in_(agreements.OPEN))
        )
        if offered is None:
            transitions.check("plan", plan.state, PlanState.WITHDRAWN)
            plan.state = PlanState.WITHDRAWN
            audit.record(session, actor=actor, action="plan_withdrawn", subject=plan, case=case, now=now)
        elif not agreements.is_signed_by_borrower(session, agreement=offered):
            agreements.decline(session, agreement=offered, reason=REASON, actor=actor, now=now)
