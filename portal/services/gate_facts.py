"""What the contact gate is told: read from the rows of a case, in a handful of queries."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.contact_facts import Facts, PreferredHours
from portal.domain.contact_log import Log
from portal.domain.overlay import contact_dpd
from portal.domain.policy import Policy
from portal.models import (
    Case,
    Complaint,
    Consent,
    ContactPoint,
    Hold,
    Message,
    Preference,
    Staff,
    Visit,
)
from portal.services import cases, gate_history, repayments
from portal.services.gate_visits import Question, crew_of, visit_facts
from portal.vocabulary import (
    BRAKING_COMPLAINT,
    Action,
    ActionClass,
    CaseState,
    Channel,
    ConsentPurpose,
    ContactKind,
    HoldReason,
    MessageState,
    Product,
)

NEEDS_ADDRESS = {
    Action.CALL: ContactKind.PHONE,
    Action.SMS: ContactKind.PHONE,
    Action.EMAIL: ContactKind.EMAIL,
    Action.LETTER: ContactKind.ADDRESS,
}
AGENCY_NOTICE = "outside_agency_notice"  # the template of that notice


def gather(session: Session, question: Question, policy: Policy) -> tuple[Facts, Log]:
    """Read the facts of a case as they are now, and the contacts behind their counts, which are in the
    borrower's zone."""
    case, now = question["case"], question["now"]
    zone = case.borrower.timezone or policy.business.timezone
    log = gate_history.of(session, question, zone)
    return log.told(_facts(session, question, policy, log), now), log


def about_number(facts: Facts, log: Log, number: int, now: datetime) -> Facts:
    """Return the facts of a call as they are for another telephone of the same borrower."""
    other = replace(log, number=number)
    theirs = _is_right_party(Action.CALL, facts.action_class, other)
    return other.told(replace(facts, number=number, right_party=theirs), now)


def _is_right_party(action: Action, action_class: ActionClass, log: Log) -> bool:
    """A telephone that is somebody else's closes itself, and neither the post nor the borrower's door."""
    rings = NEEDS_ADDRESS.get(action) is ContactKind.PHONE
    return not (rings and action_class is ActionClass.COLLECTION and log.number_is_somebody_elses)


def _facts(session: Session, question: Question, policy: Policy, log: Log) -> Facts:
    """The facts but for the counts of contacts."""
    case, now = question["case"], question["now"]
    loans = cases.loans_of(session, case)
    holds = cases.holds_of(session, case)
    complaints = open_complaints(session, case)
    crew = crew_of(question)
    wishes = _wishes(session, case)
    repayment = repayments.of_case(
        session, case=case, policy=policy, today=now.astimezone(ZoneInfo(policy.business.timezone)).date()
    )
    contract_dpd = max((loan.dpd for loan in loans), default=0)
    consents = _visit_consents(session, case)
    party = question.get("party")
    return Facts(
        borrower_zone=log.zone,
        initiator=question["initiator"],
        action_class=question["action_class"],
        asked_just_now=question.get("asked_just_now", False),
        reminder=question.get("reminder", False),
        # Of a text that nobody vouches for, the gate expects that it names the debt.
        telling=question.get("telling", question["action"] is Action.SMS),
        number=log.number if question["action"] is Action.CALL else None,
        right_party=_is_right_party(question["action"], question["action_class"], log),
        channel_open=_channel_open(session, question),
        opted_out=_opted_out(wishes),
        preferred=_preferred(wishes),
        recused=recused(session, question["actor"], crew, complaints),
        nobody_at_home_knows=bool(wishes and wishes.nobody_at_home_knows) or _discreet(session, question),
        overdue_confirmed=case.closed_at is None and any(loan.dpd > 0 for loan in loans),
        dpd=contact_dpd(contract_dpd, repayment.standing if repayment else None),
        overdue_amount=sum(loan.overdue_amount for loan in loans),
        cards_only=bool(loans) and all(loan.product is Product.CARD for loan in loans),
        holds=frozenset(hold.reason for hold in holds),
        breathing_space_since=_breathing_since(holds),
        exam_day=wishes.exam_day if wishes else None,
        open_complaint=bool(complaints),
        open_dispute=any(hold.reason is HoldReason.DISPUTE for hold in holds),
        agreement_in_force=repayment is not None,
        agreement_kept=bool(repayment and repayment.is_kept) and case.state is CaseState.IN_REPAYMENT,
        consent_revoked=bool(consents) and all(consent.revoked_at for consent in consents),
        represented=question.get("represented", False) or bool(wishes and wishes.represented_by),
        lead_approved_vulnerable=question.get("lead_approved_vulnerable", False),
        third_party_role=party.role if party and party.consent else None,
        outside_agency=question.get("outside_agency", False),
        outside_agency_notice=_agency_notice(session, case),
        visit=visit_facts(session, question, policy, crew, consents),
    )


def _wishes(session: Session, case: Case) -> Preference | None:
    query = select(Preference).where(
        Preference.lender_id == case.lender_id, Preference.borrower_id == case.borrower_id
    )
    return session.scalar(query)


def _opted_out(wishes: Preference | None) -> frozenset[Channel]:
    channels = wishes.opted_out.get("channels", []) if wishes else []
    assert isinstance(channels, list)
    return frozenset(Channel(each) for each in channels)


def _preferred(wishes: Preference | None) -> PreferredHours | None:
    """The hours a borrower wants to be called in, where they named some."""
    named = wishes.preferred if wishes else {}
    days, opens, closes = (named.get(each) for each in ("days", "from", "until"))
    if not days or not opens or not closes:
        return None
    assert isinstance(days, list)
    return PreferredHours(
        days=frozenset(days), opens=time.fromisoformat(str(opens)), closes=time.fromisoformat(str(closes))
    )


def _agency_notice(session: Session, case: Case) -> bool:
    """Whether the borrower was told in writing that an agency acts for the lender."""
    query = select(Message.id).where(
        Message.lender_id == case.lender_id,
        Message.borrower_id == case.borrower_id,
        Message.template == AGENCY_NOTICE,
        Message.state.in_((MessageState.SENT, MessageState.DELIVERED)),
    )
    return session.scalars(query.limit(1)).first() is not None


def _breathing_since(holds: Sequence[Hold]) -> datetime | None:
    return max((each.created_at for each in holds if each.reason is HoldReason.BREATHING_SPACE), default=None)


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


def open_complaints(session: Session, case: Case) -> Sequence[Complaint]:
    query = select(Complaint).where(
        Complaint.lender_id == case.lender_id,
        Complaint.case_id == case.id,
        Complaint.state.in_(BRAKING_COMPLAINT),
    )
    return session.scalars(query).all()


def recused(session: Session, actor: Actor, crew: Sequence[int], complaints: Sequence[Complaint]) -> bool:
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
