"""Visits: finding them, cancelling, who may be at the door, and saying that the wrong person came."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import arrival_code, slots
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.models import Case, Staff, VisitMove
from portal.models import Visit as Visit
from portal.services import (
    audit,
    lenders,
    notifications,
    policies,
    scope,
    staff_messages,
    strategies,
    visit_moves,
)
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Role, VisitState

AHEAD = (VisitState.PROPOSED, VisitState.AGREED, VisitState.ASSIGNED)
UNDER_WAY = (VisitState.ARRIVED, VisitState.VERIFIED)
NOT_MY_AGENT = "not_my_agent"


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Visit | None:
    """Return a visit if this person may see it."""
    return session.scalar(scope.visits(actor, now=now).where(Visit.ref == ref))


def of_case(session: Session, *, case: Case, actor: Actor, now: datetime) -> list[Visit]:
    """Return the visits of a case, the newest first."""
    query = scope.visits(actor, now=now).where(Visit.case_id == case.id)
    return list(session.scalars(query.order_by(Visit.window_start.desc(), Visit.id.desc())))


@in_savepoint
def cancel(
    session: Session,
    *,
    visit: Visit,
    case: Case,
    policy: Policy,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Cancel a visit that has not begun, at any time. A late cancellation is recorded, no more."""
    late = is_late(visit, policy=policy, now=now)
    visit_moves.to(
        session,
        visit,
        VisitState.CANCELLED,
        actor=actor,
        now=now,
        reason=reason or ("late" if late else None),
    )
    visit_moves.free(session, visit)
    audit.record(
        session,
        actor=actor,
        action="visit_cancelled",
        subject=visit,
        case=case,
        now=now,
        late=late,
        reason=reason,
    )
    strategies.follow(session, case=case, actor=actor, now=now)
    tell(session, "visit_cancelled", visit=visit, case=case, policy=policy, actor=actor, now=now)


def cancel_future(session: Session, *, case: Case, reason: str, actor: Actor, now: datetime) -> list[Visit]:
    """Cancel every visit of a case that has not begun, as when the consent is withdrawn."""
    policy = policies.of(lenders.get(session, case.lender_id), now)
    query = select(Visit).where(
        Visit.lender_id == case.lender_id, Visit.case_id == case.id, Visit.state.in_(AHEAD)
    )
    found = list(session.scalars(query.order_by(Visit.id)))
    for visit in found:
        cancel(session, visit=visit, case=case, policy=policy, actor=actor, now=now, reason=reason)
    return found


@in_savepoint
def stop_wrong_person(session: Session, *, visit: Visit, case: Case, actor: Actor, now: datetime) -> None:
    """The borrower says that the person at the door is not who was announced: the visit stops at once.

    The leads are written to, and the case shows it. Refused: there is nothing to stop any more."""
    visit_moves.to(session, visit, VisitState.STOPPED, actor=actor, now=now, reason=NOT_MY_AGENT)
    visit_moves.free(session, visit)
    audit.record(
        session,
        actor=actor,
        action="visit_alert",
        subject=visit,
        case=case,
        now=now,
        reason=NOT_MY_AGENT,
    )
    staff_messages.notify_role(
        session, lender_id=case.lender_id, role=Role.LEAD, template="visit_alert", now=now, case=case.ref
    )


def is_late(visit: Visit, *, policy: Policy, now: datetime) -> bool:
    """Whether a change made now comes later than both sides agreed to tell it."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    return not slots.change_in_time(day_of(visit, policy), changed_on=today, visit=policy.visit)


def is_ahead(visit: Visit) -> bool:
    """Whether a visit has not begun, so that it can still be moved or cancelled."""
    return visit.state in AHEAD


def last_day_to_change(visit: Visit, *, policy: Policy) -> date:
    """Return the last day on which a change is told in time."""
    return slots.last_day_to_change(day_of(visit, policy), policy.visit)


def crew_of(visit: Visit) -> list[Staff]:
    """Return who is coming; the first leads the visit."""
    return [member.staff for member in visit.crew]


def was_wrong_person(session: Session, *, visit: Visit) -> bool:
    """Whether the borrower stopped it because somebody else came."""
    query = select(VisitMove.id).where(
        VisitMove.lender_id == visit.lender_id,
        VisitMove.visit_id == visit.id,
        VisitMove.to_state == VisitState.STOPPED,
        VisitMove.reason == NOT_MY_AGENT,
    )
    return session.scalars(query).first() is not None


def can_stop(visit: Visit, *, policy: Policy, now: datetime) -> bool:
    """Whether somebody may be at the door: on the day of the visit, until it is over."""
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    expected = visit.state is VisitState.ASSIGNED and day_of(visit, policy) == today
    return expected or visit.state in UNDER_WAY


def code_of_today(visit: Visit, *, policy: Policy, now: datetime) -> str | None:
    """Return the code both sides compare at the door. None: this is not the day."""
    if not can_stop(visit, policy=policy, now=now):
        return None
    return arrival_code.code_of_day(bytes.fromhex(visit.seed), day_of(visit, policy))


def day_of(visit: Visit, policy: Policy) -> date:
    """Return the day of a visit in the lender's zone."""
    return visit.window_start.astimezone(ZoneInfo(policy.business.timezone)).date()


def tell(
    session: Session, template: str, *, visit: Visit, case: Case, policy: Policy, actor: Actor, now: datetime
) -> None:
    """Confirm to the borrower, at once what was their own act.

    Where nobody at home knows, the message names neither lender nor visit."""
    notifications.notify(
        session,
        borrower=case.borrower,
        template=template,
        case=case,
        now=now,
        asked_just_now=actor.is_borrower,
        discreet=visit.discreet,
        day=day_of(visit, policy),
        starts_at=visit.window_start,
        ends_at=visit.window_end,
        zone=ZoneInfo(policy.business.timezone),
    )
