"""What follows from a conversation, in the same transaction: a promise, a dispute, a hold with a callback,
the consent to the visit service, a complaint about how the loan was sold."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Case, Complaint, Contact
from portal.services import cases, complaints, consents, disputes, lenders, promises
from portal.vocabulary import (
    OPEN_COMPLAINT,
    ArrearsReason,
    Attitude,
    CallResult,
    Channel,
    ComplaintTopic,
    ContactOutcome,
    DisputeKind,
    HoldReason,
    ServiceReason,
)

FARTHEST_CALLBACK = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Promised:
    """An amount (minor units of the case's currency) by a day."""

    amount: int
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came of a call. All but `outcome` and `words` belongs to a conversation with the borrower, and
    `asked_to_stop` to one with somebody else. `complaint`: its text as it was read out to a borrower who was
    misled at the sale and wants it filed. `consent`: the reason to want the visit service, once its text
    was read aloud and the borrower said yes."""

    outcome: ContactOutcome
    result: CallResult | None = None
    reason: ArrearsReason | None = None
    attitude: Attitude | None = None
    words: str = ""
    promised: Promised | None = None
    dispute: DisputeKind | None = None
    call_back_at: datetime | None = None
    consent: ServiceReason | None = None
    asked_to_stop: bool = False
    complaint: str = ""


def checked(heard: Heard, *, policy: Policy, zone: ZoneInfo, now: datetime) -> Heard:
    """Return what applies to the outcome. Refused: something that belongs to it is missing, or the callback
    is past, more than 30 days off, or outside the hours of contact in the borrower's `zone`."""
    if heard.outcome is ContactOutcome.THIRD_PARTY and heard.asked_to_stop:
        return Heard(outcome=heard.outcome, result=CallResult.REFUSES, words=heard.words, asked_to_stop=True)
    if heard.outcome is not ContactOutcome.REACHED:
        return Heard(outcome=heard.outcome, words=heard.words)
    _require_parts(heard)
    if heard.call_back_at is not None:
        _check_callback(heard.call_back_at, policy, zone, now)
    return replace(
        heard,
        promised=heard.promised if heard.result is CallResult.PROMISE else None,
        dispute=heard.dispute if heard.result is CallResult.DISPUTE else None,
        complaint=heard.complaint.strip() if heard.reason is ArrearsReason.MISLED else "",
        asked_to_stop=False,
    )


def follow(
    session: Session, *, case: Case, contact: Contact, heard: Heard, actor: Actor, now: datetime
) -> None:
    """Do what the conversation led to. Refused: by the service whose act it is; then nothing is done."""
    if heard.promised:
        promises.make(
            session,
            case=case,
            contact=contact,
            amount=heard.promised.amount,
            due_on=heard.promised.due_on,
            actor=actor,
            now=now,
        )
    if heard.dispute:
        disputes.open(session, case=case, kind=heard.dispute, words=heard.words, actor=actor, now=now)
    if heard.result is CallResult.HARDSHIP:
        _hold_for_hardship(session, case, contact, actor, now)
    if heard.consent:
        consents.register(
            session,
            case=case,
            reason=heard.consent,
            locale=case.borrower.locale,
            channel=Channel.PHONE,
            actor=actor,
            now=now,
        )
    if heard.complaint:
        _complain_about_the_sale(session, case, heard.complaint, actor, now)


def _require_parts(heard: Heard) -> None:
    if heard.result is None or heard.attitude is None:
        raise Refused("call_result_missing")
    if heard.result is CallResult.PROMISE and heard.promised is None:
        raise Refused("call_promise_missing")
    if heard.result is CallResult.DISPUTE and (heard.dispute is None or not heard.words.strip()):
        raise Refused("call_dispute_missing")
    if heard.result is CallResult.HARDSHIP and heard.call_back_at is None:
        raise Refused("call_back_missing")
    if heard.reason is ArrearsReason.MISLED and not heard.words.strip():
        raise Refused("call_words_missing")


def _check_callback(moment: datetime, policy: Policy, zone: ZoneInfo, now: datetime) -> None:
    window = policy.contact.window
    if not now < moment <= now + FARTHEST_CALLBACK:
        raise Refused("call_back_date", days=FARTHEST_CALLBACK.days)
    if not window.holds(moment.astimezone(zone).time()):
        raise Refused("call_back_hours", opens=f"{window.opens:%H:%M}", closes=f"{window.closes:%H:%M}")


def _hold_for_hardship(session: Session, case: Case, contact: Contact, actor: Actor, now: datetime) -> None:
    held = {each.reason for each in cases.holds_of(session, case)}
    if HoldReason.HARDSHIP not in held:
        cases.hold(session, case=case, reason=HoldReason.HARDSHIP, subject=contact.ref, actor=actor, now=now)


def _complain_about_the_sale(session: Session, case: Case, words: str, actor: Actor, now: datetime) -> None:
    """Somebody who was misled need not file it themself."""
    running = select(Complaint.id).where(
        Complaint.lender_id == case.lender_id,
        Complaint.case_id == case.id,
        Complaint.topic == ComplaintTopic.SALE,
        Complaint.state.in_(OPEN_COMPLAINT),
    )
    if session.scalars(running).first() is None:
        complaints.file(
            session,
            lender=lenders.get(session, case.lender_id),
            case=case,
            topic=ComplaintTopic.SALE,
            text=words,
            locale=case.borrower.locale,
            channel=Channel.PHONE,
            actor=actor,
            now=now,
        )
