"""Complaints: filing one, answering it within its clock, deciding it. A complaint is a brake on contact."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import deadlines, transitions
from portal.domain.actor import Actor
from portal.domain.calendar import BusinessCalendar
from portal.domain.refusals import Refused
from portal.infra import ids
from portal.models import (
    Borrower,
    Case,
    Complaint,
    ComplaintDecision,
    ComplaintMessage,
    ComplaintMove,
    Hold,
    Lender,
    Staff,
    Visit,
    VisitCrew,
)
from portal.services import audit, cases, lenders, notifications, policies, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    OPEN_COMPLAINT,
    Channel,
    ComplaintOutcome,
    ComplaintState,
    ComplaintTopic,
    HoldReason,
    Locale,
    Role,
)


@in_savepoint
def file(
    session: Session,
    *,
    lender: Lender,
    case: Case | None,
    topic: ComplaintTopic,
    text: str,
    locale: Locale,
    actor: Actor,
    now: datetime,
    name: str = "",
    reply_to: str = "",
    about: Staff | None = None,
    channel: Channel = Channel.PORTAL,
) -> Complaint:
    """File a complaint and start its clock. Collection on the case stops until it is decided."""
    policy = policies.of(lender, now)
    received_on = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    calendar = BusinessCalendar.of(policy.business)
    clock = deadlines.complaint_clock(
        received_on, is_complex=False, complaint=policy.complaint, calendar=calendar
    )
    complaint = Complaint(
        lender_id=lender.id,
        created_at=now,
        number=_free_number(session, lender),
        case_id=case.id if case else None,
        about_id=about.id if about else None,
        state=ComplaintState.RECEIVED,
        topic=topic,
        channel=channel,
        locale=locale,
        text=text,
        name=name,
        reply_to=reply_to,
        received_at=now,
        acknowledge_by=clock.acknowledge_by,
        decide_by=clock.decide_by,
    )
    session.add(complaint)
    session.flush()
    audit.record(
        session, actor=actor, action="complaint_filed", subject=complaint, case=case, now=now, topic=topic
    )
    if case:
        cases.hold(
            session, case=case, reason=HoldReason.COMPLAINT, subject=complaint.ref, actor=actor, now=now
        )
    _tell(session, complaint, "complaint_received", now=now, receipt=True)
    return complaint


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Complaint | None:
    return session.scalar(scope.complaints(actor, now=now).where(Complaint.ref == ref))


def of_person(session: Session, *, actor: Actor, now: datetime) -> list[Complaint]:
    """Return a borrower's own complaints, newest first."""
    return list(session.scalars(scope.complaints(actor, now=now).order_by(Complaint.id.desc())))


def crews_met(session: Session, *, case: Case) -> list[Staff]:
    """Return the staff who were named for a visit of the case: whom the borrower may complain about."""
    met = (
        select(VisitCrew.staff_id)
        .join(Visit, Visit.id == VisitCrew.visit_id)
        .where(Visit.lender_id == case.lender_id, Visit.case_id == case.id)
    )
    query = select(Staff).where(Staff.lender_id == case.lender_id, Staff.id.in_(met))
    return list(session.scalars(query.order_by(Staff.number)))


def thread(session: Session, complaint: Complaint, *, with_internal: bool) -> list[ComplaintMessage]:
    """Return the messages, oldest first; internal notes only for staff."""
    query = select(ComplaintMessage).where(ComplaintMessage.complaint_id == complaint.id)
    if not with_internal:
        query = query.where(ComplaintMessage.internal.is_(False))
    return list(session.scalars(query.order_by(ComplaintMessage.id)))


def complainant(session: Session, complaint: Complaint) -> str:
    """Return the name of whoever complained; empty when they gave none."""
    if complaint.case is None:
        return complaint.name
    return session.get_one(Borrower, complaint.case.borrower_id).name


def decision_of(session: Session, complaint: Complaint) -> ComplaintDecision | None:
    query = select(ComplaintDecision).where(ComplaintDecision.complaint_id == complaint.id)
    return session.scalar(query)


@in_savepoint
def claim(session: Session, *, complaint: Complaint, actor: Actor, now: datetime) -> None:
    """Take a complaint into one's own hands; the complainant is told that it is being looked at."""
    _only_handlers(actor)
    if complaint.owner_id not in (None, actor.id):
        raise Refused("complaint_taken")
    complaint.owner_id = actor.id
    if complaint.state is ComplaintState.RECEIVED:
        _move(session, complaint, ComplaintState.ACKNOWLEDGED, actor, now)
        _tell(session, complaint, "complaint_acknowledged", now=now)
    audit.record(
        session, actor=actor, action="complaint_claimed", subject=complaint, case=complaint.case, now=now
    )


