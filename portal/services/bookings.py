"""Booking a visit: the borrower chooses place and time, and may change both."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.domain import arrival_code, masking, slots
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.domain.slots import Slot
from portal.models import Case, ContactPoint, Staff, Visit, VisitCell, VisitCrew
from portal.services import audit, cases, gate, lenders, slots_on_offer, strategies, visit_moves, visits
from portal.services.gate_visits import Question
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    ContactKind,
    Initiator,
    PlaceKind,
    VisitPurpose,
    VisitState,
)

SHOWN_OF_STREET = 4


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How the borrower wants the meeting. `address` counts for another address only."""

    place: PlaceKind
    address: str = ""
    companion: str = ""
    discreet: bool = False


def masked_home(session: Session, *, case: Case) -> str | None:
    """Return the borrower's address on file as a page shows it: the area and how the street begins."""
    point = _home(session, case)
    return f"{point.area} {point.value[:SHOWN_OF_STREET]}{masking.HIDDEN}".strip() if point else None


def _home(session: Session, case: Case) -> ContactPoint | None:
    query = select(ContactPoint).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.ADDRESS,
        ContactPoint.main.is_(True),
    )
    return session.scalars(query).first()


def obstacles(
    session: Session, *, case: Case, slot: Slot[int], wish: Wish, actor: Actor, now: datetime
) -> list[gate.RuleLine]:
    """Return the rules that stand in the way of a visit, looked at with a time that is free."""
    judgement = gate.judge(
        session, **_question(session, case=case, slot=slot, wish=wish, actor=actor, now=now)
    )
    return [gate.as_line(result) for result in judgement.failed]


@in_savepoint
def book(
    session: Session,
    *,
    case: Case,
    starts_at: datetime,
    wish: Wish,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Visit:
    """Book a visit the borrower asks for, with a provisional crew.

    Refused: the day or time is not to be had (`day_…`, `slot_…`), the place is missing, the gate says no."""
    slot = slots_on_offer.take(session, case=case, starts_at=starts_at, policy=policy, now=now)
    visit = _appoint(session, case=case, slot=slot, wish=wish, actor=actor, now=now)
    day = visits.day_of(visit, policy).isoformat()
    audit.record(
        session,
        actor=actor,
        action="visit_booked",
        subject=visit,
        case=case,
        now=now,
        day=day,
        place=wish.place,
    )
    cases.advance(session, case=case, to=CaseState.BOOKED, actor=actor, now=now)
    visits.tell(session, "visit_booked", visit=visit, case=case, policy=policy, actor=actor, now=now)
    return visit


@in_savepoint
def move(
    session: Session,
    *,
    visit: Visit,
    case: Case,
    starts_at: datetime,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Visit:
    """Move a visit to another time; the old one stays on record as moved. Refused: as `book`.

    The new day keeps the lead time; the old one counts for nothing. A late change is recorded, no more."""
    late = visits.is_late(visit, policy=policy, now=now)
    slot = slots_on_offer.take(
        session, case=case, starts_at=starts_at, policy=policy, now=now, leaving_out=visit
    )
    visit_moves.to(session, visit, VisitState.MOVED, actor=actor, now=now, reason="late" if late else None)
    visit_moves.free(session, visit)
    wish = Wish(
        place=visit.place_kind, address=visit.place, companion=visit.companion, discreet=visit.discreet
    )
    moved = _appoint(session, case=case, slot=slot, wish=wish, moved_from=visit, actor=actor, now=now)
    day = visits.day_of(moved, policy).isoformat()
    audit.record(
        session,
        actor=actor,
        action="visit_moved",
        subject=moved,
        case=case,
        now=now,
        day=day,
        late=late,
        before=visit.ref,
    )
    strategies.follow(session, case=case, actor=actor, now=now)
    visits.tell(session, "visit_moved", visit=moved, case=case, policy=policy, actor=actor, now=now)
    return moved


def _appoint(
    session: Session,
    *,
    case: Case,
    slot: Slot[int],
    wish: Wish,
    moved_from: Visit | None = None,
    actor: Actor,
    now: datetime,
) -> Visit:
    """Write a visit the borrower agrees to with their own hand, and its provisional crew."""
    place = _place(session, case, wish)
    decision = gate.require(
        session, **_question(session, case=case, slot=slot, wish=wish, actor=actor, now=now)
    )
    visit = Visit(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        decision_id=decision.id,
        moved_from_id=moved_from.id if moved_from else None,
        state=VisitState.AGREED,
        initiator=Initiator.BORROWER,
        purpose=moved_from.purpose if moved_from else VisitPurpose.PLAN,
        place_kind=wish.place,
        place=place,
        window_start=slot.starts_at,
        window_end=slot.ends_at,
        companion=wish.companion.strip() or None,
        discreet=wish.discreet,
        seed=secrets.token_hex(arrival_code.SEED_BYTES),
    )
    session.add(visit)
    session.flush()
    visit_moves.log(session, visit, None, visit.state, actor=actor, now=now)
    _assign(session, visit, slot, now)
    visit_moves.to(session, visit, VisitState.ASSIGNED, actor=actor, now=now)
    return visit


def _assign(session: Session, visit: Visit, slot: Slot[int], now: datetime) -> None:
    """Take the time of everybody in the crew. The key of the table decides who was first."""
    lender_id, visit_id = visit.lender_id, visit.id
    crew = [
        VisitCrew(lender_id=lender_id, created_at=now, visit_id=visit_id, staff_id=person, position=position)
        for position, person in enumerate(slot.crew, start=1)
    ]
    cells = [
        VisitCell(lender_id=lender_id, created_at=now, visit_id=visit_id, staff_id=person, starts_at=cell)
        for person in slot.crew
        for cell in slots.cells(slot.starts_at, slot.ends_at - slot.starts_at)
    ]
    try:
        with session.begin_nested():
            session.add_all([*crew, *cells])
    except IntegrityError as taken:
        raise Refused("slot_taken") from taken


def _question(
    session: Session, *, case: Case, slot: Slot[int], wish: Wish, actor: Actor, now: datetime
) -> Question:
    crew = select(Staff).where(Staff.lender_id == case.lender_id, Staff.id.in_(slot.crew))
    return Question(
        case=case,
        action=Action.VISIT_CONFIRMATION,
        action_class=ActionClass.SERVICE,
        initiator=Initiator.BORROWER,
        actor=actor,
        now=now,
        asked_just_now=True,
        visit_start=slot.starts_at,
        visit_end=slot.ends_at,
        place=wish.place,
        purpose=VisitPurpose.PLAN,
        crew=list(session.scalars(crew)),
        accepted=True,
        discreet=wish.discreet,
    )


def _place(session: Session, case: Case, wish: Wish) -> str | None:
    """Where the meeting takes place, in words. None: on the phone or by video."""
    match wish.place:
        case PlaceKind.HOME:
            if (home := _home(session, case)) is None:
                raise Refused("visit_no_home")
            return f"{home.area} {home.value}".strip()
        case PlaceKind.OTHER_ADDRESS:
            if not wish.address.strip():
                raise Refused("visit_address_missing")
            return wish.address.strip()
        case PlaceKind.BRANCH:
            return lenders.get(session, case.lender_id).hand_in_place[case.borrower.locale.value]
        case _:
            return None
