"""People: who works here, what they may do; invited, changed, disabled by an administrator."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import IdempotencyRecord, Message, Staff
from portal.vocabulary import Role
from portal.web import headers
from tests import authenticator, factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.signing_in import sign_in_staff

ENTRIES = {
    "name": "New Example",
    "number": "N-1",
    "locale": "en",
    "manager": "",
    "email": "new@north.example",
}


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def admin(session, lender):
    return factories.staff(session, lender, Role.ADMIN, name="Admin Example")


@pytest.fixture
def agent(session, lender):
    return factories.staff(session, lender, Role.AGENT, name="Agent Example")


@pytest.fixture
def desk(client, admin):
    """A browser of the administrator."""
    sign_in_staff(client, admin)
    client.get("/agent/people?lang=en")
    return client


def entries_of(page):
    """What a profile's form holds."""
    fields = dict(re.findall(r'name="(name|number|version)"[^>]*value="([^"]*)"', page))
    fields |= {name: value for value, name in re.findall(r'value="([^"]*)"[^>]*name="(version)"', page)}
    roles = re.findall(r'name="roles"\s+value="(\w+)"\s+checked', page)
    return fields | {"roles": roles, "locale": "en", "manager": ""}


def token_sent(session):
    """The token in the newest invitation."""
    newest = select(Message).where(Message.template == "invitation").order_by(Message.id.desc())
    return re.search(r"/invitations/([\w-]+)", session.scalars(newest).first().body)[1]


def test_the_list_names_everybody_with_roles_state_and_last_sign_in(desk, session, agent):
    agent.signed_in_at = NOW - timedelta(days=1)
    page = desk.get("/agent/people").text

    assert "Agent Example" in page
    assert "No authenticator yet" in page
    assert "1 Mar 2026" in page


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_others_may_read_but_not_change(client, session, lender, agent, role):
    sign_in_staff(client, factories.staff(session, lender, role))

    assert "Agent Example" in client.get("/agent/people").text
    page = client.get(f"/agent/people/{agent.ref}").text
    assert agent.email in page
    assert "/disabling" not in page
    assert client.get("/agent/people/new").status_code == 403
    assert client.get(f"/agent/people/{agent.ref}/profile").status_code == 403


def test_the_list_can_be_narrowed_and_says_when_nobody_fits(desk, agent):
    assert "Admin Example" not in re.sub(
        r'<p class="who.*?</p>', "", desk.get("/agent/people?role=agent").text
    )
    assert "Nobody fits" in desk.get("/agent/people?state=invited").text
    assert desk.get("/agent/people?state=nonsense&role=nonsense").status_code == 200


def test_somebody_is_invited_chooses_a_password_and_comes_in(desk, app, session):
    desk.get("/agent/people/new")
    answer = desk.post("/agent/people", ENTRIES | {"roles": ["caller"]})
    assert "Invited" in desk.follow(answer).text

    newcomer = StrictClient(app, session)
    token = token_sent(session)
    neutral = newcomer.get(f"/invitations/{token}?lang=en").text
    opened = newcomer.post(f"/invitations/{token}")
    newcomer.follow(opened)
    chosen = newcomer.post(
        "/invitation/password", {"password": "four words that rhyme", "again": "four words that rhyme"}
    )

    for private in (token, "New Example", "north.example", "pingan"):
        assert private not in neutral
    assert opened.headers["Location"] == "/invitation/password"
    assert chosen.headers["Location"] == "/agent/sign-in/authenticator"
    page = newcomer.follow(chosen).text
    secret = re.search(r'id="secret-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    newcomer.post("/agent/sign-in/authenticator", {"code": authenticator.code(secret=secret)})
    assert newcomer.get("/agent").status_code == 200


def test_reading_an_invitation_changes_nothing_however_often(desk, app, session):
    desk.get("/agent/people/new")
    desk.post("/agent/people", ENTRIES | {"roles": ["caller"]})
    token = token_sent(session)
    for _ in range(3):
        StrictClient(app, session).get(f"/invitations/{token}")

    newcomer = StrictClient(app, session)
    newcomer.get(f"/invitations/{token}")
    assert newcomer.post(f"/invitations/{token}").headers["Location"] == "/invitation/password"


@pytest.mark.parametrize("token", ["nobody-was-sent-this", "é", "x" * 3000])
def test_an_invitation_that_is_none_leads_to_a_calm_page(client, token):
    assert client.get(f"/invitations/{token}").status_code == 200
    answer = client.post(f"/invitations/{token}")

    assert answer.headers["Location"] == "/invitation/closed"
    assert "This invitation is closed" in client.get("/invitation/closed?lang=en").text
    assert client.get("/invitation/password").headers["Location"] == "/invitation/closed"


def test_an_older_invitation_is_closed_by_a_newer_one(desk, app, session, agent):
    tokens = []
    for _ in range(2):
        desk.get(f"/agent/people/{agent.ref}")
        desk.post(f"/agent/people/{agent.ref}/invitations")
        tokens.append(token_sent(session))

    places = []
    for token in tokens:
        browser = StrictClient(app, session)
        browser.get(f"/invitations/{token}")
        places.append(browser.post(f"/invitations/{token}").headers["Location"])
    assert places == ["/invitation/closed", "/invitation/password"]


def test_no_token_is_kept_with_an_answer_or_told_by_a_report(desk, app, session, agent):
    desk.get(f"/agent/people/{agent.ref}")
    desk.post(f"/agent/people/{agent.ref}/invitations")
    token = token_sent(session)
    browser = StrictClient(app, session)
    browser.get(f"/invitations/{token}")
    browser.post(f"/invitations/{token}", {"idempotency_key": "somebody-sends-one"})

    assert not [each for each in session.scalars(select(IdempotencyRecord.endpoint)) if token in each]
    assert headers.LINK.sub(r"/\1/…", f'"http://x/invitations/{token}"') == '"http://x/invitations/…"'
    assert headers.LINK.sub(r"/\1/…", f'"http://x/l/{token}"') == '"http://x/l/…"'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "Please fill this in"),
        ({"roles": []}, "Please choose one"),
        ({"roles": ["emperor"]}, "is not"),
        ({"email": "nowhere"}, "This is not an e-mail address"),
        ({"email": "STAFF1@pingan-bank.example"}, "belongs to another account"),
        ({"number": "S0001"}, "Somebody else has this staff number"),
    ],
)
def test_what_cannot_be_is_said_and_the_entries_stay(desk, session, change, said):
    desk.get("/agent/people/new")
    answer = desk.post("/agent/people", ENTRIES | {"roles": ["caller"]} | change)

    assert answer.status_code == 422
    assert said in answer.text
    assert session.scalars(select(Message)).all() == []


