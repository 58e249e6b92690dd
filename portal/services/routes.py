"""A day on the road: the stops of one member of staff, in the order of the agreed windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain import masking
from portal.domain.actor import Actor
from portal.models import Case, Visit, VisitCrew
from portal.services import reveals, scope
from portal.services.reveals import Points
from portal.vocabulary import VisitState

# A visit that was only proposed, or moved to another day, is no stop.
NO_STOP = (VisitState.PROPOSED, VisitState.MOVED)
TO_GO = (VisitState.AGREED, VisitState.ASSIGNED, VisitState.ARRIVED, VisitState.VERIFIED)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One visit of the day. The borrower's name is masked, and so are number and address until this person
    asked to see them on the day."""

    visit: Visit
    borrower: str
    crew: tuple[str, ...]
    contact: reveals.Contact

    @property
    def to_go(self) -> bool:
        return self.visit.state in TO_GO


def stops(session: Session, *, actor: Actor, day: date, zone: ZoneInfo, now: datetime) -> list[Stop]:
    """Return the stops of a day in the lender's zone. A day further ahead than an agent may see is empty."""
    query = _of_day(actor, day, zone, now).options(
        joinedload(Visit.case).joinedload(Case.borrower),
        selectinload(Visit.crew).joinedload(VisitCrew.staff),
    )
    found = session.scalars(query.order_by(Visit.window_start, Visit.id)).all()
    points = reveals.main_points(session, [visit.case.borrower for visit in found])
    shown = reveals.shown_to(session, visits_of_day=found, actor=actor, now=now)
    is_today = day == now.astimezone(zone).date()
    return [_stop(visit, points[visit.case.borrower_id], visit.ref in shown, is_today) for visit in found]


def to_go(session: Session, *, actor: Actor, day: date, zone: ZoneInfo, now: datetime) -> Sequence[Visit]:
    """Return the visits of a day that are not over, the next one first."""
    query = _of_day(actor, day, zone, now).where(Visit.state.in_(TO_GO))
    query = query.options(joinedload(Visit.case).joinedload(Case.borrower))
    return session.scalars(query.order_by(Visit.window_start, Visit.id)).all()


def count_ahead(session: Session, *, actor: Actor, day: date, zone: ZoneInfo, now: datetime) -> int:
    """Return how many stops the next day has: for the page of a day that is empty or done."""
    ids = _of_day(actor, day + timedelta(days=1), zone, now).with_only_columns(Visit.id)
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _of_day(actor: Actor, day: date, zone: ZoneInfo, now: datetime) -> Select[Visit]:
    starts = datetime.combine(day, time.min, zone)
    ends = datetime.combine(day + timedelta(days=1), time.min, zone)
    own = select(VisitCrew.visit_id).where(
        VisitCrew.lender_id == actor.lender_id, VisitCrew.staff_id == actor.id
    )
    return scope.visits(actor, now=now).where(
        Visit.id.in_(own),
        Visit.window_start >= starts,
        Visit.window_start < ends,
        Visit.state.not_in(NO_STOP),
    )


def _stop(visit: Visit, points: Points, shown: bool, is_today: bool) -> Stop:
    return Stop(
        visit=visit,
        borrower=masking.name(visit.case.borrower.name),
        crew=tuple(member.staff.name for member in visit.crew),
        contact=reveals.contact_of(visit, points, shown=shown, can_show=is_today and visit.state in TO_GO),
    )
