"""Proofs are handed in, taken back, reviewed, and open booking."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Message, ProofReview, StoredFile
from portal.services import audit, files, policies, proof_reviews, proofs
from portal.services.files import Upload
from portal.vocabulary import CaseState, Channel, ProofKind, ProofRejection, ProofState, Role
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY

NEEDED = (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)
UPLOAD = Upload("image/jpeg", b"clean bytes", 1, b"small")


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def policy(lender):
    return policies.of(lender, NOW)


@pytest.fixture
def case(session, lender):
    made = factories.late_borrower(session, lender)
    made.state = CaseState.REGISTERED
    return made


@pytest.fixture
def caller(session, lender):
    return factories.actor_of(factories.staff(session, lender, Role.CALLER))


@pytest.fixture
def hand_in(session, case, settings):
    def hand(kind=ProofKind.IDENTITY, *, actor=None, received_on=TODAY, channel=Channel.PORTAL):
        return proofs.hand_in(
            session,
            case=case,
            kind=kind,
            upload=UPLOAD,
            channel=channel,
            received_on=received_on,
            today=TODAY,
            folder=FileStore(settings.files),
            actor=actor or factories.actor_of(case.borrower),
            now=NOW,
        )

    return hand


@pytest.fixture
def accept(session, case, policy, caller):
    def do(proof, **facts):
        facts.setdefault("version", proof.version)
        proof_reviews.accept(
            session, proof=proof, case=case, policy=policy, today=TODAY, actor=caller, now=NOW, **facts
        )

    return do


@pytest.fixture
def reject(session, case, caller):
    def do(proof, **facts):
        facts = {"version": proof.version, "reason": ProofRejection.NOT_READABLE} | facts
        proof_reviews.reject(session, proof=proof, case=case, actor=caller, now=NOW, **facts)

    return do


def needed(session, case, policy, today=TODAY):
    return proofs.still_needed(session, case=case, today=today, policy=policy)


def test_a_document_is_kept_with_its_small_picture(session, hand_in, settings):
    proof = hand_in()

    folder = FileStore(settings.files)
    assert files.read(proofs.file_of(session, proof), folder=folder) == b"clean bytes"
    assert files.read(proofs.file_of(session, proof, thumbnail=True), folder=folder) == b"small"
    assert proof.state is ProofState.RECEIVED


def test_the_first_document_moves_a_registered_case_on(session, hand_in, case):
    hand_in()

    assert case.state is CaseState.DOCUMENTS
    assert [event.action for event in audit.timeline(session, case=case)][:2] == [
        "case_moved",
        "proof_received",
    ]


def test_before_registration_a_document_is_kept_and_the_case_stays(hand_in, case):
    case.state = CaseState.CONFIRMED

    hand_in()

    assert case.state is CaseState.CONFIRMED


def test_received_documents_open_booking_before_they_are_checked(session, hand_in, case, policy):
    assert needed(session, case, policy) == list(NEEDED)

    for kind in NEEDED:
        hand_in(kind)

    assert needed(session, case, policy) == []


def test_a_statement_of_no_income_counts_as_income(session, case, policy):
    borrower = factories.actor_of(case.borrower)
    proofs.state_no_income(
        session, case=case, statement="No income now.", received_on=TODAY, actor=borrower, now=NOW
    )

    assert ProofKind.INCOME not in needed(session, case, policy)


def test_a_paper_that_grew_old_is_asked_for_again(session, hand_in, accept, case, policy):
    accept(hand_in(ProofKind.INCOME), issued_on=TODAY - timedelta(days=60))

    assert ProofKind.INCOME not in needed(session, case, policy, TODAY + timedelta(days=30))
    assert ProofKind.INCOME in needed(session, case, policy, TODAY + timedelta(days=31))


def test_what_nobody_has_checked_is_taken_back_file_and_all(session, hand_in, case):
    proof = hand_in()

    unneeded = proofs.take_back(
        session, proof=proof, case=case, actor=factories.actor_of(case.borrower), now=NOW
    )

    assert len(unneeded) == 2
    assert session.query(StoredFile).count() == 0


def test_what_was_checked_or_is_not_ones_own_is_not_taken_back(session, hand_in, accept, case, caller):
    borrower = factories.actor_of(case.borrower)
    checked, logged = hand_in(), hand_in(actor=caller, channel=Channel.LETTER)
    accept(checked)

    for proof in (checked, logged):
        with pytest.raises(Refused, match="proof_not_taken_back"):
            proofs.take_back(session, proof=proof, case=case, actor=borrower, now=NOW)


def test_a_document_that_arrives_tomorrow_is_refused(hand_in):
    with pytest.raises(Refused, match="proof_received_later"):
        hand_in(received_on=TODAY + timedelta(days=1))


def test_a_closed_case_takes_no_document(hand_in, case):
    case.closed_at = NOW

    with pytest.raises(Refused, match="case_closed"):
        hand_in()


def test_a_rejection_tells_the_borrower_without_naming_the_document(session, hand_in, reject, caller):
    proof = hand_in()

    reject(proof, note="The lower corner is missing.")

    review = session.scalars(select(ProofReview)).one()
    assert (review.staff_id, review.reason, review.note) == (
        caller.id,
        ProofRejection.NOT_READABLE,
        "The lower corner is missing.",
    )
    message = session.scalars(select(Message)).one()
    assert "needs to be sent again" in message.body
    assert "Identity" not in message.body


def test_another_reason_needs_words(hand_in, reject):
    with pytest.raises(Refused, match="proof_note_missing"):
        reject(hand_in(), reason=ProofRejection.OTHER, note="  ")


def test_a_review_of_an_old_copy_is_refused(session, hand_in, accept, reject):
    proof = hand_in()
    seen = proof.version
    accept(proof)
    session.flush()

    with pytest.raises(Refused, match="proof_changed"):
        reject(proof, version=seen)

    assert proof.state is ProofState.ACCEPTED


def test_a_rejected_proof_is_not_accepted_afterwards(hand_in, accept, reject):
    proof = hand_in()
    reject(proof)

    with pytest.raises(Refused, match="move_not_allowed"):
        accept(proof)


def test_the_borrower_hears_once_that_all_is_accepted(session, hand_in, accept):
    papers = [hand_in(kind) for kind in (*NEEDED, ProofKind.OTHER)]

    for paper in papers:
        accept(paper)

    assert [message.template for message in session.scalars(select(Message))] == ["proof_complete"]


def test_the_queue_is_in_the_order_of_arrival_and_goes_on_after_its_page(
    session, hand_in, caller, monkeypatch
):
    monkeypatch.setattr(proof_reviews, "PAGE_LENGTH", 2)
    late, early, same_day = (hand_in(received_on=date(2026, 2, day)) for day in (20, 10, 20))

    first, after = proof_reviews.waiting(session, actor=caller, now=NOW)
    second, end = proof_reviews.waiting(session, actor=caller, now=NOW, after=after)

    assert first == [early, late]
    assert (second, end) == ([same_day], None)


def test_reviewed_proofs_leave_the_queue(session, hand_in, accept, reject, caller):
    accept(hand_in())
    reject(hand_in())

    assert proof_reviews.waiting(session, actor=caller, now=NOW) == ([], None)


def test_another_lenders_documents_are_not_in_the_queue(session, hand_in):
    hand_in()
    other = factories.lender(session, "spdb-puhui")
    stranger = factories.actor_of(factories.staff(session, other, Role.CALLER))

    assert proof_reviews.waiting(session, actor=stranger, now=NOW) == ([], None)