def test_new_roles_count_from_the_next_request_on(desk, app, session, agent):
    theirs = StrictClient(app, session)
    sign_in_staff(theirs, agent)
    assert theirs.get("/agent/approvals").status_code == 403

    page = desk.get(f"/agent/people/{agent.ref}/profile").text
    desk.post(f"/agent/people/{agent.ref}/profile", entries_of(page) | {"roles": ["lead"]})

    assert theirs.get("/agent/approvals").status_code == 200
    assert theirs.get("/agent/route").status_code == 403


def test_a_stale_copy_answers_409_and_shows_both_texts(desk, session, agent):
    page = desk.get(f"/agent/people/{agent.ref}/profile").text
    desk.post(f"/agent/people/{agent.ref}/profile", entries_of(page) | {"name": "First Example"})
    desk.get(f"/agent/people/{agent.ref}/profile")
    late = desk.post(f"/agent/people/{agent.ref}/profile", entries_of(page) | {"name": "Second Example"})

    assert late.status_code == 409
    assert "First Example" in late.text
    assert "Second Example" in late.text
    assert session.get_one(Staff, agent.id).name == "First Example"
    again = desk.post(f"/agent/people/{agent.ref}/profile", entries_of(late.text))
    assert again.status_code == 303
    assert session.get_one(Staff, agent.id).name == "Second Example"


def test_somebody_disabled_is_out_with_the_next_request_and_may_come_back(desk, app, session, agent):
    theirs = StrictClient(app, session)
    sign_in_staff(theirs, agent)
    assert theirs.get("/agent").status_code == 200

    desk.get(f"/agent/people/{agent.ref}")
    desk.post(f"/agent/people/{agent.ref}/disabling")
    assert theirs.get("/agent").status_code == 303
    assert "Disabled" in desk.get(f"/agent/people/{agent.ref}").text
    desk.post(f"/agent/people/{agent.ref}/enabling")
    assert theirs.get("/agent").status_code == 303, "the session was ended for good"
    assert session.get_one(Staff, agent.id).disabled_at is None


def test_nobody_disables_themself(desk, admin):
    assert "/disabling" not in desk.get(f"/agent/people/{admin.ref}").text
    answer = desk.post(f"/agent/people/{admin.ref}/disabling")

    assert answer.status_code == 409
    assert "your own account" in answer.text


def test_the_last_administrator_keeps_the_role(desk, admin):
    page = desk.get(f"/agent/people/{admin.ref}/profile").text
    answer = desk.post(f"/agent/people/{admin.ref}/profile", entries_of(page) | {"roles": ["lead"]})

    assert answer.status_code == 422
    assert "the only administrator left" in answer.text


def test_people_of_another_lender_are_not_there(desk, session):
    stranger = factories.staff(session, factories.lender(session, code="pingan-puhui"))

    assert desk.get(f"/agent/people/{stranger.ref}").status_code == 404
    for act in ("disabling", "enabling", "invitations", "profile"):
        desk.get("/agent/people")
        assert desk.post(f"/agent/people/{stranger.ref}/{act}").status_code == 404
