"""A question to the contact gate, and what the gate is told of the visit in it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Required, TypedDict
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import proofs, training
from portal.domain.actor import Actor
from portal.domain.contact_facts import VisitFacts
from portal.domain.policy import Policy
from portal.domain.proofs import ProofFacts
from portal.domain.slots import WINDOW
from portal.models import Case, Consent, ContactPoint, Party, Proof, Staff, Training, Visit
from portal.vocabulary import Action, ActionClass, Initiator, PlaceKind, VisitPurpose, VisitState

# A visit that did not and will not take place takes nothing from the month.
NOT_COUNTED = (VisitState.MOVED, VisitState.CANCELLED, VisitState.REFUSED)


class Question(TypedDict, total=False):
    """What the gate is asked. A visit is told by `visit` (a row, left out of its own counts), or by its
    `visit_start` and what follows; `visit_start` beside a row is the time it would be moved to.

    `contact_point`: the number that would be called, else the main one; `party`: somebody in the contract who
    would be asked for the borrower; `telling`: the act names the debt where somebody else may see it;
    `outside_agency`: somebody acts who is not the lender's own."""

    case: Required[Case]
    action: Required[Action]
    action_class: Required[ActionClass]
    initiator: Required[Initiator]
    actor: Required[Actor]
    now: Required[datetime]
    asked_just_now: bool
    reminder: bool
    visit: Visit | None
    visit_start: datetime | None
    visit_end: datetime | None
    place: PlaceKind
    purpose: VisitPurpose
    contact_point: ContactPoint | None
    party: Party | None
    telling: bool
    outside_agency: bool
    crew: Sequence[Staff]
    accepted: bool
    discreet: bool
    represented: bool
    lead_approved_vulnerable: bool


def visit_facts(
    session: Session, question: Question, policy: Policy, crew: Sequence[int], consents: Sequence[Consent]
) -> VisitFacts | None:
    row = question.get("visit")
    start = question.get("visit_start") or (row.window_start if row else None)
    if start is None:
        return None
    zone = ZoneInfo(policy.business.timezone)
    day = start.astimezone(zone).date()
    return VisitFacts(
        starts_at=start,
        ends_at=_visit_end(question, start),
        place=question.get("place") or (row.place_kind if row else PlaceKind.HOME),
        purpose=question.get("purpose") or (row.purpose if row else VisitPurpose.PLAN),
        service_consent=any(consent.revoked_at is None for consent in consents),
        accepted_by_borrower=_accepted(question),
        documents_complete=_documents_complete(session, question["case"], policy, day),
        crew=len(crew),
        crew_trained=_trained(session, question["case"].lender_id, crew, policy, day),
        other_visits_this_month=_other_visits(session, question, day, zone),
    )


def _visit_end(question: Question, start: datetime) -> datetime:
    """The end that was named, else that of the row, else a usual window later."""
    if end := question.get("visit_end"):
        return end
    row = question.get("visit")
    moved = question.get("visit_start") is not None
    return row.window_end if row and not moved else start + WINDOW


def _accepted(question: Question) -> bool:
    """What the borrower booked is accepted; so is what was agreed before, as long as it is not moved."""
    if "accepted" in question:
        return question["accepted"]
    row = question.get("visit")
    agreed = row is not None and row.state is not VisitState.PROPOSED and not question.get("visit_start")
    return question["initiator"] is Initiator.BORROWER or question["actor"].is_borrower or agreed


def crew_of(question: Question) -> list[int]:
    if crew := question.get("crew"):
        return [person.id for person in crew]
    row = question.get("visit")
    return [member.staff_id for member in row.crew] if row else []


def _trained(session: Session, lender_id: int, crew: Sequence[int], policy: Policy, day: date) -> int:
    """How many of the crew hold every required module on the day."""
    query = select(Training).where(
        Training.lender_id == lender_id, Training.staff_id.in_(crew), Training.passed_on <= day
    )
    passed: dict[int, dict[str, date]] = {person: {} for person in crew}
    for row in session.scalars(query.order_by(Training.passed_on)):
        passed[row.staff_id][row.module] = row.passed_on
    return sum(training.is_trained(modules, day=day, visit=policy.visit) for modules in passed.values())


def _documents_complete(session: Session, case: Case, policy: Policy, day: date) -> bool:
    query = select(Proof).where(Proof.lender_id == case.lender_id, Proof.case_id == case.id)
    papers = [
        ProofFacts(
            kind=row.kind,
            state=row.state,
            received_on=row.received_on,
            dated_on=row.issued_on,
            expires_on=row.expires_on,
        )
        for row in session.scalars(query)
    ]
    return proofs.complete(papers, on=day, documents=policy.documents)


def _other_visits(session: Session, question: Question, day: date, zone: ZoneInfo) -> int:
    """Visits of the case in the calendar month of a day, the one being asked about left out."""
    first = datetime(day.year, day.month, 1, tzinfo=zone)
    after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=zone)
    own = question.get("visit")
    query = select(Visit.id).where(
        Visit.lender_id == question["case"].lender_id,
        Visit.case_id == question["case"].id,
        Visit.window_start >= first,
        Visit.window_start < after,
        Visit.state.not_in(NOT_COUNTED),
    )
    return len([each for each in session.scalars(query) if own is None or each != own.id])
