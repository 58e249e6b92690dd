"""The borrower reads, signs or declines the agreement, and downloads an original of their own."""

import hashlib

import pytest

from portal.infra.files import FileStore
from portal.models import Agreement, CodeChallenge, Plan, Signature
from portal.vocabulary import AgreementState, Role, SignatureMethod
from tests import factories
from tests.agreements_made import PATH, borrower_of, code_of, offered, sign
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.signing_in import sign_in_borrower, sign_in_staff


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lead(session, client):
    return factories.staff(session, factories.lender(session), Role.LEAD)


@pytest.fixture
def agreement(session, lead, folder):
    made = offered(session, lead_lender(session, lead), folder, by=lead)
    session.commit()
    return made


@pytest.fixture
def url(session, agreement, client):
    """The page of the agreement, with its borrower signed in."""
    borrower = borrower_of(session, agreement)
    session.commit()
    sign_in_borrower(client, borrower)
    return f"/my/agreements/{agreement.ref}"


def lead_lender(session, lead):
    return session.get_one(factories.Lender, lead.lender_id)


def now_as(session, agreement):
    session.expire_all()
    return session.get_one(Agreement, agreement.id)


def ask_for_code(session, client, url):
    client.get(url)
    assert client.post(f"{url}/code", {"agree": "y"}).status_code == 303
    code = code_of(session)
    session.rollback()
    return code


def test_the_page_begins_with_the_key_facts_then_the_text_then_the_consent(session, client, url):
    plan = session.query(Plan).one()
    session.rollback()
    text = client.get(url).text
    places = [text.index(word) for word in ("The most important facts", "1. Who agrees", "I agree to sign")]
    assert places == sorted(places)
    assert f"{(plan.principal + plan.interest) / 100:,.2f} in all" in text
    assert "95511-3" in text
    assert 'name="code"' not in text


def test_without_the_tick_no_code_is_sent(session, client, url):
    client.get(url)
    page = client.post(f"{url}/code")
    assert page.status_code == 422
    assert "Please tick this box" in page.text
    assert not session.query(CodeChallenge).count()


def test_signing_with_the_code_and_the_typed_name_needs_no_script(session, client, url, agreement):
    code = ask_for_code(session, client, url)
    page = client.get(url)
    assert "We sent six digits to your mobile number on file." in page.text
    answer = client.post(f"{url}/signature", {"code": code, "typed": "Test Borrower"})
    assert "You have signed" in client.follow(answer).text
    signature = session.query(Signature).one()
    assert (signature.method, signature.mark) == (SignatureMethod.TYPED, "Test Borrower")
    assert signature.address == "127.0.0.1"
    assert now_as(session, agreement).state is AgreementState.SIGNED


def test_a_drawn_signature_arrives_as_strokes(session, client, url):
    code = ask_for_code(session, client, url)
    client.get(url)
    assert client.post(f"{url}/signature", {"code": code, "path": PATH}).status_code == 303
    assert session.query(Signature).one().mark == PATH


def test_a_wrong_code_is_counted_and_the_drawing_is_kept(session, client, url):
    code = ask_for_code(session, client, url)
    client.get(url)
    page = client.post(f"{url}/signature", {"code": "x" + code[1:], "path": PATH})
    assert page.status_code == 422
    assert PATH in page.text
    assert session.query(CodeChallenge).one().failed_tries == 1


def test_after_five_wrong_codes_a_new_one_is_asked_for(session, client, url):
    code = ask_for_code(session, client, url)
    for _ in range(5):
        client.get(url)
        client.post(f"{url}/signature", {"code": "x" + code[1:], "typed": "Test Borrower"})
    assert 'name="code"' not in client.get(url).text
    page = client.post(f"{url}/signature", {"code": code, "typed": "Test Borrower"})
    assert page.status_code == 422
    assert not session.query(Signature).count()


def test_a_name_that_is_not_the_borrowers_is_said_beside_the_field(session, client, url):
    code = ask_for_code(session, client, url)
    client.get(url)
    page = client.post(f"{url}/signature", {"code": code, "typed": "Somebody"})
    assert page.status_code == 422
    assert "Please type your name as it stands in the agreement: Test Borrower" in page.text


def test_the_same_signature_sent_twice_signs_once(session, client, url):
    code = ask_for_code(session, client, url)
    client.get(url)
    fields = client._hidden_fields() | {"code": code, "typed": "Test Borrower"}
    first = client.http.post(f"{url}/signature", data=fields)
    again = client.http.post(f"{url}/signature", data=fields)
    assert (first.status_code, again.status_code) == (303, 303)
    assert session.query(Signature).count() == 1


def test_declining_asks_for_the_reason_and_ends_it(session, client, url, agreement):
    client.get(url)
    page = client.post(f"{url}/refusal")
    assert page.status_code == 422
    page = client.follow(client.post(f"{url}/refusal", {"reason": "Too much each month"}))
    assert "You declined this agreement" in page.text
    assert "Send me the code" not in page.text
    declined = now_as(session, agreement)
    assert (declined.state, declined.decline_reason) == (AgreementState.DECLINED, "Too much each month")


def test_after_both_have_signed_the_original_is_there_to_download(session, client, url, lead, folder):
    assert client.get(f"{url}/original").status_code == 404
    agreement = session.query(Agreement).one()
    sign(session, agreement, borrower_of(session, agreement), folder)
    sign(session, agreement, lead, folder)
    session.commit()
    page = client.get(url)
    assert "Download my original" in page.text
    assert "2 Apr 2026" in page.text
    mine = client.get(f"{url}/original")
    assert mine.headers["Content-Disposition"] == f"attachment; filename={agreement.number}-original.pdf"
    assert mine.data.startswith(b"%PDF-")
    sign_in_staff(client, lead)
    theirs = client.get(f"/agent/agreements/{agreement.ref}/original")
    assert hashlib.sha256(mine.data).digest() == hashlib.sha256(theirs.data).digest()


def test_the_document_and_its_pages_can_be_looked_at_before_signing(client, url, agreement):
    document = client.get(f"{url}/document")
    assert hashlib.sha256(document.data).hexdigest() == agreement.document_sha256
    page = client.get(f"{url}/pages/1")
    assert (page.mimetype, page.data[:2]) == ("image/jpeg", b"\xff\xd8")
    assert client.get(f"{url}/pages/99").status_code == 404


@pytest.mark.parametrize("part", ["", "/document", "/original", "/pages/1"])
def test_for_another_borrower_it_does_not_exist(session, client, url, lead, part):
    other = factories.borrower(session, lead_lender(session, lead))
    session.commit()
    sign_in_borrower(client, other)
    assert client.get(url + part).status_code == 404


def test_staff_have_no_business_on_the_borrowers_page(client, url, lead):
    sign_in_staff(client, lead)
    assert client.get(url).status_code == 403


def test_the_page_reads_a_fixed_number_of_rows(session, client, url, app):
    from sqlalchemy import event

    seen = []
    engine = app.extensions["installation"].engine
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    client.get(url)
    assert len([each for each in seen if each.startswith("SELECT")]) <= 20
