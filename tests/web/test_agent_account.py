"""My account: sessions that can be ended, the password, another authenticator, new recovery codes."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import WebSession
from portal.models.audit_entry import AuditEntry
from portal.services import authenticators, passwords
from portal.vocabulary import Role
from portal.web.devices import words
from tests import authenticator, factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.factories import PASSWORD

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"
NEW = "four words that rhyme"


@pytest.fixture
def person(session):
    return authenticator.give(session, factories.staff(session, factories.lender(session), Role.LEAD))


@pytest.fixture
def here(client, person):
    authenticator.enter(client, person)
    return client


@pytest.fixture
def there(here, app, session, person, set_time):
    """The same person in another browser, a minute later."""
    set_time(NOW + timedelta(minutes=1))
    other = StrictClient(app, session)
    other.http.environ_base["HTTP_USER_AGENT"] = FIREFOX
    authenticator.enter(other, person)
    return other


def cookie(client):
    return client.http.get_cookie("portal_session").value


def is_in(client):
    return client.http.get("/agent").status_code == 200


def actions(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def confirm(client, to, *, password=PASSWORD, code=None):
    url = f"/agent/account/confirmation?to={to}"
    client.get(url)
    return client.post(url, {"password": password, "code": code or authenticator.code()})


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (FIREFOX, "Firefox · Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
            "Chrome · Linux",
        ),
        ("", None),
        ("密碼 \x00", None),
        ("x" * 100_000, None),
    ],
)
def test_a_device_is_named_by_browser_and_system(user_agent, said):
    assert words(user_agent) == said


def test_sessions_are_listed_with_their_devices_and_this_one_is_marked(here, there):
    page = there.get("/agent/account?lang=en").text

    assert "Firefox · Windows" in page
    assert page.count("this browser") == 1
    assert page.count("/ending") == 2  # one for the other session, one for all others


def test_one_session_is_ended_and_its_cookie_opens_nothing(here, there, session):
    page = there.get("/agent/account").text
    url = re.search(r'action="(/agent/account/sessions/\w+/ending)"', page)[1]

    there.post(url)

    assert (is_in(here), is_in(there)) == (False, True)
    assert actions(session)[-1] == "session_ended"


def test_all_others_are_ended_at_once(here, there, session):
    there.get("/agent/account")
    there.post("/agent/account/sessions/ending")

    assert (is_in(here), is_in(there)) == (False, True)
    assert actions(session)[-1] == "sessions_ended"


def test_a_session_of_somebody_else_is_not_there(here, session, app, person):
    lender = session.get_one(factories.Lender, person.lender_id)
    other = StrictClient(app, session)
    authenticator.enter(other, authenticator.give(session, factories.staff(session, lender)))
    theirs = session.scalars(select(WebSession).where(WebSession.actor.not_like(f"%{person.ref}"))).one()

    here.get("/agent/account")
    assert here.post(f"/agent/account/sessions/{theirs.ref}/ending").status_code == 404
    assert is_in(other)


def test_a_session_that_was_ended_is_not_written_again_by_a_request_under_way(here, there, app):
    """What a request remembers about its browser is saved after another one ended that session."""
    with app.test_request_context("/agent", headers={"Cookie": f"portal_session={cookie(here)}"}) as context:
        under_way = app.session_interface.open_session(app, context.request)
        there.get("/agent/account")
        there.post("/agent/account/sessions/ending")
        under_way["something"] = "new"
        app.session_interface.save_session(app, under_way, app.response_class())

    assert not is_in(here)


def test_the_password_is_changed_after_the_old_one_and_ends_other_sessions(here, there, session, person):
    kept = cookie(there)
    there.get("/agent/account/password")
    answer = there.post("/agent/account/password", {"old": PASSWORD, "password": NEW, "again": NEW})

    assert answer.headers["Location"] == "/agent/account"
    assert passwords.fits(session.get_one(factories.Staff, person.id).password_hash, NEW)
    assert (is_in(here), is_in(there)) == (False, True)
    assert cookie(there) != kept
    there.http.set_cookie("portal_session", kept)
    assert not is_in(there)
    assert "password_changed" in actions(session)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"old": "wrong", "password": NEW, "again": NEW}, "This is not your password"),
        ({"old": PASSWORD, "password": NEW, "again": NEW + "s"}, "The two passwords are not the same"),
        ({"old": PASSWORD, "password": "password1234", "again": "password1234"}, "common or easy to guess"),
        ({"old": PASSWORD, "password": "short", "again": "short"}, "at least 12 characters"),
        ({"old": "密碼", "password": "密碼", "again": "密碼"}, "This is not your password"),
    ],
)
def test_a_password_that_cannot_be_is_said_at_its_field(here, session, person, entries, said):
    here.get("/agent/account/password?lang=en")
    answer = here.post("/agent/account/password", entries)

    assert answer.status_code == 422
    assert said in answer.text
    assert passwords.fits(session.get_one(factories.Staff, person.id).password_hash, PASSWORD)


def test_another_authenticator_counts_after_password_code_and_its_own_first_code(
    here, there, session, person, set_time
):
    set_time(NOW + timedelta(minutes=2))
    kept = cookie(there)
    page = there.follow(confirm(there, "authenticator"))
    secret = re.search(r'id="secret-key">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    assert cookie(there) != kept, "the session has a new id"
    answer = there.post("/agent/account/authenticator", {"code": authenticator.code(secret=secret)})

    assert answer.headers["Location"] == "/agent/account"
    assert session.get_one(factories.Staff, person.id).authenticator == secret
    assert (is_in(here), is_in(there)) == (False, True)
    there.http.set_cookie("portal_session", kept)
    assert not is_in(there)


@pytest.mark.parametrize("entries", [{"password": "wrong"}, {"code": "abc"}])
def test_without_both_steps_no_other_authenticator_is_offered(here, session, set_time, entries):
    set_time(NOW + timedelta(minutes=1))
    assert confirm(here, "authenticator", **entries).status_code == 422

    to_the_steps = "/agent/account/confirmation?to=authenticator"
    assert here.get("/agent/account/authenticator").headers["Location"] == to_the_steps
    assert actions(session)[-1] == "sign_in_refused"


def test_both_steps_count_for_ten_minutes(here, set_time):
    set_time(NOW + timedelta(minutes=1))
    confirm(here, "authenticator")
    set_time(NOW + timedelta(minutes=11))

    assert here.get("/agent/account/authenticator").status_code == 303


def test_who_lost_the_authenticator_sets_up_another_one_with_a_recovery_code(here, session, person):
    codes = authenticators.new_recovery_codes(
        session, staff=person, actor=factories.actor_of(person), now=NOW
    )

    answer = confirm(here, "authenticator", code=codes[0])

    assert answer.headers["Location"] == "/agent/account/authenticator"
    assert here.follow(answer).status_code == 200


def test_new_recovery_codes_are_made_after_both_steps_and_shown_until_kept(here, session, person, set_time):
    set_time(NOW + timedelta(minutes=1))
    shown = here.follow(confirm(here, "recovery-codes")).text

    assert len(re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", shown)) == 10
    assert here.post("/agent/account/recovery-codes").headers["Location"] == "/agent/account"
    assert "10 recovery codes are left" in here.get("/agent/account?lang=en").text


def test_there_is_nothing_else_to_prove_both_steps_for(here):
    assert here.get("/agent/account/confirmation?to=something").status_code == 404