@in_savepoint
def write(
    session: Session, *, complaint: Complaint, body: str, internal: bool, actor: Actor, now: datetime
) -> ComplaintMessage:
    """Add a message to the thread, or an internal note. The first answer begins the investigation."""
    if actor.is_staff:
        _only_owner(complaint, actor)
    if complaint.state not in OPEN_COMPLAINT:
        raise Refused("complaint_decided_already")
    message = ComplaintMessage(
        lender_id=complaint.lender_id,
        created_at=now,
        complaint_id=complaint.id,
        staff_id=actor.id if actor.is_staff else None,
        internal=internal,
        body=body,
    )
    session.add(message)
    if actor.is_staff and complaint.state is ComplaintState.ACKNOWLEDGED:
        _move(session, complaint, ComplaintState.INVESTIGATING, actor, now)
    action = (
        "complaint_noted" if internal else "complaint_answered" if actor.is_staff else "complaint_added_to"
    )
    case = None if internal else complaint.case
    audit.record(session, actor=actor, action=action, subject=complaint, case=case, now=now)
    if actor.is_staff and not internal:
        _tell(session, complaint, "complaint_answered", now=now, answer=body)
    return message


@in_savepoint
def decide(
    session: Session,
    *,
    complaint: Complaint,
    outcome: ComplaintOutcome,
    checked: str,
    grounds: str,
    redress: str,
    actor: Actor,
    now: datetime,
) -> ComplaintDecision:
    """Decide a complaint: what was checked, on what grounds, what is put right. Contact may go on again."""
    _only_owner(complaint, actor)
    if complaint.state is ComplaintState.ACKNOWLEDGED:
        _move(session, complaint, ComplaintState.INVESTIGATING, actor, now)
    _move(session, complaint, ComplaintState.DECIDED, actor, now)
    decision = ComplaintDecision(
        lender_id=complaint.lender_id,
        created_at=now,
        complaint_id=complaint.id,
        staff_id=actor.id,
        outcome=outcome,
        checked=checked,
        grounds=grounds,
        redress=redress,
    )
    session.add(decision)
    _end_hold(session, complaint, actor, now)
    audit.record(
        session,
        actor=actor,
        action="complaint_decided",
        subject=complaint,
        case=complaint.case,
        now=now,
        outcome=outcome,
    )
    _tell(session, complaint, "complaint_decided", now=now, answer=grounds)
    return decision


@in_savepoint
def withdraw(session: Session, *, complaint: Complaint, actor: Actor, now: datetime) -> None:
    """Take a complaint back. Only who filed it may; nothing of it is deleted."""
    _move(session, complaint, ComplaintState.WITHDRAWN, actor, now)
    _end_hold(session, complaint, actor, now)
    audit.record(
        session, actor=actor, action="complaint_withdrawn", subject=complaint, case=complaint.case, now=now
    )


def _move(session: Session, complaint: Complaint, to: ComplaintState, actor: Actor, now: datetime) -> None:
    transitions.check("complaint", complaint.state, to)
    session.add(
        ComplaintMove(
            lender_id=complaint.lender_id,
            created_at=now,
            complaint_id=complaint.id,
            from_state=complaint.state,
            to_state=to,
            actor=str(actor),
        )
    )
    complaint.state = to


def _end_hold(session: Session, complaint: Complaint, actor: Actor, now: datetime) -> None:
    if complaint.case is None:
        return
    query = select(Hold).where(
        Hold.case_id == complaint.case_id, Hold.subject == complaint.ref, Hold.ended_at.is_(None)
    )
    for placed in session.scalars(query):
        cases.end_hold(session, hold=placed, case=complaint.case, actor=actor, now=now)


def _tell(
    session: Session,
    complaint: Complaint,
    template: str,
    *,
    now: datetime,
    answer: str = "",
    receipt: bool = False,
) -> None:
    """Tell whoever complained, at the address given or on file. No hold stops these notices.

    `receipt`: their own act just now asks for it, at whatever hour."""
    hotline = policies.of(lenders.get(session, complaint.lender_id), now).contacts.regulator_hotline
    if complaint.case is not None:
        borrower = session.get_one(Borrower, complaint.case.borrower_id)
        notifications.notify(
            session,
            borrower=borrower,
            template=template,
            case=complaint.case,
            now=now,
            asked_just_now=receipt,
            number=complaint.number,
            decide_by=complaint.decide_by,
            answer=answer,
            regulator_hotline=hotline,
        )
    elif complaint.reply_to:
        notifications.send_to_address(
            session,
            lender_id=complaint.lender_id,
            locale=complaint.locale,
            address=complaint.reply_to,
            template=template,
            now=now,
            number=complaint.number,
            decide_by=complaint.decide_by,
            answer=answer,
            regulator_hotline=hotline,
        )


def _only_handlers(actor: Actor) -> None:
    if not actor.has(Role.HANDLER, Role.MANAGER):
        raise Refused("complaint_not_yours")


def _only_owner(complaint: Complaint, actor: Actor) -> None:
    """Whoever answers or decides has claimed the complaint first."""
    _only_handlers(actor)
    if complaint.owner_id != actor.id:
        raise Refused("complaint_claim_first")


def _free_number(session: Session, lender: Lender) -> str:
    while True:
        number = ids.new_number("C")
        query = select(Complaint.id).where(Complaint.lender_id == lender.id, Complaint.number == number)
        if session.scalar(query) is None:
            return number
