"""What is verified on site, item by item. Answers are added, never changed: the newest of an item counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import ChecklistAnswer as ChecklistAnswer
from portal.models import Proof, Visit
from portal.services import audit, on_site, reveals, scope, visit_progress
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    ChecklistItem,
    ChecklistResult,
    ProofKind,
    ProofState,
    VisitStep,
)

# The person comes first: everything else opens once it is the right one.
ORDER = (
    *visit_progress.PERSON_ITEMS,
    *(item for item in ChecklistItem if item not in visit_progress.PERSON_ITEMS),
)


@dataclass(frozen=True, kw_only=True)
class OnFile:
    """What the lender knows and the crew compares. `proofs` has each kind that was handed in with its best
    state."""

    name: str
    contact: reveals.Contact
    proofs: Sequence[tuple[ProofKind, ProofState]]


def step_of(item: ChecklistItem) -> VisitStep:
    """Return the step of the visit an item belongs to."""
    return VisitStep.PERSON if item in visit_progress.PERSON_ITEMS else VisitStep.CHECKLIST


def answers(session: Session, *, visit: Visit) -> dict[ChecklistItem, ChecklistAnswer]:
    """Return the answer that counts for each item that was answered."""
    query = select(ChecklistAnswer).where(
        ChecklistAnswer.lender_id == visit.lender_id, ChecklistAnswer.visit_id == visit.id
    )
    return {row.item: row for row in session.scalars(query.order_by(ChecklistAnswer.id))}


@in_savepoint
def answer(
    session: Session,
    *,
    visit: Visit,
    item: ChecklistItem,
    result: ChecklistResult,
    note: str,
    actor: Actor,
    now: datetime,
) -> ChecklistAnswer:
    """Keep one answer; the same again adds nothing. Refused: not its turn, or a difference is unexplained."""
    on_site.require_crew(visit, actor)
    visit_progress.require_open(session, visit=visit, step=step_of(item))
    if result is ChecklistResult.DIFFERENT and not note.strip():
        raise Refused("difference_unexplained")
    before = answers(session, visit=visit).get(item)
    if before and (before.result, before.note) == (result, note.strip()):
        return before
    row = ChecklistAnswer(
        lender_id=visit.lender_id,
        created_at=now,
        visit_id=visit.id,
        item=item,
        result=result,
        note=note.strip(),
        actor=str(actor),
    )
    session.add(row)
    audit.record(
        session,
        actor=actor,
        action="checklist_answered",
        subject=visit,
        case=visit.case,
        now=now,
        item=item,
        result=result,
    )
    return row


def on_file(session: Session, *, visit: Visit, actor: Actor, now: datetime) -> OnFile:
    """Return what stands on file about the borrower of a visit."""
    papers = scope.proofs(actor, now=now).where(Proof.case_id == visit.case_id)
    return OnFile(
        name=visit.case.borrower.name,
        contact=reveals.contact(session, visit=visit, actor=actor, now=now),
        proofs=_best(session.scalars(papers.order_by(Proof.id)).all()),
    )


def _best(papers: Sequence[Proof]) -> list[tuple[ProofKind, ProofState]]:
    """An accepted paper of a kind is not hidden by a later one that was not."""
    states: dict[ProofKind, ProofState] = {}
    for paper in papers:
        if states.get(paper.kind) is not ProofState.ACCEPTED:
            states[paper.kind] = paper.state
    return [(kind, states[kind]) for kind in ProofKind if kind in states]
