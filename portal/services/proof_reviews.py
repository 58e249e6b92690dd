"""Reviewing proofs: the queue, accepting, sending back."""

from datetime import date, datetime

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Case, Proof, ProofReview
from portal.services import audit, notifications, proofs, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import ProofRejection, ProofState

UNREVIEWED = (ProofState.RECEIVED, ProofState.UNDER_REVIEW)
PAGE_LENGTH = 25


def waiting(
    session: Session, *, actor: Actor, now: datetime, after: str | None = None
) -> tuple[list[Proof], str | None]:
    """Return a page of the proofs to review, oldest first, and what the next page comes after."""
    query = scope.proofs(actor, now=now).where(Proof.state.in_(UNREVIEWED))
    if after and (last := proofs.find(session, after, actor=actor, now=now)):
        query = query.where(tuple_(Proof.received_on, Proof.id) > (last.received_on, last.id))
    found = list(session.scalars(query.order_by(Proof.received_on, Proof.id).limit(PAGE_LENGTH + 1)))
    more = len(found) > PAGE_LENGTH
    return found[:PAGE_LENGTH], found[PAGE_LENGTH - 1].ref if more else None


def can_review(proof: Proof) -> bool:
    """Whether a proof still waits for its review."""
    return proof.state in UNREVIEWED


@in_savepoint
def accept(
    session: Session,
    *,
    proof: Proof,
    case: Case,
    version: int,
    issued_on: date | None = None,
    expires_on: date | None = None,
    policy: Policy,
    today: date,
    actor: Actor,
    now: datetime,
) -> None:
    """Accept a proof. Refused: it changed since the reviewer opened it, or was reviewed already.

    `issued_on` is the date on the paper, `expires_on` its own expiry. When the last required kind is accepted
    the borrower is told that a visit can be booked."""
    open_before = not _all_accepted(session, case, today, policy)
    _review(session, proof=proof, case=case, version=version, to=ProofState.ACCEPTED, actor=actor, now=now)
    proof.issued_on, proof.expires_on = issued_on, expires_on
    if open_before and _all_accepted(session, case, today, policy):
        notifications.notify(session, borrower=case.borrower, template="proof_complete", case=case, now=now)


@in_savepoint
def reject(
    session: Session,
    *,
    proof: Proof,
    case: Case,
    version: int,
    reason: ProofRejection,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Send a proof back; the borrower is told. Refused: as `accept`, or "other" without a note."""
    if reason is ProofRejection.OTHER and not note.strip():
        raise Refused("proof_note_missing")
    _review(
        session,
        proof=proof,
        case=case,
        version=version,
        to=ProofState.REJECTED,
        reason=reason,
        note=note,
        actor=actor,
        now=now,
    )
    notifications.notify(
        session, borrower=case.borrower, template="proof_rejected", case=case, now=now, kind=proof.kind.value
    )


def _review(
    session: Session,
    *,
    proof: Proof,
    case: Case,
    version: int,
    to: ProofState,
    reason: ProofRejection | None = None,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    if proof.version != version:
        raise Refused("proof_changed")
    transitions.check("proof", proof.state, to)
    proof.state = to
    session.add(
        ProofReview(
            lender_id=proof.lender_id,
            created_at=now,
            proof_id=proof.id,
            staff_id=actor.id,
            state=to,
            reason=reason,
            note=note.strip() or None,
        )
    )
    action = "proof_accepted" if to is ProofState.ACCEPTED else "proof_rejected"
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=proof,
        case=case,
        now=now,
        kind=proof.kind,
        reason=reason,
    )


def _all_accepted(session: Session, case: Case, today: date, policy: Policy) -> bool:
    states = [row.standing for row in proofs.rows(session, case=case, today=today, policy=policy)]
    return all(each.state is ProofState.ACCEPTED for each in states if each.required)
