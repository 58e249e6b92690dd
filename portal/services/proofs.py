"""Proofs: handing one in, taking it back, and what is still needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import proofs
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.proofs import KindState, ProofFacts
from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Borrower, Case, ProofReview, StoredFile
from portal.models import Proof as Proof
from portal.services import audit, cases, files, scope
from portal.services.files import Upload
from portal.services.savepoints import in_savepoint
from portal.vocabulary import CaseState, Channel, ProofKind, ProofRejection, ProofState


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One proof as its row shows it: its state today, and what the reviewer said."""

    proof: Proof
    state: ProofState
    review: ProofReview | None
    last_valid_day: date | None

    @property
    def reason(self) -> ProofRejection | None:
        """Why it was sent back."""
        return ProofRejection(self.review.reason) if self.review and self.review.reason else None


@dataclass(frozen=True, kw_only=True)
class KindRow:
    """One kind of proof with its papers, the newest first."""

    standing: KindState
    papers: Sequence[Paper]


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Proof | None:
    """Return a proof if this person may see it."""
    return session.scalar(scope.proofs(actor, now=now).where(Proof.ref == ref))


def rows(session: Session, *, case: Case, today: date, policy: Policy) -> list[KindRow]:
    """Return every kind with its state on a day and its papers."""
    papers = [_paper(session, proof, today, policy) for proof in _of_case(session, case)]
    facts = [_facts(paper.proof) for paper in papers]
    return [
        KindRow(standing=each, papers=[paper for paper in papers if paper.proof.kind is each.kind])
        for each in proofs.checklist(facts, on=today, documents=policy.documents)
    ]


def still_needed(session: Session, *, case: Case, today: date, policy: Policy) -> list[ProofKind]:
    """Return the required kinds that are missing, sent back or too old. Empty: a visit can be booked."""
    return needed_of(_of_case(session, case), today=today, policy=policy)


def needed_of(papers: Sequence[Proof], *, today: date, policy: Policy) -> list[ProofKind]:
    """The same from all proofs of a case, the newest first."""
    facts = [_facts(proof) for proof in papers]
    return proofs.still_needed(proofs.checklist(facts, on=today, documents=policy.documents))


@in_savepoint
def hand_in(
    session: Session,
    *,
    case: Case,
    kind: ProofKind,
    upload: Upload,
    channel: Channel,
    received_on: date,
    today: date,
    folder: FileStore,
    actor: Actor,
    now: datetime,
) -> Proof:
    """Keep a document as a proof. Refused: the case is closed, or the day it came lies ahead."""
    if received_on > today:
        raise Refused("proof_received_later")
    kept = [
        files.store(
            session,
            folder=folder,
            lender_id=case.lender_id,
            data=data,
            media_type=media_type,
            pages=pages,
            now=now,
        )
        for data, media_type, pages in (
            (upload.data, upload.media_type, upload.pages),
            (upload.thumbnail, "image/jpeg", 1),
        )
    ]
    return _receive(
        session,
        case=case,
        kind=kind,
        channel=channel,
        received_on=received_on,
        file_id=kept[0].id,
        thumbnail_id=kept[1].id,
        actor=actor,
        now=now,
    )


@in_savepoint
def state_no_income(
    session: Session, *, case: Case, statement: str, received_on: date, actor: Actor, now: datetime
) -> Proof:
    """Keep the borrower's word that there is no income, in place of a document that cannot exist."""
    return _receive(
        session,
        case=case,
        kind=ProofKind.INCOME,
        channel=Channel.PORTAL,
        received_on=received_on,
        statement=statement,
        actor=actor,
        now=now,
    )


@in_savepoint
def take_back(session: Session, *, proof: Proof, case: Case, actor: Actor, now: datetime) -> list[str]:
    """Withdraw one's own proof that nobody has reviewed. Return the files to remove after the commit."""
    if proof.state is not ProofState.RECEIVED or proof.actor != str(actor):
        raise Refused("proof_not_taken_back")
    audit.record(
        session, actor=actor, action="proof_taken_back", subject=proof, case=case, now=now, kind=proof.kind
    )
    ids = [each for each in (proof.file_id, proof.thumbnail_id) if each]
    query = select(StoredFile).where(StoredFile.lender_id == case.lender_id, StoredFile.id.in_(ids))
    stored = list(session.scalars(query))
    session.delete(proof)
    session.flush()
    for file in stored:
        session.delete(file)
    session.flush()
    return [file.ref for file in stored]


def case_of_number(session: Session, number: str, *, actor: Actor, now: datetime) -> Case | None:
    """Return the open case of a borrower named by their number, as on the letter a document came with."""
    query = scope.cases(actor, now=now).where(
        Case.closed_at.is_(None),
        Case.borrower_id.in_(
            select(Borrower.id).where(Borrower.lender_id == actor.lender_id, Borrower.borrower_no == number)
        ),
    )
    return session.scalars(query.order_by(Case.id)).first()


def case_of(session: Session, proof: Proof) -> Case:
    """Return the case a proof belongs to."""
    return session.get_one(Case, proof.case_id)


def file_of(session: Session, proof: Proof, *, thumbnail: bool = False) -> StoredFile | None:
    """Return the file of a proof, or its small picture. None: it is a statement."""
    file_id = proof.thumbnail_id if thumbnail else proof.file_id
    query = select(StoredFile).where(StoredFile.lender_id == proof.lender_id, StoredFile.id == file_id)
    return session.scalar(query)


def _receive(
    session: Session,
    *,
    case: Case,
    kind: ProofKind,
    channel: Channel,
    received_on: date,
    file_id: int | None = None,
    thumbnail_id: int | None = None,
    statement: str | None = None,
    actor: Actor,
    now: datetime,
) -> Proof:
    if case.closed_at is not None:
        raise Refused("case_closed")
    proof = Proof(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        kind=kind,
        state=ProofState.RECEIVED,
        channel=channel,
        received_on=received_on,
        actor=str(actor),
        file_id=file_id,
        thumbnail_id=thumbnail_id,
        statement=statement,
    )
    session.add(proof)
    audit.record(
        session,
        actor=actor,
        action="proof_received",
        subject=proof,
        case=case,
        now=now,
        kind=kind,
        channel=channel,
    )
    if case.state is CaseState.REGISTERED:
        cases.move(session, case=case, to=CaseState.DOCUMENTS, actor=actor, now=now)
    return proof


def _of_case(session: Session, case: Case) -> Sequence[Proof]:
    query = select(Proof).where(Proof.lender_id == case.lender_id, Proof.case_id == case.id)
    return session.scalars(query.order_by(Proof.id.desc())).all()


def _paper(session: Session, proof: Proof, today: date, policy: Policy) -> Paper:
    query = select(ProofReview).where(ProofReview.proof_id == proof.id).order_by(ProofReview.id.desc())
    facts = _facts(proof)
    return Paper(
        proof=proof,
        state=proofs.state_on(today, facts, policy.documents),
        review=session.scalars(query.limit(1)).first(),
        last_valid_day=proofs.last_valid_day(facts, policy.documents),
    )


def _facts(proof: Proof) -> ProofFacts:
    return ProofFacts(
        kind=proof.kind,
        state=proof.state,
        received_on=proof.received_on,
        dated_on=proof.issued_on,
        expires_on=proof.expires_on,
    )
