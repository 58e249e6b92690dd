"""Which state may follow which, for every thing that has states."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.domain.refusals import Refused
from portal.vocabulary import (
    AgreementState,
    CaseState,
    ComplaintState,
    DisputeState,
    FollowUpState,
    PlanState,
    PromiseState,
    ProofState,
    VisitState,
)

Moves = Mapping[StrEnum, frozenset[StrEnum]]


def _case_moves() -> Moves:
    """The main line may skip the steps a pack does not require, never planning nor repayment."""
    case = CaseState
    skippable = [case.CONFIRMED, case.CONTACTING, case.REGISTERED, case.DOCUMENTS, case.BOOKED, case.VISITED]
    line = [*skippable, case.PLANNING]
    moves: dict[StrEnum, set[StrEnum]] = {state: set() for state in case}
    for place, state in enumerate(skippable):
        moves[state].update(line[place + 1 :])
        if state is not case.CONFIRMED:
            moves[state].add(case.REFUSED)
    moves[case.PLANNING] = {case.IN_REPAYMENT, case.REFUSED, case.LEGAL}
    moves[case.IN_REPAYMENT] = {case.SETTLED, case.BROKEN}
    moves[case.SETTLED] = {case.ARCHIVED}
    moves[case.REFUSED] = {case.CONTACTING, case.PLANNING, case.LEGAL}
    moves[case.BROKEN] = {case.PLANNING, case.LEGAL}
    moves[case.LEGAL] = {case.PLANNING, case.SETTLED}
    # A cured case closes after its clean days; when something falls overdue before that, it starts again.
    moves[case.CURED] = {case.ARCHIVED, case.CONFIRMED}
    for state in set(case) - {case.CURED, case.ARCHIVED}:
        moves[state].add(case.CURED)
    return {state: frozenset(after) for state, after in moves.items()}


def _moves(table: Mapping[StrEnum, set[StrEnum]]) -> Moves:
    return {state: frozenset(after) for state, after in table.items()}


_PROOF = _moves(
    {
        ProofState.MISSING: {ProofState.RECEIVED},
        ProofState.RECEIVED: {
            ProofState.UNDER_REVIEW,
            ProofState.ACCEPTED,
            ProofState.REJECTED,
            ProofState.EXPIRED,
        },
        ProofState.UNDER_REVIEW: {ProofState.ACCEPTED, ProofState.REJECTED, ProofState.EXPIRED},
        # What was accepted on paper may still turn out untrue on site.
        ProofState.ACCEPTED: {ProofState.REJECTED, ProofState.EXPIRED},
        ProofState.REJECTED: set(),
        ProofState.EXPIRED: set(),
    }
)

_BEFORE_ARRIVAL: set[StrEnum] = {VisitState.MOVED, VisitState.CANCELLED}
_VISIT = _moves(
    {
        VisitState.PROPOSED: {VisitState.AGREED, VisitState.REFUSED, *_BEFORE_ARRIVAL},
        VisitState.AGREED: {VisitState.ASSIGNED, VisitState.REFUSED, *_BEFORE_ARRIVAL},
        VisitState.ASSIGNED: {VisitState.ARRIVED, VisitState.REFUSED, VisitState.STOPPED, *_BEFORE_ARRIVAL},
        VisitState.ARRIVED: {
            VisitState.VERIFIED,
            VisitState.ABSENT,
            VisitState.REFUSED,
            VisitState.STOPPED,
        },
        VisitState.VERIFIED: {VisitState.DONE, VisitState.REFUSED, VisitState.STOPPED},
        VisitState.DONE: set(),
        VisitState.MOVED: set(),
        VisitState.CANCELLED: set(),
        VisitState.ABSENT: set(),
        VisitState.REFUSED: set(),
        VisitState.STOPPED: set(),
    }
)

_PLAN = _moves(
    {
        PlanState.DRAFT: {PlanState.WAITING_APPROVAL, PlanState.APPROVED, PlanState.WITHDRAWN},
        PlanState.WAITING_APPROVAL: {PlanState.APPROVED, PlanState.REFUSED, PlanState.WITHDRAWN},
        PlanState.APPROVED: {PlanState.AGREED, PlanState.WITHDRAWN},
        PlanState.REFUSED: set(),
        PlanState.AGREED: set(),
        PlanState.WITHDRAWN: set(),
    }
)

_AGREEMENT = _moves(
    {
        AgreementState.OFFERED: {AgreementState.SIGNED, AgreementState.DECLINED},
        AgreementState.SIGNED: {AgreementState.SEALED, AgreementState.DECLINED},
        AgreementState.SEALED: set(),
        AgreementState.DECLINED: set(),
    }
)

_FOLLOW_UP = _moves(
    {
        FollowUpState.SCHEDULED: {FollowUpState.DONE, FollowUpState.CANCELLED},
        FollowUpState.DONE: set(),
        FollowUpState.CANCELLED: set(),
    }
)

_PROMISE = _moves(
    {
        PromiseState.ACTIVE: {
            PromiseState.VERIFYING,
            PromiseState.KEPT,
            PromiseState.BROKEN,
            PromiseState.WITHDRAWN,
        },
        PromiseState.VERIFYING: {PromiseState.KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN},
        PromiseState.KEPT: set(),
        PromiseState.BROKEN: {PromiseState.KEPT},  # when the money turns out to have come in time
        PromiseState.WITHDRAWN: set(),
    }
)

_COMPLAINT = _moves(
    {
        ComplaintState.RECEIVED: {ComplaintState.ACKNOWLEDGED, ComplaintState.WITHDRAWN},
        ComplaintState.ACKNOWLEDGED: {ComplaintState.INVESTIGATING, ComplaintState.WITHDRAWN},
        ComplaintState.INVESTIGATING: {ComplaintState.DECIDED, ComplaintState.WITHDRAWN},
        ComplaintState.DECIDED: {ComplaintState.CLOSED, ComplaintState.REVIEW_REQUESTED},
        ComplaintState.CLOSED: {ComplaintState.REVIEW_REQUESTED},
        ComplaintState.REVIEW_REQUESTED: {ComplaintState.REVIEWED, ComplaintState.WITHDRAWN},
        ComplaintState.REVIEWED: {ComplaintState.CLOSED},
        ComplaintState.WITHDRAWN: set(),
    }
)

_DISPUTE = _moves(
    {
        DisputeState.OPEN: {DisputeState.UPHELD, DisputeState.NOT_UPHELD, DisputeState.WITHDRAWN},
        DisputeState.UPHELD: set(),
        DisputeState.NOT_UPHELD: set(),
        DisputeState.WITHDRAWN: set(),
    }
)

MOVES: Mapping[str, Moves] = MappingProxyType(
    {
        "case": _case_moves(),
        "proof": _PROOF,
        "visit": _VISIT,
        "plan": _PLAN,
        "agreement": _AGREEMENT,
        "follow_up": _FOLLOW_UP,
        "promise": _PROMISE,
        "complaint": _COMPLAINT,
        "dispute": _DISPUTE,
    }
)


def allowed(thing: str, old: StrEnum, new: StrEnum) -> bool:
    """Whether a thing may go from one state to another; staying is no move."""
    return new in MOVES[thing][old]


def check(thing: str, old: StrEnum, new: StrEnum) -> None:
    """Refuse a move that is not in the table."""
    if not allowed(thing, old, new):
        raise Refused("move_not_allowed", thing=thing, old=old.value, new=new.value)


def is_final(thing: str, state: StrEnum) -> bool:
    """Whether nothing follows a state."""
    return not MOVES[thing][state]
