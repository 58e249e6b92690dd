"""Whatever somebody sends where a secret belongs, the answer is a page and never an error of ours.

The addresses come from the URL map: a new way in is tried from the day it is there."""

import base64
import re

import pytest

from portal.services import links
from portal.vocabulary import CaseState, Channel, Role
from portal.web.sessions import COOKIE
from tests import authenticator, factories
from tests.conftest import NOW
from tests.signing_in import sign_in_borrower

STRANGE = {
    "letters of other scripts": "pässwörd-密碼-🔑",
    "bytes that are no text": b"\xff\xfe\x80".decode("latin-1"),
    "half a character": "\ud83d",
    "characters nobody sees": "\x00\x01\u202e\ufeff",
    "digits of other scripts": "١٢٣٤٥٦",
    "much": "ß" * 20_000,
}
FIELDS = (
    "email",
    "password",
    "repeated",
    "code",
    "last_four",
    "idempotency_key",
    "csrf_token",
    "token",
    "next",
)


def ways_in(app):
    """Every address that takes a POST without a sign-in."""
    for rule in app.url_map.iter_rules():
        if (
            "POST" in rule.methods
            and rule.endpoint.startswith("public.")
            and rule.endpoint != "public.sign_out"
        ):
            yield rule


def where(rule, value):
    parts = {name: value.replace("/", "-") for name in rule.arguments}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: parts[match[1]], rule.rule)


def encoded(value):
    return value.encode("utf-8", "surrogatepass")


def form(value, csrf):
    """A form whose every field holds the value, in bytes, as a browser of ill will sends it."""
    pairs = {name: encoded(value) for name in FIELDS} | ({"csrf_token": csrf.encode()} if csrf else {})
    return "&".join(f"{name}={'%' + data.hex('%') if data else ''}" for name, data in pairs.items())


def post(http, path, value, csrf=None, **headers):
    address = "".join(
        chr(byte) if chr(byte).isalnum() or chr(byte) in "/-._" else f"%{byte:02x}" for byte in encoded(path)
    )
    return http.post(
        address, data=form(value, csrf), content_type="application/x-www-form-urlencoded", headers=headers
    )


def csrf_of(client, path="/agent/sign-in"):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.http.get(path).text)[1]


def a_stranger(_client, _session):
    """Somebody who comes for the first time."""


def opened_a_link(client, session):
    borrower = factories.late_borrower(session, factories.lender(session)).borrower
    actor = factories.actor_of(borrower)
    _, token = links.create(session, borrower=borrower, channel=Channel.SMS, actor=actor, now=NOW)
    session.commit()
    client.get(f"/l/{token}")
    assert client.post(f"/l/{token}").status_code == 303


def asked_for_a_code(client, session):
    opened_a_link(client, session)
    client.get("/enter")
    assert client.post("/enter", {"last_four": "1234"}).status_code == 303


def gave_a_password(client, session):
    person = authenticator.give(session, factories.staff(session, factories.lender(session), Role.LEAD))
    session.commit()
    client.get("/agent/sign-in")
    answer = client.post("/agent/sign-in", {"email": person.email, "password": factories.PASSWORD})
    assert answer.headers["Location"].endswith("/code")


def has_no_authenticator_yet(client, session):
    person = factories.staff(session, factories.lender(session), Role.LEAD)
    session.commit()
    client.get("/agent/sign-in")
    answer = client.post("/agent/sign-in", {"email": person.email, "password": factories.PASSWORD})
    assert answer.headers["Location"].endswith("/authenticator")


@pytest.mark.parametrize(
    "stand", [a_stranger, opened_a_link, asked_for_a_code, gave_a_password, has_no_authenticator_yet]
)
def test_nothing_strange_in_a_form_or_address_is_an_error_of_ours(client, app, session, stand):
    stand(client, session)
    csrf = csrf_of(client)
    for name, value in STRANGE.items():
        for rule in ways_in(app):
            answer = post(client.http, where(rule, value[:200]), value, csrf)
            assert answer.status_code < 500, (rule.rule, name)


def test_a_strange_token_against_forgery_is_a_page_that_asks_to_try_again(client, app):
    for name, value in STRANGE.items():
        for rule in ways_in(app):
            assert post(client.http, where(rule, value[:200]), value).status_code in {204, 400, 413, 415}, (
                rule.rule,
                name,
            )


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_nothing_strange_in_a_cookie_or_header_is_an_error_of_ours(client, app, value):
    raw = encoded(value[:1000]).replace(b"\x00", b"").decode("latin-1")
    basic = base64.b64encode(encoded(value[:1000]) + b":x").decode()
    csrf = csrf_of(client)
    headers = {
        "HTTP_COOKIE": f"{COOKIE}={raw}; lang={raw}; theme={raw}",
        "HTTP_AUTHORIZATION": f"Basic {basic}",
        "HTTP_X_CSRFTOKEN": raw,
        "HTTP_USER_AGENT": raw,
        "HTTP_REFERER": raw,
        "HTTP_ACCEPT_LANGUAGE": raw,
        "HTTP_HX_REQUEST": raw,
    }
    bearer = headers | {"HTTP_AUTHORIZATION": f"Bearer {raw}"}
    for environ in (headers, bearer):
        for path in ("/", "/agent", "/my", "/agent/sign-in", "/healthz", "/readyz", "/no-such-page"):
            assert app.test_client().get(path, environ_overrides=environ).status_code < 500, path
        for path in ("/agent/sign-in", "/enter", "/complaints", "/sign-out"):
            assert app.test_client().post(path, environ_overrides=environ).status_code < 500, path
        answer = client.http.post("/agent/sign-in", data={"csrf_token": csrf}, environ_overrides=environ)
        assert answer.status_code < 500


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_nothing_strange_is_an_error_of_ours_for_who_is_signed_in(client, app, session, value):
    case = factories.late_borrower(session, factories.lender(session))
    case.state = CaseState.REGISTERED
    session.commit()
    sign_in_borrower(client, case.borrower)
    csrf = csrf_of(client, "/my/complaints")

    fields = form(value, csrf) + "&topic=conduct&about=&text=x"
    for path in ("/my/complaints", "/my/proofs/statement"):
        answer = client.http.post(path, data=fields, content_type="application/x-www-form-urlencoded")
        assert answer.status_code < 500, path
