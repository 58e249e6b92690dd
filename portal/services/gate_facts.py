"""What the contact gate is told: read from the rows of a case, in a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Required, TypedDict
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.domain import proofs, training
from portal.domain.actor import Actor
from portal.domain.contact_facts import Facts, VisitFacts
from portal.domain.overlay import contact_dpd
from portal.domain.policy import Policy
from portal.domain.proofs import ProofFacts
from portal.domain.slots import WINDOW
from portal.models import (
    Case,
    Complaint,
    Consent,
    Contact,
    ContactPoint,
    Proof,
    Staff,
    Training,
    Visit,
)
from portal.services import cases, repayments
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ComplaintState,
    ConsentPurpose,
    ContactKind,
    ContactOutcome,
    HoldReason,
    Initiator,
    PlaceKind,
    Product,
    VisitPurpose,
    VisitState,
)

NEEDS_ADDRESS = {
    Action.CALL: ContactKind.PHONE,
    Action.SMS: ContactKind.PHONE,
    Action.EMAIL: ContactKind.EMAIL,
    Action.LETTER: ContactKind.ADDRESS,
}
OPEN_COMPLAINT = (
    ComplaintState.RECEIVED,
    ComplaintState.ACKNOWLEDGED,
    ComplaintState.INVESTIGATING,
    ComplaintState.REVIEW_REQUESTED,
)
# A visit that did not and will not take place takes nothing from the month.
NOT_COUNTED = (VisitState.MOVED, VisitState.CANCELLED, VisitState.REFUSED)
NOT_ANSWERED = (ContactOutcome.NO_ANSWER, ContactOutcome.BUSY, ContactOutcome.WRONG_NUMBER)


class Question(TypedDict, total=False):
    """What the gate is asked. A visit is told by `visit` (a row, left out of its own counts), or by its
    `visit_start` and what follows; `visit_start` beside a row is the time it would be moved to."""

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
    crew: Sequence[Staff]
    accepted: bool
    discreet: bool
    represented: bool
    lead_approved_vulnerable: bool


def gather(session: Session, question: Question, policy: Policy) -> Facts:
    """Read the facts of a case as they are now. Counts are in the borrower's zone."""
    case, now = question["case"], question["now"]
    zone = case.borrower.timezone or policy.business.timezone
    loans = cases.loans_of(session, case)
    holds = frozenset(hold.reason for hold in cases.holds_of(session, case))
    complaints = _open_complaints(session, case)
    crew = _crew(session, question)
    repayment = repayments.of_case(
        session, case=case, policy=policy, today=now.astimezone(ZoneInfo(policy.business.timezone)).date()
    )
    contract_dpd = max((loan.dpd for loan in loans), default=0)
    consents = _visit_consents(session, case)
    contacts = _History.of(session, case, now=now, zone=ZoneInfo(zone))
    return Facts(
        borrower_zone=zone,
        initiator=question["initiator"],
        action_class=question["action_class"],
        asked_just_now=question.get("asked_just_now", False),
        reminder=question.get("reminder", False),
        channel_open=_channel_open(session, question),
        recused=_recused(session, question["actor"], crew, complaints),
        nobody_at_home_knows=_discreet(session, question),
        overdue_confirmed=case.closed_at is None and any(loan.dpd > 0 for loan in loans),
        dpd=contact_dpd(contract_dpd, repayment.standing if repayment else None),
        overdue_amount=sum(loan.overdue_amount for loan in loans),
        cards_only=bool(loans) and all(loan.product is Product.CARD for loan in loans),
        holds=holds,
        open_complaint=bool(complaints),
        open_dispute=HoldReason.DISPUTE in holds,
        agreement_in_force=repayment is not None,
        agreement_kept=bool(repayment and repayment.is_kept) and case.state is CaseState.IN_REPAYMENT,
        consent_revoked=bool(consents) and all(consent.revoked_at for consent in consents),
        represented=question.get("represented", False),
        lead_approved_vulnerable=question.get("lead_approved_vulnerable", False),
        attempts_today=contacts.attempts(days=1),
        attempts_this_week=contacts.attempts(days=7),
        failed_calls_today=contacts.failed_calls_today(),
        unanswered_days=contacts.unanswered_days(),
        failed_channels=contacts.failed_channels(),
        conversations_today=contacts.conversations(days=1),
        conversations_this_week=contacts.conversations(days=7),
        conversations_this_month=contacts.conversations(days=30),
        last_conversation_at=contacts.last_conversation_at(),
        number_invalid=contacts.number_invalid(),
        visit=_visit_facts(session, question, policy, crew, consents),
    )


