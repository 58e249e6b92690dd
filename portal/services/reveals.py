"""Numbers and addresses of a borrower: masked on the pages of the staff until somebody asks to see one.

Each look is an entry in the audit log that says who saw what of which case; the value stands in no entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Borrower, Case, ContactPoint, Visit
from portal.services import audit, audit_trail, lenders, on_site, policies, throttles, visits
from portal.services.on_site import UNDER_WAY
from portal.services.visits import AHEAD
from portal.vocabulary import ContactKind, PersonalField, PlaceKind, Role

# An auditor reads the log of these looks and takes none.
ROLES = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER)
LOOKS = throttles.Limit(name="reveal", most=60, minutes=60)
AWAY = (PlaceKind.HOME, PlaceKind.OTHER_ADDRESS)
_KINDS = {
    PersonalField.PHONE: ContactKind.PHONE,
    PersonalField.EMAIL: ContactKind.EMAIL,
    PersonalField.ADDRESS: ContactKind.ADDRESS,
}


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value as a page shows it: masked, or in full when it was asked for. Empty: nothing is on file.

    `undeliverable_since`: when the first message left that did not arrive there; None: messages do."""

    field: PersonalField
    text: str
    shown: bool = False
    undeliverable_since: datetime | None = None


Values = Mapping[PersonalField, Value]
Points = Mapping[ContactKind, ContactPoint]


@dataclass(frozen=True, kw_only=True)
class Contact:
    """How the crew of a visit reaches the borrower.

    `place` is empty where nobody goes to an address, or nothing of it can be shown; `position`
    ("latitude,longitude") is known only where the address is shown and one is on file."""

    values: Values
    place: str
    position: str | None
    shown: bool
    can_show: bool

    @property
    def phone(self) -> str:
        """The number to call; empty as long as it is masked."""
        value = self.values[PersonalField.PHONE]
        return value.text if value.shown else ""


def masked(session: Session, *, borrower: Borrower) -> Values:
    """Return every value of a borrower, none of them in full."""
    return _values(borrower, main_points(session, [borrower]).get(borrower.id, {}))


def reveal(
    session: Session,
    *,
    case: Case,
    field: PersonalField,
    actor: Actor,
    now: datetime,
    visit: Visit | None = None,
) -> Value:
    """Return one value in full and record the look. Refused: not this role's, too many in an hour, nothing is
    on file. The caller commits although it refuses."""
    _require_role(actor)
    _count(session, actor, now)
    points = main_points(session, [case.borrower]).get(case.borrower_id, {})
    found = _values(case.borrower, points, shown=frozenset({field}))[field]
    if not found.text:
        raise Refused("nothing_on_file")
    audit.record(
        session,
        actor=actor,
        action="value_revealed",
        subject=visit or case,
        case=case,
        now=now,
        field=field,
    )
    return found


def show_contact(session: Session, *, visit: Visit, actor: Actor, now: datetime) -> None:
    """Let one of the crew see where to go and whom to call, for this visit on its day; recorded once.

    Refused: not of the crew, another day, the visit is over."""
    on_site.require_crew(visit, actor)
    if visit.state not in (*AHEAD, *UNDER_WAY):
        raise Refused("step_not_open")
    if not _is_the_day(session, visit, now):
        raise Refused("not_the_day")
    if not shown_to(session, visits_of_day=[visit], actor=actor, now=now):
        audit.record(session, actor=actor, action="contact_shown", subject=visit, case=visit.case, now=now)


def contact(session: Session, *, visit: Visit, actor: Actor, now: datetime) -> Contact:
    """Return how to reach the borrower of a visit: masked until this person asked for it on the day."""
    points = main_points(session, [visit.case.borrower]).get(visit.case.borrower_id, {})
    shown = bool(shown_to(session, visits_of_day=[visit], actor=actor, now=now))
    return contact_of(visit, points, shown=shown, can_show=_can_show(session, visit, actor, now))


