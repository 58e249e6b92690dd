"""Signing in and out, and what every page carries."""

from tests import factories


def test_the_start_page_offers_both_ways_in(client):
    response = client.get("/?lang=en")

    assert response.status_code == 200
    assert "/agent/sign-in" in response.text


def test_a_wrong_password_says_so_and_keeps_the_address(client, session):
    lender = factories.lender(session)
    staff = factories.staff(session, lender)
    session.commit()
    client.get("/agent/sign-in?lang=en")

    response = client.post("/agent/sign-in", {"email": staff.email, "password": "wrong"})

    assert response.status_code == 422
    assert "Address and password do not fit together" in response.text
    assert staff.email in response.text


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
