"""The borrower sends documents, sees what is missing, and takes back what nobody has checked."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from portal.infra import images
from portal.models import Proof, StoredFile
from portal.vocabulary import CaseState, Channel, ProofKind, ProofState
from tests import factories
from tests.booking import ready_case
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower


def photo(size=(60, 40)):
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    made = factories.late_borrower(session, lender)
    made.state = CaseState.REGISTERED
    session.commit()
    return made


@pytest.fixture
def borrower(client, case):
    sign_in_borrower(client, case.borrower)
    return client


def send(borrower, data, kind="identity", name="photo.jpg"):
    borrower.get("/my/proofs?lang=en")
    # As a telephone sends it: the camera's field filled, the file chooser's empty, or the other way round.
    files = [(io.BytesIO(b""), ""), (io.BytesIO(data), name)]
    return borrower.post(f"/my/proofs/{kind}", {"photo": files}, content_type="multipart/form-data")


def sent(borrower, session, **options):
    response = send(borrower, photo(), **options)
    assert response.status_code == 303, response.text
    session.expire_all()
    proof = session.scalars(select(Proof)).one()
    session.commit()
    return proof


def test_the_page_lists_every_kind_and_counts_what_is_missing(borrower):
    page = borrower.get("/my/proofs?lang=en").text

    assert "3 kinds of documents are still missing." in page
    for name in ("Identity document", "Proof of residence", "Proof of income", "Other document"):
        assert name in page
    assert page.index("Take a photo") < page.index("Choose a file")


def test_a_photo_is_kept_sealed_and_comes_back_as_an_attachment(borrower, session, settings):
    proof = sent(borrower, session)

    assert (proof.kind, proof.state, proof.channel) == (
        ProofKind.IDENTITY,
        ProofState.RECEIVED,
        Channel.PORTAL,
    )
    assert not [path for path in settings.files.rglob("*") if path.is_file() and b"JFIF" in path.read_bytes()]
    file = borrower.http.get(f"/my/proofs/{proof.ref}/file")
    assert file.headers["Content-Disposition"].startswith("attachment; filename=identity-2026-03-02.jpg")
    assert file.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Image.open(io.BytesIO(file.data)).size == (60, 40)
    assert borrower.http.get(f"/my/proofs/{proof.ref}/thumbnail").mimetype == "image/jpeg"


def test_what_is_no_photo_is_refused_in_warm_words(borrower, session):
    response = send(borrower, b"<html>not a photo</html>", name="photo.html")

    assert response.status_code == 422
    assert "We can open photos" in response.text
    assert session.query(Proof).count() == 0


def test_a_broken_photo_asks_for_better_light(borrower):
    response = send(borrower, photo()[:200])

    assert response.status_code == 422
    assert "Try again in better light" in response.text


def test_sending_nothing_asks_for_a_photo(borrower):
    response = send(borrower, b"", name="")

    assert response.status_code == 422
    assert "Please take a photo or choose a file first." in response.text


def test_a_file_that_is_too_large_answers_413_in_words(borrower, monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 100)

    response = send(borrower, photo())

    assert response.status_code == 413
    assert "This file is too large for us." in response.text


def test_a_request_that_is_too_large_is_not_even_read(borrower, app):
    borrower.get("/my/proofs?lang=en")
    app.config["MAX_CONTENT_LENGTH"] = 400

    response = send(borrower, photo())

    assert response.status_code == 413
    assert "This file is too large" in response.text


def test_an_unknown_kind_does_not_exist(borrower):
    assert send(borrower, photo(), kind="passport").status_code == 404


def test_the_same_form_sent_twice_keeps_one_document(borrower, session):
    borrower.get("/my/proofs")
    page = borrower.page
    for _ in range(2):
        borrower.page = page
        borrower.post(
            "/my/proofs/identity",
            {"photo": (io.BytesIO(photo()), "a.jpg")},
            content_type="multipart/form-data",
        )

    assert session.query(Proof).count() == 1


def test_taking_back_deletes_the_file(borrower, session, settings):
    proof = sent(borrower, session)
    borrower.get("/my/proofs?lang=en")

    page = borrower.follow(borrower.post(f"/my/proofs/{proof.ref}/withdrawal"))

    assert "The file is deleted" in page.text
    assert session.query(Proof).count() + session.query(StoredFile).count() == 0
    assert not [path for path in settings.files.rglob("*") if path.is_file()]


def test_no_income_is_said_instead_of_proven(borrower, session):
    borrower.get("/my/proofs?lang=en")
    assert borrower.post("/my/proofs/statement", {"words": "My brother helps."}).status_code == 422

    borrower.follow(borrower.post("/my/proofs/statement", {"agree": "y", "words": "My brother helps."}))

    proof = session.scalars(select(Proof)).one()
    assert (proof.kind, proof.state) == (ProofKind.INCOME, ProofState.RECEIVED)
    assert proof.statement == "I have no income at the moment. This is true.\nMy brother helps."


def test_with_everything_received_the_next_step_is_the_visit(client, session, lender):
    case = ready_case(session, lender)
    session.commit()
    sign_in_borrower(client, case.borrower)

    page = client.get("/my/proofs?lang=en").text

    assert "Everything we need is here." in page
    assert 'href="/my/visits/new"' in page


def test_another_borrowers_document_does_not_exist(borrower, session, lender):
    proof = sent(borrower, session)
    other = factories.late_borrower(session, lender)
    session.commit()
    stranger = StrictClient(borrower.app)
    sign_in_borrower(stranger, other.borrower)

    for path in ("file", "thumbnail"):
        assert stranger.http.get(f"/my/proofs/{proof.ref}/{path}").status_code == 404
    stranger.get("/my/proofs")
    assert stranger.post(f"/my/proofs/{proof.ref}/withdrawal").status_code == 404
