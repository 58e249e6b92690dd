"""A visit from door to door: arrival, the code that both sides compare, departure."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import arrival_code, transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Promise, VisitCrew
from portal.models import Visit as Visit
from portal.services import (
    audit,
    cases,
    gate,
    lenders,
    policies,
    scope,
    throttles,
    visit_moves,
    visit_progress,
    visits,
)
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Initiator,
    PromiseState,
    Role,
    StepState,
    VisitOutcome,
    VisitPurpose,
    VisitState,
    VisitStep,
)

UNDER_WAY = (VisitState.ARRIVED, VisitState.VERIFIED)
TRIES = throttles.Limit(name="visit-code", most=5, minutes=15)
# What the borrower asked for is no collection.
_CLASSES = {Initiator.BORROWER: ActionClass.SERVICE, Initiator.LENDER: ActionClass.COLLECTION}
_ENDS = {
    VisitOutcome.AGREEMENT: VisitState.DONE,
    VisitOutcome.NO_AGREEMENT: VisitState.DONE,
    VisitOutcome.ABSENT: VisitState.ABSENT,
    VisitOutcome.REFUSED: VisitState.REFUSED,
    VisitOutcome.STOPPED: VisitState.STOPPED,
}


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a person said they are, in degrees; accuracy in metres. Only ever given by their own tap."""

    latitude: float
    longitude: float
    accuracy: int

    def __str__(self) -> str:
        return f"{self.latitude:.5f},{self.longitude:.5f},{self.accuracy}"


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Visit | None:
    """Return a visit of which this person is one of the crew."""
    crew = select(VisitCrew.visit_id).where(
        VisitCrew.lender_id == actor.lender_id, VisitCrew.staff_id == actor.id
    )
    return session.scalar(scope.visits(actor, now=now).where(Visit.ref == ref, Visit.id.in_(crew)))


def find_to_read(session: Session, ref: str, *, actor: Actor, now: datetime) -> Visit | None:
    """Return a visit this person may look at: their own, and for an auditor any."""
    if actor.has(Role.AUDITOR):
        return visits.find(session, ref, actor=actor, now=now)
    return find(session, ref, actor=actor, now=now)


@in_savepoint
def arrive(session: Session, *, visit: Visit, position: Position | None, actor: Actor, now: datetime) -> None:
    """Record that the crew is at the door. Refused: not of the crew, another day, or the gate says no."""
    require_crew(visit, actor)
    policy = _policy(session, visit)
    if visit.state not in (VisitState.AGREED, VisitState.ASSIGNED):
        raise Refused("step_not_open")
    if now.astimezone(ZoneInfo(policy.business.timezone)).date() != visits.day_of(visit, policy):
        raise Refused("not_the_day")
    gate.require(
        session,
        case=visit.case,
        action=Action.VISIT_START,
        action_class=_CLASSES[visit.initiator],
        initiator=visit.initiator,
        visit=visit,
        actor=actor,
        now=now,
    )
    if visit.state is VisitState.AGREED:  # the crew that was named provisionally is the one that came
        visit_moves.to(session, visit, VisitState.ASSIGNED, actor=actor, now=now)
    visit_moves.to(session, visit, VisitState.ARRIVED, actor=actor, now=now, position=_text(position))
    audit.record(
        session,
        actor=actor,
        action="visit_arrived",
        subject=visit,
        case=visit.case,
        now=now,
        located=position is not None,
    )


def shown_digits(session: Session, *, visit: Visit) -> str:
    """Return the half of the day's code that the tablet shows: the borrower compares it, and tells the rest.

    So the crew proves itself first, and then cannot go on without the borrower."""
    code = arrival_code.code_of_day(_seed(visit), visits.day_of(visit, _policy(session, visit)))
    return code[: len(code) // 2]


def compare_code(
    session: Session, *, visit: Visit, typed: str, card_shown: bool, actor: Actor, now: datetime
) -> None:
    """Accept the code the borrower reads out. Refused: no work card was shown, it differs, too many tries.

    A wrong try is counted and recorded: the caller commits although it refuses."""
    require_crew(visit, actor)
    if visit.state is not VisitState.ARRIVED:
        raise Refused("step_not_open")
    if not card_shown:
        raise Refused("card_first")
    throttles.count(session, limit=TRIES, subject=visit.ref, now=now)
    if not _code_fits(session, visit, typed, now):
        audit.record(
            session, actor=actor, action="visit_code_differed", subject=visit, case=visit.case, now=now
        )
        raise Refused("codes_differ")
    visit_moves.to(session, visit, VisitState.VERIFIED, actor=actor, now=now)
    audit.record(session, actor=actor, action="visit_verified", subject=visit, case=visit.case, now=now)


def outcomes(session: Session, *, visit: Visit) -> list[VisitOutcome]:
    """Return what this visit can have come to, as far as it went."""
    signed = visit_progress.progress(session, visit=visit).state(VisitStep.SIGN) is StepState.DONE
    possible = [each for each, end in _ENDS.items() if transitions.allowed("visit", visit.state, end)]
    return [each for each in possible if signed or each is not VisitOutcome.AGREEMENT]


@in_savepoint
def leave(
    session: Session,
    *,
    visit: Visit,
    outcome: VisitOutcome,
    note: str,
    position: Position | None,
    actor: Actor,
    now: datetime,
) -> None:
    """End a visit. Refused: it has not begun or is over, or the outcome does not fit how far it went."""
    require_crew(visit, actor)
    if visit.state not in UNDER_WAY:
        raise Refused("step_not_open")
    if outcome not in outcomes(session, visit=visit):
        raise Refused("outcome_not_possible")
    visit_moves.to(
        session,
        visit,
        _ENDS[outcome],
        actor=actor,
        now=now,
        reason=outcome.value,
        note=note.strip(),
        position=_text(position),
    )
    audit.record(
        session,
        actor=actor,
        action="visit_left",
        subject=visit,
        case=visit.case,
        now=now,
        outcome=outcome,
        located=position is not None,
    )
    if visit.state is VisitState.DONE:
        advance = partial(cases.advance, session, case=visit.case, actor=actor, now=now)
        advance(to=CaseState.VISITED)
        if visit.purpose is VisitPurpose.PLAN:
            advance(to=CaseState.PLANNING)


def promised(session: Session, *, visit: Visit) -> Promise | None:
    """Return the promise to pay that is open on the case of a visit."""
    query = select(Promise).where(
        Promise.lender_id == visit.lender_id,
        Promise.case_id == visit.case_id,
        Promise.state == PromiseState.ACTIVE,
    )
    return session.scalars(query).first()


def is_crew(visit: Visit, actor: Actor) -> bool:
    """Whether this person is one of those who come."""
    return actor.is_staff and actor.id in {member.staff_id for member in visit.crew}


def require_crew(visit: Visit, actor: Actor) -> None:
    """Refused: this person is not one of those who came."""
    if not is_crew(visit, actor):
        raise Refused("not_in_crew")


def _code_fits(session: Session, visit: Visit, typed: str, now: datetime) -> bool:
    """The code of the day stands on the borrower's page and in the message; the rotating one counts too."""
    day = visits.day_of(visit, _policy(session, visit))
    seed = _seed(visit)
    return arrival_code.matches_day(seed, typed, day) or arrival_code.matches(seed, typed, now)


def _seed(visit: Visit) -> bytes:
    return bytes.fromhex(visit.seed)


def _policy(session: Session, visit: Visit) -> Policy:
    return policies.of(lenders.get(session, visit.lender_id), visit.window_start)


def _text(position: Position | None) -> str:
    return str(position) if position else ""
