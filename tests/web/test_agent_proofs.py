"""Staff check documents by their pictures, accept them, send them back, and log what came on paper."""

import io
import re

import pikepdf
import pytest
from sqlalchemy import select

from portal.infra.files import FileStore
from portal.models import Message, Proof
from portal.services import proofs
from portal.services.files import Upload
from portal.vocabulary import Channel, ProofKind, ProofState, Role
from tests import factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.factories import TODAY
from tests.signing_in import sign_in_staff


def document(pages):
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(300, 400))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def proof(session, case, settings):
    made = proofs.hand_in(
        session,
        case=case,
        kind=ProofKind.RESIDENCE,
        upload=Upload("application/pdf", document(2), 2, b"small"),
        channel=Channel.PORTAL,
        received_on=TODAY,
        today=TODAY,
        folder=FileStore(settings.files),
        actor=factories.actor_of(case.borrower),
        now=NOW,
    )
    session.commit()
    return made


@pytest.fixture
def caller(client, session, lender):
    sign_in_staff(client, staff_of(session, lender, Role.CALLER))
    return client


def staff_of(session, lender, role):
    made = factories.staff(session, lender, role)
    session.commit()
    return made


def test_the_queue_leads_to_a_document_with_its_pages_as_pictures(caller, proof):
    queue = caller.get("/agent/proofs?lang=en")
    assert f"/agent/proofs/{proof.ref}" in queue.text

    shown = caller.get(f"/agent/proofs/{proof.ref}")

    pictures = re.findall(r'src="(/agent/proofs/[^"]+/pages/\d+)"', shown.text)
    assert len(pictures) == 2
    second = caller.http.get(pictures[1])
    assert (second.mimetype, second.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert caller.http.get(f"/agent/proofs/{proof.ref}/pages/3").status_code == 404


def test_accepting_notes_the_date_of_the_paper(caller, session, proof):
    caller.get(f"/agent/proofs/{proof.ref}")

    response = caller.post(
        f"/agent/proofs/{proof.ref}/acceptance", {"version": proof.version, "issued_on": "2026-02-01"}
    )

    assert (response.status_code, response.headers["Location"]) == (303, "/agent/proofs")
    session.expire_all()
    assert (proof.state, proof.issued_on.isoformat()) == (ProofState.ACCEPTED, "2026-02-01")


def test_sending_back_needs_a_reason_and_tells_the_borrower(caller, session, proof):
    caller.get(f"/agent/proofs/{proof.ref}?lang=en")
    version = {"version": proof.version}
    url = f"/agent/proofs/{proof.ref}/rejection"

    assert caller.post(url, version).status_code == 422
    assert caller.post(url, version | {"reason": "other"}).status_code == 422
    assert caller.post(url, version | {"reason": "not_whole", "note": "Page 2 too."}).status_code == 303

    session.expire_all()
    assert proof.state is ProofState.REJECTED
    assert [each.template for each in session.scalars(select(Message))] == ["proof_rejected"]


def test_a_document_somebody_else_just_reviewed_answers_409(app, caller, session, lender, proof):
    other = StrictClient(app)
    sign_in_staff(other, staff_of(session, lender, Role.LEAD))
    version = {"version": proof.version}
    for browser in (caller, other):
        browser.get(f"/agent/proofs/{proof.ref}?lang=en")
    other.post(f"/agent/proofs/{proof.ref}/rejection", version | {"reason": "too_old"})

    response = caller.post(f"/agent/proofs/{proof.ref}/acceptance", version)

    assert response.status_code == 409
    assert "Somebody else has just worked on this document" in response.text
    session.expire_all()
    assert proof.state is ProofState.REJECTED


def test_what_came_by_post_is_logged_with_the_day_it_arrived(caller, session, case):
    number = case.borrower.borrower_no
    session.commit()
    found = caller.follow(caller.get(f"/agent/proofs/new?borrower={number}&lang=en"))
    assert case.borrower.name in found.text
    session.commit()

    response = caller.post(
        f"/agent/proofs?case={case.ref}",
        {
            "kind": "income",
            "channel": "letter",
            "received_on": "2026-02-27",
            "photo": (io.BytesIO(document(1)), "payslip.pdf"),
        },
        content_type="multipart/form-data",
    )

    assert response.status_code == 303
    session.expire_all()
    logged = session.scalars(select(Proof)).one()
    assert (logged.channel, logged.received_on.isoformat()) == (Channel.LETTER, "2026-02-27")
    assert logged.actor.startswith("staff:")


def test_an_unknown_borrower_number_says_so(caller):
    assert "no open case under this number" in caller.get("/agent/proofs/new?borrower=B9&lang=en").text


@pytest.mark.parametrize("role", [Role.AGENT, Role.HANDLER])
def test_other_roles_do_not_check_documents(client, session, lender, proof, role):
    sign_in_staff(client, staff_of(session, lender, role))

    assert client.get("/agent/proofs").status_code == 403
    assert client.get(f"/agent/proofs/{proof.ref}").status_code == 403


def test_an_auditor_reads_documents_and_reviews_none(client, session, lender, proof):
    sign_in_staff(client, staff_of(session, lender, Role.AUDITOR))

    assert client.get("/agent/proofs").status_code == 200
    for act in ("acceptance", "rejection"):
        assert client.get(f"/agent/proofs/{proof.ref}").status_code == 200
        assert client.post(f"/agent/proofs/{proof.ref}/{act}").status_code == 403


def test_another_lenders_document_does_not_exist(client, session, proof):
    sign_in_staff(client, staff_of(session, factories.lender(session, "spdb-puhui"), Role.CALLER))

    assert client.get(f"/agent/proofs/{proof.ref}").status_code == 404
    assert client.http.get(f"/agent/proofs/{proof.ref}/pages/1").status_code == 404
    assert proof.ref not in client.get("/agent/proofs").text
