"""Which visit times can be chosen now: free windows of trained crews, on days the rules allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain import slots, training
from portal.domain.calendar import BusinessCalendar
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.domain.slots import DayOffer as DayOffer
from portal.domain.slots import DayRefusal
from portal.domain.slots import Slot as Slot
from portal.models import Case, Staff, StaffRole, Training, Visit, VisitCell
from portal.services.gate_visits import NOT_COUNTED
from portal.vocabulary import Role

DAYS_AHEAD = 14
NEAREST = 3


@dataclass(frozen=True, kw_only=True)
class Diary:
    """What decides about free times: the rules, who is trained and free, and the other visits of the case.

    Staff are their ids; a day is a day in the lender's zone."""

    policy: Policy
    today: date
    staff: Sequence[int]
    passed_on: dict[int, dict[str, date]]
    taken: dict[int, set[datetime]]
    other_visits: Sequence[date]

    def on(self, day: date) -> DayOffer[int]:
        """What one day offers, or why it offers nothing."""
        visit = self.policy.visit
        trained = [
            each for each in self.staff if training.is_trained(self.passed_on[each], day=day, visit=visit)
        ]
        return slots.offer(
            day,
            booked_on=self.today,
            other_visits=self.other_visits,
            staff=trained,
            taken=self.taken,
            visit=visit,
            calendar=BusinessCalendar.of(self.policy.business),
            zone=self.policy.business.timezone,
        )


def diary(
    session: Session, *, case: Case, policy: Policy, now: datetime, leaving_out: Visit | None = None
) -> Diary:
    """Read what decides about free times. `leaving_out` is the visit being moved: it stands in no way."""
    zone = ZoneInfo(policy.business.timezone)
    staff = list(session.scalars(_agents(case.lender_id)))
    own = leaving_out.id if leaving_out else None
    return Diary(
        policy=policy,
        today=now.astimezone(zone).date(),
        staff=staff,
        passed_on=_trainings(session, case.lender_id, staff),
        taken=_taken(session, case.lender_id, staff, now, own),
        other_visits=_visit_days(session, case, zone, own),
    )


def days(diary: Diary) -> list[DayOffer[int]]:
    """The days people can look at: those with free times, and those that are full.

    Days that a rule closes (lead time, spacing, holidays) are left out."""
    ahead = [diary.today + timedelta(days=count) for count in range(1, DAYS_AHEAD + 1)]
    offers = [diary.on(day) for day in ahead]
    return [offer for offer in offers if offer.slots or offer.refusals == (DayRefusal.FULL,)]


def nearest(diary: Diary, wanted: datetime) -> list[Slot[int]]:
    """The free times nearest to one that is gone."""
    free = [slot for offer in days(diary) for slot in offer.slots]
    return sorted(slots.nearest(free, wanted, NEAREST), key=lambda slot: slot.starts_at)


def take(
    session: Session,
    *,
    case: Case,
    starts_at: datetime,
    policy: Policy,
    now: datetime,
    leaving_out: Visit | None = None,
) -> Slot[int]:
    """Return a time that is free, holding the diary of the crews until the transaction ends.

    Refused: the day is not offered (`day_…`), the time is taken, or there is no such time."""
    session.execute(_agents(case.lender_id).with_for_update(key_share=True))
    book = diary(session, case=case, policy=policy, now=now, leaving_out=leaving_out)
    day = starts_at.astimezone(ZoneInfo(policy.business.timezone)).date()
    offer = book.on(day)
    for reason in offer.refusals:
        if reason is not DayRefusal.FULL:
            raise Refused(
                reason.value,
                lead=policy.visit.min_lead_days,
                gap=policy.visit.min_gap_days,
                most=policy.visit.per_month,
            )
    known = [start for start, _ in slots.windows(day, visit=policy.visit, zone=policy.business.timezone)]
    if starts_at not in known:
        raise Refused("slot_unknown")
    for slot in offer.slots:
        if slot.starts_at == starts_at:
            return slot
    raise Refused("slot_taken")


def _agents(lender_id: int) -> Select[int]:
    """The ids of the people who go on visits, in one order for everybody who locks them."""
    agents = select(StaffRole.staff_id).where(StaffRole.lender_id == lender_id, StaffRole.role == Role.AGENT)
    query = select(Staff.id).where(
        Staff.lender_id == lender_id, Staff.disabled_at.is_(None), Staff.id.in_(agents)
    )
    return query.order_by(Staff.id)


def _trainings(session: Session, lender_id: int, staff: Sequence[int]) -> dict[int, dict[str, date]]:
    """When each person last passed each module."""
    query = select(Training).where(Training.lender_id == lender_id, Training.staff_id.in_(staff))
    passed: dict[int, dict[str, date]] = {person: {} for person in staff}
    for row in session.scalars(query.order_by(Training.passed_on)):
        passed[row.staff_id][row.module] = row.passed_on
    return passed


def _taken(
    session: Session, lender_id: int, staff: Sequence[int], now: datetime, own: int | None
) -> dict[int, set[datetime]]:
    query = select(VisitCell).where(
        VisitCell.lender_id == lender_id, VisitCell.staff_id.in_(staff), VisitCell.starts_at >= now
    )
    taken: dict[int, set[datetime]] = {person: set() for person in staff}
    for cell in session.scalars(query):
        if cell.visit_id != own:
            taken[cell.staff_id].add(cell.starts_at)
    return taken


def _visit_days(session: Session, case: Case, zone: ZoneInfo, own: int | None) -> list[date]:
    query = select(Visit).where(
        Visit.lender_id == case.lender_id, Visit.case_id == case.id, Visit.state.not_in(NOT_COUNTED)
    )
    return [visit.window_start.astimezone(zone).date() for visit in session.scalars(query) if visit.id != own]