def contact_of(visit: Visit, points: Points, *, shown: bool, can_show: bool) -> Contact:
    """Put together how to reach the borrower of a visit."""
    at_home = visit.place_kind is PlaceKind.HOME
    fields = frozenset({PersonalField.PHONE, *([PersonalField.ADDRESS] if at_home else [])})
    values = _values(visit.case.borrower, points, shown=fields if shown else frozenset())
    home = points.get(ContactKind.ADDRESS)
    place = values[PersonalField.ADDRESS].text if at_home else visit.place or ""
    if not shown:
        place = place if at_home else masking.address(place)
    return Contact(
        values=values,
        place="" if place == masking.HIDDEN else place,
        position=(home.position or None) if shown and at_home and home else None,
        shown=shown,
        can_show=can_show and not shown,
    )


def shown_to(
    session: Session, *, visits_of_day: Sequence[Visit], actor: Actor, now: datetime
) -> frozenset[str]:
    """Return the references of those visits whose contact this person was shown today."""
    if not visits_of_day:
        return frozenset()
    zone = _zone(session, actor.lender_id, now)
    starts = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    subjects = {f"visit/{visit.ref}": visit.ref for visit in visits_of_day}
    shown = audit_trail.subjects_of(
        session,
        actor=actor,
        action="contact_shown",
        case_refs={visit.case.ref for visit in visits_of_day},
        since=starts,
        until=starts + timedelta(days=1),
    )
    return frozenset(subjects[subject] for subject in shown if subject in subjects)


def main_points(session: Session, borrowers: Sequence[Borrower]) -> Mapping[int, Points]:
    """Return the main telephone, e-mail and address of each borrower, by the borrower's id."""
    found: dict[int, dict[ContactKind, ContactPoint]] = {borrower.id: {} for borrower in borrowers}
    query = select(ContactPoint).where(
        ContactPoint.lender_id.in_({borrower.lender_id for borrower in borrowers}),
        ContactPoint.borrower_id.in_(found),
        ContactPoint.main.is_(True),
    )
    for point in session.scalars(query) if borrowers else []:
        found[point.borrower_id][point.kind] = point
    return found


def _values(
    borrower: Borrower, points: Points, *, shown: frozenset[PersonalField] = frozenset()
) -> dict[PersonalField, Value]:
    return {
        field: Value(
            field=field,
            text=_text(borrower, points, field, field in shown),
            shown=field in shown,
            undeliverable_since=_undeliverable_since(points, field),
        )
        for field in PersonalField
    }


def _undeliverable_since(points: Points, field: PersonalField) -> datetime | None:
    kind = _KINDS.get(field)
    point = points.get(kind) if kind else None
    return point.undeliverable_since if point else None


def _text(borrower: Borrower, points: Points, field: PersonalField, in_full: bool) -> str:
    if field is PersonalField.ID_NO:
        full = borrower.id_no or ""
        return full if in_full or not full else masking.number(full)
    point = points.get(_KINDS[field])
    if point is None:
        return ""
    area = point.area or ""
    if in_full:
        return f"{area} {point.value}".strip()
    if field is PersonalField.ADDRESS:
        return masking.address(point.value, area)
    return masking.email(point.value) if field is PersonalField.EMAIL else masking.number(point.value)


def _require_role(actor: Actor) -> None:
    if not actor.has(*ROLES):
        raise Refused("reveal_not_yours")


def _count(session: Session, actor: Actor, now: datetime) -> None:
    try:
        throttles.count(session, limit=LOOKS, subject=f"{actor.lender_id}|{actor}", now=now)
    except Refused as refusal:
        raise Refused("too_many_reveals", most=LOOKS.most) from refusal


def _can_show(session: Session, visit: Visit, actor: Actor, now: datetime) -> bool:
    return (
        on_site.is_crew(visit, actor)
        and visit.state in (*AHEAD, *UNDER_WAY)
        and _is_the_day(session, visit, now)
    )


def _is_the_day(session: Session, visit: Visit, now: datetime) -> bool:
    today: date = now.astimezone(_zone(session, visit.lender_id, now)).date()
    return visits.day_of(visit, policies.of(lenders.get(session, visit.lender_id), now)) == today


def _zone(session: Session, lender_id: int, now: datetime) -> ZoneInfo:
    return ZoneInfo(policies.of(lenders.get(session, lender_id), now).business.timezone)
