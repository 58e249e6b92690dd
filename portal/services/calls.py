"""Calls: asking the contact gate before dialling, knowing who is on the line before a word about a debt, and
writing down what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, ActorKind
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Case, Contact, ContactPoint, Decision, Staff
from portal.services import (
    audit,
    audit_trail,
    call_acts,
    call_list,
    call_numbers,
    cases,
    gate,
    lenders,
    policies,
    strategies,
    throttles,
)
from portal.services.call_acts import Heard
from portal.services.gate_visits import Question
from portal.services.links import LAST, plain
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ContactOutcome,
    Initiator,
    PersonalField,
    StepReason,
)

PARTY = throttles.Limit(name="right_party", most=5, minutes=24 * 60)
LOOKS_BACK = timedelta(days=7)  # the longest window in which attempts are counted


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A call under way. `number` is empty when the borrower called."""

    decision: Decision
    number: str


def judge(session: Session, *, case: Case, actor: Actor, now: datetime) -> list[call_numbers.Judged]:
    """Say of each telephone whether this person may call it now, and by which rules not."""
    points = call_numbers.of_borrower(session, case=case)
    return call_numbers.judge(session, points, **_question(session, case, actor, now, inbound=False))


@in_savepoint
def begin(
    session: Session,
    *,
    case: Case,
    actor: Actor,
    now: datetime,
    inbound: bool = False,
    number: ContactPoint | None = None,
) -> Attempt:
    """Begin a call: claim the case, let the gate decide, show the number; each is recorded.

    `inbound`: the borrower called, which no rule stops. `number`: a telephone of the borrower, else the first
    that may serve. A call that was begun goes on and is not judged
    again. Refused: somebody else has the case, there is no number, an earlier call was not written down, or
    the gate forbids it (with every rule)."""
    call_list.claim(session, case=case, actor=actor, now=now)
    decision = under_way(session, case=case, actor=actor, now=now)
    if decision is None:
        _require_written_down(session, case, actor, now)
        question = _question(session, case, actor, now, inbound=inbound, number=number)
        if not inbound and question["contact_point"] is None:
            raise Refused("nothing_on_file")
        decision = gate.require(session, **question)
        session.flush()
    point = None if is_inbound(decision) else call_numbers.of_call(session, decision=decision)
    if point is None:
        return Attempt(decision=decision, number="")
    audit.record(
        session,
        actor=actor,
        action="value_revealed",
        subject=decision,
        case=case,
        now=now,
        field=PersonalField.PHONE,
    )
    return Attempt(decision=decision, number=point.value)


def under_way(session: Session, *, case: Case, actor: Actor, now: datetime) -> Decision | None:
    """Return the call that this person began on a case and has not written down."""
    query = _begun(case.lender_id, now).where(Decision.case_id == case.id, Decision.actor == str(actor))
    return session.scalars(query.order_by(Decision.id.desc()).limit(1)).first()


def is_inbound(decision: Decision) -> bool:
    """Whether the borrower called: then the call is no collection."""
    return decision.action_class is ActionClass.SERVICE


def confirm_party(
    session: Session, *, case: Case, decision: Decision, last_four: str, actor: Actor, now: datetime
) -> bool:
    """Compare what the person on the line said with the last four of the ID number; of a contract number
    where there is none. What is on file is not shown. Refused: five wrong answers on a day.

    The caller commits although it refuses: a wrong answer is a try."""
    if is_confirmed(session, case=case, decision=decision, now=now):
        return True
    said = plain(last_four)
    fits = any(len(each) == LAST and crypto.same(each, said) for each in _known(session, case))
    if not fits:
        throttles.count(session, limit=PARTY, subject=f"{case.lender_id}|{case.ref}", now=now)
    audit.record(
        session,
        actor=actor,
        action="right_party_confirmed" if fits else "right_party_differed",
        subject=decision,
        case=case,
        now=now,
    )
    return fits


def is_confirmed(session: Session, *, case: Case, decision: Decision, now: datetime) -> bool:
    """Whether it is known in this call that the borrower is on the line."""
    confirmed = audit_trail.subjects_of(
        session,
        actor=_caller(decision),
        action="right_party_confirmed",
        case_refs={case.ref},
        since=decision.created_at,
        until=now + timedelta(seconds=1),
    )
    return f"decision/{decision.ref}" in confirmed


