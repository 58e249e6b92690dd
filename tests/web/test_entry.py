"""Signing in and out, and what every page carries."""

from portal.vocabulary import Role
from tests import factories


def signed_in(client, session, *roles):
    lender = factories.lender(session)
    staff = factories.staff(session, lender, *roles)
    session.commit()
    client.get("/agent/sign-in")
    return client.post("/agent/sign-in", {"email": staff.email, "password": factories.PASSWORD})


def test_the_start_page_offers_both_ways_in(client):
    response = client.get("/?lang=en")

    assert response.status_code == 200
    assert "/agent/sign-in" in response.text


def test_staff_sign_in_with_address_and_password(client, session):
    response = signed_in(client, session, Role.LEAD)

    assert (response.status_code, response.headers["Location"]) == (303, "/agent")


def test_a_wrong_password_says_so_and_keeps_the_address(client, session):
    lender = factories.lender(session)
    staff = factories.staff(session, lender)
    session.commit()
    client.get("/agent/sign-in?lang=en")

    response = client.post("/agent/sign-in", {"email": staff.email, "password": "wrong"})

    assert response.status_code == 422
    assert "Address and password do not fit together" in response.text
    assert staff.email in response.text


def test_a_cookie_kept_from_before_sign_out_opens_nothing(client, session):
    signed_in(client, session, Role.LEAD)
    kept = client.http.get_cookie("portal_session").value
    client.get("/agent/sign-in")
    client.post("/sign-out")

    client.http.set_cookie("portal_session", kept)

    assert client.get("/agent").headers["Location"].startswith("/agent/sign-in")


def test_every_answer_carries_the_security_headers(client):
    headers = client.get("/").headers

    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_forged_host_is_refused(client):
    assert client.http.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_language_link_keeps_the_page_and_is_remembered(client):
    assert 'lang="zh-Hans"' in client.get("/?lang=zh_Hans").text
    assert 'lang="zh-Hans"' in client.get("/").text