@dataclass(frozen=True)
class _History:
    """The contacts of a case, oldest first. A window of n days is today and the n - 1 days before it."""

    contacts: Sequence[Contact]
    today: date
    zone: ZoneInfo

    @classmethod
    def of(cls, session: Session, case: Case, *, now: datetime, zone: ZoneInfo) -> "_History":
        query = select(Contact).where(
            Contact.lender_id == case.lender_id, Contact.case_id == case.id, Contact.at <= now
        )
        found = session.scalars(query.order_by(Contact.at, Contact.id))
        return cls(found.all(), now.astimezone(zone).date(), zone)

    def attempts(self, *, days: int) -> int:
        return len([each for each in self._calls() if self._within(each, days)])

    def conversations(self, *, days: int) -> int:
        return len([each for each in self._calls() if _reached(each) and self._within(each, days)])

    def last_conversation_at(self) -> datetime | None:
        return max((each.at for each in self.contacts if _reached(each)), default=None)

    def failed_calls_today(self) -> int:
        return len([each for each in self._unanswered_calls() if self._within(each, 1)])

    def unanswered_days(self) -> int:
        """Days with calls of which none was answered, since the borrower was last heard."""
        return len({self._day(each) for each in self._unanswered_calls()})

    def failed_channels(self) -> frozenset[Channel]:
        """Channels on which the borrower was tried and has not been heard since."""
        silent = [each for each in self._since_heard() if not each.inbound]
        return frozenset(
            each.channel for each in silent if each.outcome in (*NOT_ANSWERED, ContactOutcome.SENT)
        )

    def number_invalid(self) -> bool:
        calls = self._calls()
        return bool(calls) and calls[-1].outcome == ContactOutcome.WRONG_NUMBER

    def _calls(self) -> list[Contact]:
        return [each for each in self.contacts if each.channel is Channel.PHONE and not each.inbound]

    def _unanswered_calls(self) -> list[Contact]:
        return [
            each
            for each in self._since_heard()
            if each.channel is Channel.PHONE and not each.inbound and each.outcome in NOT_ANSWERED
        ]

    def _since_heard(self) -> Sequence[Contact]:
        heard = [place for place, each in enumerate(self.contacts) if each.inbound or _reached(each)]
        return self.contacts[heard[-1] + 1 :] if heard else self.contacts

    def _within(self, contact: Contact, days: int) -> bool:
        return self.today - timedelta(days=days - 1) <= self._day(contact) <= self.today

    def _day(self, contact: Contact) -> date:
        return contact.at.astimezone(self.zone).date()


def _reached(contact: Contact) -> bool:
    return contact.channel is Channel.PHONE and contact.outcome == ContactOutcome.REACHED


def _visit_facts(
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


def _crew(session: Session, question: Question) -> list[int]:
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


def _channel_open(session: Session, question: Question) -> bool:
    """Whether there is an address for the channel. A visit's place is asked by its own rule."""
    kind = NEEDS_ADDRESS.get(question["action"])
    if kind is None:
        return True
    case = question["case"]
    query = select(ContactPoint.id).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == kind,
    )
    return session.scalars(query.limit(1)).first() is not None


def _discreet(session: Session, question: Question) -> bool:
    """Whether nobody at home knows: as said now, else as said with the newest visit of the case."""
    if "discreet" in question:
        return question["discreet"]
    case = question["case"]
    query = select(Visit.discreet).where(Visit.lender_id == case.lender_id, Visit.case_id == case.id)
    return bool(session.scalars(query.order_by(Visit.id.desc()).limit(1)).first())


def _open_complaints(session: Session, case: Case) -> Sequence[Complaint]:
    query = select(Complaint).where(
        Complaint.lender_id == case.lender_id,
        Complaint.case_id == case.id,
        Complaint.state.in_(OPEN_COMPLAINT),
    )
    return session.scalars(query).all()


def _recused(session: Session, actor: Actor, crew: Sequence[int], complaints: Sequence[Complaint]) -> bool:
    """Whether an open complaint of the case is about somebody who would act, or whom they manage."""
    about = {complaint.about_id for complaint in complaints if complaint.about_id}
    acting = {*crew, actor.id} if actor.is_staff else set(crew)
    if not about or not acting:
        return False
    managed: ColumnElement[bool] = Staff.manager_id.in_(acting)
    query = select(Staff.id).where(
        Staff.lender_id == actor.lender_id, Staff.id.in_(about), or_(Staff.id.in_(acting), managed)
    )
    return session.scalars(query.limit(1)).first() is not None


def _visit_consents(session: Session, case: Case) -> Sequence[Consent]:
    query = select(Consent).where(
        Consent.lender_id == case.lender_id,
        Consent.case_id == case.id,
        Consent.purpose == ConsentPurpose.VISIT_SERVICE,
    )
    return session.scalars(query).all()
