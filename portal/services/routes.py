"""A day on the road: the stops of one member of staff, in the order of the agreed windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.domain import masking
from portal.domain.actor import Actor
from portal.models import Case, ContactPoint, Visit, VisitCrew
from portal.services import scope
from portal.vocabulary import ContactKind, PlaceKind, VisitState

# A visit that was only proposed, or moved to another day, is no stop.
NO_STOP = (VisitState.PROPOSED, VisitState.MOVED)
TO_GO = (VisitState.AGREED, VisitState.ASSIGNED, VisitState.ARRIVED, VisitState.VERIFIED)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One visit of the day. The borrower's name is masked; `position` ("latitude,longitude") is None where
    none is on file: it is never guessed."""

    visit: Visit
    borrower: str
    crew: tuple[str, ...]
    area: str
    phone: str
    position: str | None

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
    points = _main_points(session, actor, {visit.case.borrower_id for visit in found})
    return [_stop(visit, points) for visit in found]


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


Points = dict[tuple[int, ContactKind], ContactPoint]


def _main_points(session: Session, actor: Actor, borrowers: set[int]) -> Points:
    query = scope.of_lender(ContactPoint, actor).where(
        ContactPoint.borrower_id.in_(borrowers), ContactPoint.main.is_(True)
    )
    return {(point.borrower_id, point.kind): point for point in session.scalars(query)}


def _stop(visit: Visit, points: Points) -> Stop:
    borrower = visit.case.borrower
    phone = points.get((borrower.id, ContactKind.PHONE))
    home = points.get((borrower.id, ContactKind.ADDRESS)) if visit.place_kind is PlaceKind.HOME else None
    return Stop(
        visit=visit,
        borrower=masking.name(borrower.name),
        crew=tuple(member.staff.name for member in visit.crew),
        area=home.area if home else "",
        phone=phone.value if phone else "",
        position=home.position or None if home else None,
    )
