"""Where a visit stands: which of its steps are done, which is next, which open later.

The steps have one order, and what is done follows from what is stored: no step can be skipped."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.refusals import Refused
from portal.models import Agreement, Budget, ChecklistAnswer, Finding, Plan, Visit, VisitMove
from portal.vocabulary import (
    AgreementState,
    ChecklistItem,
    ChecklistResult,
    PlanState,
    StepState,
    VisitPurpose,
    VisitState,
    VisitStep,
)

# Answered before anything of the debt is said: is this the right person?
PERSON_ITEMS = (ChecklistItem.NAME, ChecklistItem.IDENTITY_DOCUMENT)
SIGNED = (AgreementState.SIGNED, AgreementState.SEALED)
GIVEN_UP = (PlanState.REFUSED, PlanState.WITHDRAWN)
# What a visit for documents or a follow-up does without.
ONLY_FOR_A_PLAN = (VisitStep.BUDGET, VisitStep.PLAN, VisitStep.SIGN)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`right_person` is None until name and identity document were looked at; `agreement` is the reference
    of the agreement to sign, once there is one."""

    steps: tuple[tuple[VisitStep, StepState], ...]
    current: VisitStep | None
    right_person: bool | None
    arrived_at: datetime | None
    agreement: str | None

    def state(self, step: VisitStep) -> StepState:
        return dict(self.steps).get(step, StepState.LATER)

    def is_open(self, step: VisitStep) -> bool:
        """Whether a step may be worked on: it is its turn, or it was done and may be corrected."""
        if self.current is None:
            return False
        if step is VisitStep.LEAVE:
            return self.arrived_at is not None
        return self.state(step) is not StepState.LATER


def progress(session: Session, *, visit: Visit) -> Progress:
    """Return the steps of a visit. None is current once it is over."""
    moves = moves_of(session, visit=visit)
    arrived_at = next((move.created_at for move in moves if move.to_state is VisitState.ARRIVED), None)
    results = _results(session, visit)
    agreement = _agreement_since(session, visit, arrived_at)
    done = {
        VisitStep.ARRIVE: arrived_at is not None,
        VisitStep.IDENTITY: any(move.to_state is VisitState.VERIFIED for move in moves),
        VisitStep.PERSON: _right_person(results) is True,
        VisitStep.CHECKLIST: set(results) == set(ChecklistItem),
        VisitStep.FINDINGS: _exists(session, Finding, visit),
        VisitStep.BUDGET: _exists(session, Budget, visit),
        VisitStep.PLAN: _planned_since(session, visit, arrived_at),
        VisitStep.SIGN: agreement is not None and agreement.state in SIGNED,
        VisitStep.LEAVE: transitions.is_final("visit", visit.state) and arrived_at is not None,
    }
    return Progress(
        steps=_in_order(visit, done),
        current=_current(visit, done),
        right_person=_right_person(results),
        arrived_at=arrived_at,
        agreement=agreement.ref if agreement else None,
    )


def require_open(session: Session, *, visit: Visit, step: VisitStep) -> Progress:
    """Return where the visit stands. Refused: it is not this step's turn, or the visit is over."""
    here = progress(session, visit=visit)
    if not here.is_open(step):
        raise Refused("step_not_open")
    return here


def moves_of(session: Session, *, visit: Visit) -> list[VisitMove]:
    """Return what happened to a visit, oldest first."""
    query = select(VisitMove).where(VisitMove.lender_id == visit.lender_id, VisitMove.visit_id == visit.id)
    return list(session.scalars(query.order_by(VisitMove.id)))


def _order(visit: Visit) -> list[VisitStep]:
    left_out = () if visit.purpose is VisitPurpose.PLAN else ONLY_FOR_A_PLAN
    return [step for step in VisitStep if step not in left_out]


def _current(visit: Visit, done: dict[VisitStep, bool]) -> VisitStep | None:
    if transitions.is_final("visit", visit.state):
        return None
    return next(step for step in _order(visit) if not done[step])


def _in_order(visit: Visit, done: dict[VisitStep, bool]) -> tuple[tuple[VisitStep, StepState], ...]:
    """Before the current step all are done, after it none is open; at the end stands what was done."""
    order, current = _order(visit), _current(visit, done)

    def state(step: VisitStep) -> StepState:
        if step is current:
            return StepState.CURRENT
        before = done[step] if current is None else order.index(step) < order.index(current)
        return StepState.DONE if before else StepState.LATER

    return tuple((step, state(step)) for step in order)


def _results(session: Session, visit: Visit) -> dict[ChecklistItem, ChecklistResult]:
    """The newest result of each item that was answered."""
    query = select(ChecklistAnswer.item, ChecklistAnswer.result).where(
        ChecklistAnswer.lender_id == visit.lender_id, ChecklistAnswer.visit_id == visit.id
    )
    found = session.execute(query.order_by(ChecklistAnswer.id))
    return {row.item: row.result for row in found}


def _right_person(results: dict[ChecklistItem, ChecklistResult]) -> bool | None:
    found = [results.get(item) for item in PERSON_ITEMS]
    return None if None in found else all(each is ChecklistResult.CONFIRMED for each in found)


def _exists(session: Session, model: type[Finding | Budget], visit: Visit) -> bool:
    query = select(model.id).where(model.lender_id == visit.lender_id, model.visit_id == visit.id)
    return session.scalar(query.limit(1)) is not None


def _planned_since(session: Session, visit: Visit, since: datetime | None) -> bool:
    if since is None:
        return False
    query = select(Plan.id).where(
        Plan.lender_id == visit.lender_id,
        Plan.case_id == visit.case_id,
        Plan.created_at >= since,
        Plan.state.not_in(GIVEN_UP),
    )
    return session.scalar(query.limit(1)) is not None


def _agreement_since(session: Session, visit: Visit, since: datetime | None) -> Agreement | None:
    if since is None:
        return None
    query = select(Agreement).where(
        Agreement.lender_id == visit.lender_id,
        Agreement.case_id == visit.case_id,
        Agreement.created_at >= since,
        Agreement.state != AgreementState.DECLINED,
    )
    return session.scalars(query.order_by(Agreement.id.desc()).limit(1)).first()
