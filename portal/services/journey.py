"""What is next for a borrower: the steps from an overdue loan to good terms, as the pack has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.models import Agreement, Case, Plan, Proof, Visit
from portal.services import at_once, consents, proofs, scope, visits
from portal.vocabulary import (
    AgreementState,
    CaseState,
    JourneyStep,
    PlanState,
    ProofKind,
    StepState,
    VisitState,
)

# From here on what comes before the plan was done, or was not needed.
PLANNED = (CaseState.PLANNING, CaseState.IN_REPAYMENT, CaseState.SETTLED, CaseState.ARCHIVED)


@dataclass(frozen=True, kw_only=True)
class Step:
    """`ready`: the borrower can do something about it now. `subject`: reference of the visit or agreement."""

    name: JourneyStep
    state: StepState
    ready: bool
    subject: str | None = None
    starts_at: datetime | None = None
    needed: tuple[ProofKind, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Facts:
    case: Case
    policy: Policy
    consented: bool
    needed: tuple[ProofKind, ...]
    visits: Sequence[Visit]
    plans: Sequence[Plan]
    agreements: Sequence[Agreement]

    @property
    def visited(self) -> bool:
        return any(visit.state is VisitState.DONE for visit in self.visits)

    @property
    def planned(self) -> bool:
        return self.case.state in PLANNED

    def visit(self, *states: VisitState) -> Visit | None:
        return next((visit for visit in self.visits if visit.state in states), None)

    def agreement(self, *states: AgreementState) -> Agreement | None:
        return next((each for each in self.agreements if each.state in states), None)


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """A step before it is known which one is current. `optional`: what follows does not wait for it."""

    name: JourneyStep
    done: bool
    ready: bool
    optional: bool = False
    subject: str | None = None
    starts_at: datetime | None = None
    needed: tuple[ProofKind, ...] = ()


def steps(
    session: Session, *, case: Case, policy: Policy, today: date, actor: Actor, now: datetime
) -> list[Step]:
    """Return the steps in order. At most one is current: the first that is not done and not optional."""
    facts = _facts(session, case=case, policy=policy, today=today, actor=actor, now=now)
    marks = [_consent(facts), *_proofs(facts), _visit(facts), _crew(facts)]
    if facts.planned:  # what was skipped on the way is not asked for any more
        marks = [mark for mark in marks if mark.done]
    marks += [_plan(facts), _signature(facts), _repayment(facts)]
    current = next((mark for mark in marks if not mark.done and not mark.optional), None)
    return [_step(mark, current) for mark in marks]


def _facts(
    session: Session, *, case: Case, policy: Policy, today: date, actor: Actor, now: datetime
) -> _Facts:
    visits = scope.visits(actor, now=now).where(Visit.case_id == case.id)
    plans = scope.plans(actor, now=now).where(Plan.case_id == case.id)
    agreements = scope.agreements(actor, now=now).where(Agreement.case_id == case.id)
    consent = consents.query_in_force(case)
    papers = select(Proof).where(Proof.lender_id == case.lender_id, Proof.case_id == case.id)
    found = at_once.read(session, consent, papers, visits, plans, agreements)
    return _Facts(
        case=case,
        policy=policy,
        consented=bool(found[0]),
        needed=tuple(proofs.needed_of(_newest(found[1]), today=today, policy=policy)),
        visits=sorted(found[2], key=lambda each: each.window_start),
        plans=_newest(found[3]),
        agreements=_newest(found[4]),
    )


def _newest(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda each: each.id, reverse=True)


def _consent(facts: _Facts) -> _Mark:
    return _Mark(name=JourneyStep.CONSENT, done=facts.consented, ready=not facts.consented)


def _proofs(facts: _Facts) -> list[_Mark]:
    """Where the pack does not ask for documents before a visit, they may come along to it."""
    if not facts.policy.documents.required:
        return []
    done = not facts.needed
    return [
        _Mark(
            name=JourneyStep.PROOFS,
            done=done,
            ready=facts.consented and not done,
            optional=not facts.policy.visit.requires_documents,
            needed=facts.needed,
        )
    ]


def _visit(facts: _Facts) -> _Mark:
    ahead = facts.visit(*visits.AHEAD)
    agreed = bool(ahead and ahead.state is not VisitState.PROPOSED)
    documents = not facts.needed or not facts.policy.visit.requires_documents
    return _Mark(
        name=JourneyStep.VISIT,
        done=agreed or facts.visited or bool(facts.visit(*visits.UNDER_WAY)),
        ready=facts.consented and documents,
        subject=ahead.ref if ahead else None,
        starts_at=ahead.window_start if ahead else None,
    )


def _crew(facts: _Facts) -> _Mark:
    ahead = facts.visit(VisitState.AGREED, VisitState.ASSIGNED, *visits.UNDER_WAY)
    return _Mark(
        name=JourneyStep.CREW,
        done=facts.visited and ahead is None,
        ready=ahead is not None,
        subject=ahead.ref if ahead else None,
        starts_at=ahead.window_start if ahead else None,
    )


def _plan(facts: _Facts) -> _Mark:
    offered = any(plan.state is PlanState.APPROVED for plan in facts.plans)
    agreed = any(plan.state is PlanState.AGREED for plan in facts.plans)
    signing = facts.agreement(AgreementState.OFFERED, AgreementState.SIGNED, AgreementState.SEALED)
    return _Mark(name=JourneyStep.PLAN, done=agreed or signing is not None, ready=offered)


def _signature(facts: _Facts) -> _Mark:
    sealed = facts.agreement(AgreementState.SEALED)
    open_one = sealed or facts.agreement(AgreementState.OFFERED, AgreementState.SIGNED)
    return _Mark(
        name=JourneyStep.SIGNATURE,
        done=sealed is not None,
        ready=open_one is not None,
        subject=open_one.ref if open_one else None,
    )


def _repayment(facts: _Facts) -> _Mark:
    sealed = facts.agreement(AgreementState.SEALED)
    return _Mark(
        name=JourneyStep.REPAYMENT,
        done=facts.case.state in (CaseState.SETTLED, CaseState.ARCHIVED),
        ready=sealed is not None,
        subject=sealed.ref if sealed else None,
    )


def _step(mark: _Mark, current: _Mark | None) -> Step:
    state = StepState.DONE if mark.done else StepState.CURRENT if mark is current else StepState.LATER
    return Step(
        name=mark.name,
        state=state,
        ready=mark.ready,
        subject=mark.subject,
        starts_at=mark.starts_at,
        needed=mark.needed,
    )
