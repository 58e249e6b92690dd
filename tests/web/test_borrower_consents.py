"""Agreeing to the visit service on the page, and taking it back."""

import re

import pytest

from portal.models import Consent, Registration
from portal.services import lenders
from portal.vocabulary import CaseState
from tests import factories
from tests.signing_in import sign_in_borrower

AGREED = {"reason": "needs_guidance", "agree": "y", "declaration": "y"}


@pytest.fixture
def case(client, session):
    made = factories.late_borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, made.borrower)
    session.rollback()
    return made


def agree(client, **changes):
    client.get("/my/consents?lang=en")
    return client.post("/my/consents", AGREED | changes)


def rows(session, model):
    session.expire_all()
    found = session.query(model).all()
    session.rollback()
    return len(found)


def test_before_agreeing_it_is_said_that_nothing_need_be_signed(client, case):
    text = client.get("/my/consents?lang=en").text

    said = text.index("You need not promise or sign anything at the visit.")
    revocable = text.index("you can take your consent back on this page at any time")
    assert said < revocable < text.index("Agree and register")


def test_agreeing_registers_and_leads_to_what_is_next(client, session, case):
    response = agree(client)

    assert response.headers["Location"] == "/my"
    assert "You have agreed to the visit service" in client.follow(response).text
    session.expire_all()
    assert case.state is CaseState.REGISTERED
    consent = session.query(Consent).one()
    assert (consent.text_version, consent.locale) == ("visit-service-2026-1", "en")
    assert consent.text_version in client.get("/my/consents").text


def test_the_text_that_was_shown_is_the_version_that_is_kept(client, case):
    assert "Text visit-service-2026-1" in client.get("/my/consents?lang=en").text


@pytest.mark.parametrize("left_out", ["reason", "agree", "declaration"])
def test_nothing_is_kept_when_something_is_left_out(client, session, case, left_out):
    response = agree(client, **{left_out: ""})

    assert response.status_code == 422
    assert (rows(session, Consent), rows(session, Registration)) == (0, 0)


def test_nothing_is_ticked_beforehand(client, case):
    main = client.get("/my/consents").text

    assert not re.search(r"<input[^>]*\bchecked\b", main)


def test_agreeing_twice_with_one_form_is_agreeing_once(client, session, case):
    client.get("/my/consents")
    for _press in range(2):
        assert client.post("/my/consents", AGREED).status_code == 303

    assert rows(session, Consent) == 1


def test_agreeing_again_while_agreed_says_so(client, session, case):
    client.get("/my/consents?lang=en")
    form = client.page
    agree(client)
    client.page = form

    response = client.post("/my/consents", AGREED | {"idempotency_key": "another"})

    assert response.status_code == 409
    assert rows(session, Consent) == 1


def test_a_consent_is_taken_back_on_the_same_page(client, session, case):
    agree(client)
    page = client.get("/my/consents").text
    url = re.search(r'action="(/my/consents/[^"]+/revocation)"', page)[1]

    client.follow(client.post(url))

    assert "You have taken back your consent" in client.page.text
    assert "Agree and register" in client.page.text
    session.expire_all()
    assert session.query(Consent).one().revoked_at


def test_the_consent_of_another_borrower_does_not_exist(client, session, case):
    agree(client)
    session.expire_all()
    ref = session.query(Consent).one().ref
    other = factories.late_borrower(session, lenders.get(session, case.lender_id)).borrower
    session.commit()
    sign_in_borrower(client, other)
    session.rollback()
    client.get("/my/consents")

    assert client.post(f"/my/consents/{ref}/revocation").status_code == 404
    session.expire_all()
    assert session.query(Consent).one().revoked_at is None


def test_without_a_case_there_is_nothing_to_agree_to(client, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()

    assert "Nothing to agree to" in client.get("/my/consents?lang=en").text
    client.get("/my")
    assert client.post("/my/consents", AGREED).status_code == 404