@in_savepoint
def record(
    session: Session, *, case: Case, decision: Decision, heard: Heard, actor: Actor, now: datetime
) -> Contact:
    """Write down what came of a call that was begun, and do what follows from it.

    Refused: it was not begun by this person or is written down already; the borrower is said to be reached
    and was not confirmed; something of the outcome is missing; or an act that follows is refused."""
    begun = under_way(session, case=case, actor=actor, now=now)
    if begun is None or begun.id != decision.id:
        raise Refused("call_not_begun")
    reached = heard.outcome is ContactOutcome.REACHED
    if reached and not is_confirmed(session, case=case, decision=decision, now=now):
        raise Refused("call_party_first")
    policy = policies.of(lenders.get(session, case.lender_id), now)
    zone = ZoneInfo(case.borrower.timezone or policy.business.timezone)
    heard = call_acts.checked(heard, policy=policy, zone=zone, now=now)
    if case.state is CaseState.CONFIRMED:
        cases.move(session, case=case, to=CaseState.CONTACTING, actor=actor, now=now)
    contact = _write(session, case, decision, heard, by=actor, now=now)
    call_acts.follow(session, case=case, contact=contact, heard=heard, actor=actor, now=now)
    strategies.recompute(session, case=case, policy=policy, actor=actor, now=now)
    call_list.release(session, case=case, actor=actor, now=now)
    return contact


def _question(
    session: Session,
    case: Case,
    actor: Actor,
    now: datetime,
    *,
    inbound: bool,
    number: ContactPoint | None = None,
) -> Question:
    """A call at the hour that the borrower named is no collection: the borrower asked for it."""
    asked_for = inbound or _is_agreed_callback(session, case, now)
    return {
        "case": case,
        "action": Action.CALL,
        "action_class": ActionClass.SERVICE if inbound else ActionClass.COLLECTION,
        "initiator": Initiator.BORROWER if asked_for else Initiator.LENDER,
        "actor": actor,
        "now": now,
        "asked_just_now": inbound,
        "contact_point": None if inbound else number or call_numbers.number_to_call(session, case=case),
    }


def _is_agreed_callback(session: Session, case: Case, now: datetime) -> bool:
    strategy = strategies.of_case(session, case=case)
    return (
        strategy is not None
        and strategy.reason is StepReason.CALLBACK_AGREED
        and strategy.earliest_at is not None
        and strategy.earliest_at <= now
    )


def _begun(lender_id: int, now: datetime) -> Select[Decision]:
    """The calls that the gate allowed and nobody has written down."""
    written_down = select(Contact.id).where(
        Contact.lender_id == lender_id, Contact.decision_id == Decision.id
    )
    return select(Decision).where(
        Decision.lender_id == lender_id,
        Decision.action == Action.CALL,
        Decision.allowed.is_(True),
        Decision.created_at > now - LOOKS_BACK,
        ~exists(written_down),
    )


def _require_written_down(session: Session, case: Case, actor: Actor, now: datetime) -> None:
    """Nobody begins a call before the last one is written down. What somebody else left unwritten on this
    case counts as a call without an answer, so that no attempt is lost to the rules."""
    own = _begun(case.lender_id, now).where(Decision.actor == str(actor), Decision.case_id.is_not(None))
    if unwritten := session.scalars(own.limit(1)).first():
        other = session.get_one(Case, unwritten.case_id)
        raise Refused("call_unwritten", case=other.ref, borrower_no=other.borrower.borrower_no)
    left = _begun(case.lender_id, now).where(Decision.case_id == case.id)
    for decision in session.scalars(left.order_by(Decision.id)).all():
        silent = Heard(outcome=ContactOutcome.NO_ANSWER)
        _write(session, case, decision, silent, by=actor, now=now)


def _write(
    session: Session, case: Case, decision: Decision, heard: Heard, *, by: Actor, now: datetime
) -> Contact:
    inbound = is_inbound(decision)
    point = None if inbound else call_numbers.of_call(session, decision=decision)
    contact = Contact(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        decision_id=decision.id,
        contact_point_id=point.id if point else None,
        staff_id=_staff_id(session, decision),
        channel=Channel.PHONE,
        inbound=inbound,
        at=decision.created_at,
        outcome=heard.outcome,
        result=heard.result,
        reason=heard.reason,
        attitude=heard.attitude,
        call_back_at=heard.call_back_at,
        feedback=heard.words.strip() or None,
    )
    session.add(contact)
    session.flush()
    audit.record(
        session,
        actor=by,
        action="call_recorded",
        subject=contact,
        case=case,
        now=now,
        inbound=inbound,
        outcome=heard.outcome,
        result=heard.result,
        why_late=heard.reason,
        attitude=heard.attitude,
        call_back_at=heard.call_back_at.isoformat() if heard.call_back_at else None,
    )
    return contact


def _known(session: Session, case: Case) -> list[str]:
    """The last four that only the borrower is likely to know."""
    if number := plain(case.borrower.id_no or ""):
        return [number[-LAST:]]
    return [plain(loan.contract_no)[-LAST:] for loan in cases.loans_of(session, case)]


def _caller(decision: Decision) -> Actor:
    """Who began a call, as the audit log names them."""
    kind, _, ref = decision.actor.partition(":")
    return Actor(kind=ActorKind(kind), lender_id=decision.lender_id, ref=ref)


def _staff_id(session: Session, decision: Decision) -> int | None:
    query = select(Staff.id).where(Staff.lender_id == decision.lender_id, Staff.ref == _caller(decision).ref)
    return session.scalar(query)
