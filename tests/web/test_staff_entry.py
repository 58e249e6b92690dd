"""The staff's way in: password, then the second step; nothing opens in between."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from portal.models import RecoveryCode, Throttle
from portal.models.audit_entry import AuditEntry
from portal.services import accounts, authenticators, passwords, people
from portal.vocabulary import Role
from tests import authenticator, factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.factories import PASSWORD

SIGN_IN = "/agent/sign-in"


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def person(session, lender):
    return authenticator.give(session, factories.staff(session, lender, Role.LEAD))


@pytest.fixture
def newcomer(session, lender):
    return factories.staff(session, lender, Role.LEAD)


def give_password(client, person, password=PASSWORD, url=f"{SIGN_IN}?lang=en", **options):
    client.get(url)
    return client.post(url, {"email": person.email, "password": password}, **options)


def cookie(client):
    return client.http.get_cookie("portal_session").value


def opens(client, kept=None):
    """Whether a cookie opens a staff page."""
    if kept is not None:
        client.http.set_cookie("portal_session", kept)
    return client.get("/agent").status_code == 200


def actions(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def test_the_password_leads_to_the_code_and_opens_nothing(client, person):
    answer = give_password(client, person)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{SIGN_IN}/code")
    assert not opens(client)
    assert "Second step" in client.get(f"{SIGN_IN}/code?lang=en").text


def test_the_code_opens_the_page_that_was_wanted(client, session, person):
    client.follow(give_password(client, person, url=f"{SIGN_IN}?next=/agent/cases"))
    answer = client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/agent/cases")
    assert opens(client)
    assert session.get_one(factories.Staff, person.id).signed_in_at == NOW
    assert actions(session)[-1] == "staff_signed_in"


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/agent", "//evil.example", "/my", "/agent\\@evil"]
)
def test_no_page_elsewhere_is_gone_to(client, person, next_page):
    client.follow(give_password(client, person, url=f"{SIGN_IN}?next={next_page}"))
    answer = client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})

    assert answer.headers["Location"] in {"/agent", "/agent%5C@evil"}


def test_a_wrong_code_says_so_and_leaves_the_way_open(client, session, person):
    client.follow(give_password(client, person))
    wrong = client.post(f"{SIGN_IN}/code", {"code": authenticator.another_code()})

    assert wrong.status_code == 422
    assert "This code does not fit" in wrong.text
    assert actions(session)[-1] == "sign_in_refused"
    assert client.post(f"{SIGN_IN}/code", {"code": authenticator.code()}).status_code == 303


def test_a_code_opens_one_browser_only(client, app, session, person):
    authenticator.enter(client, person)
    second = StrictClient(app, session)
    second.follow(give_password(second, person))

    assert second.post(f"{SIGN_IN}/code", {"code": authenticator.code()}).status_code == 422
    assert not opens(second)


def test_without_the_password_no_second_step_opens(client, person):
    for name in ("code", "recovery", "authenticator"):
        assert client.get(f"{SIGN_IN}/{name}").headers["Location"] == SIGN_IN


def test_between_the_steps_there_are_ten_minutes(client, person, set_time):
    client.follow(give_password(client, person))
    set_time(NOW + timedelta(minutes=10))

    answer = client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})
    assert answer.headers["Location"] == SIGN_IN


def test_a_sign_in_begun_before_the_password_changed_ends_with_it(client, session, person):
    client.follow(give_password(client, person))
    accounts.set_password(session, staff=person, password="five other words that rhyme")

    answer = client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})
    assert answer.headers["Location"] == SIGN_IN


def test_somebody_disabled_between_the_steps_does_not_come_in(client, session, lender, person):
    client.follow(give_password(client, person))
    admin = accounts.staff_actor(factories.staff(session, lender, Role.ADMIN))
    people.disable(session, staff=person, actor=admin, now=NOW)

    answer = client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})
    assert answer.headers["Location"] == SIGN_IN


def test_every_step_has_a_new_session_id_and_older_cookies_open_nothing(client, person):
    client.get(SIGN_IN)
    kept = [cookie(client)]
    client.follow(give_password(client, person))
    kept.append(cookie(client))
    client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})
    now = cookie(client)

    assert len({*kept, now}) == 3
    for old in kept:
        assert not opens(client, old)
    assert opens(client, now)


def test_a_cookie_kept_from_before_sign_out_opens_nothing(client, person):
    authenticator.enter(client, person)
    kept = cookie(client)
    client.get("/agent")
    client.post("/sign-out")

    assert not opens(client, kept)


def test_who_has_no_authenticator_sets_one_up_first(client, session, newcomer):
    answer = give_password(client, newcomer)
    assert answer.headers["Location"] == f"{SIGN_IN}/authenticator"
    page = client.follow(answer)
    secret = re.search(r'id="secret-key">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")

    assert '<svg aria-hidden="true"' in page.text
    assert client.get(f"{SIGN_IN}/code").headers["Location"] == f"{SIGN_IN}/authenticator"
    wrong = client.post(f"{SIGN_IN}/authenticator", {"code": authenticator.code()})
    assert wrong.status_code == 422
    assert secret in wrong.text.replace(" ", "")
    done = client.post(f"{SIGN_IN}/authenticator", {"code": authenticator.code(secret=secret)})
    assert done.headers["Location"] == "/agent/account/recovery-codes"
    assert opens(client)
    assert actions(session)[-3:] == ["authenticator_confirmed", "recovery_codes_made", "staff_signed_in"]


def set_up(client, newcomer):
    """Set an authenticator up; returns its secret and the recovery codes that were shown."""
    page = client.follow(give_password(client, newcomer))
    secret = re.search(r'id="secret-key">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    answer = client.post(f"{SIGN_IN}/authenticator", {"code": authenticator.code(secret=secret)})
    shown = client.follow(answer).text
    return secret, re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", shown)


def test_ten_recovery_codes_are_shown_until_they_are_kept(client, session, newcomer):
    _, codes = set_up(client, newcomer)
    assert len(set(codes)) == 10
    assert codes[0] in client.get("/agent/account/recovery-codes").text

    answer = client.post("/agent/account/recovery-codes")

    assert answer.headers["Location"] == "/agent"
    assert client.get("/agent/account/recovery-codes").headers["Location"] == "/agent/account"
    stored = session.execute(text("SELECT data FROM web_session")).scalars().all()
    assert not [each for each in stored if "recovery" in str(each)]


def test_what_is_kept_with_the_browser_shows_neither_secret_nor_codes(client, session, newcomer):
    secret, codes = set_up(client, newcomer)

    stored = str(session.execute(text("SELECT data FROM web_session")).scalars().all())
    assert secret not in stored
    assert codes[0] not in stored


def test_a_recovery_code_opens_once_instead_of_a_code(client, app, session, newcomer):
    _, codes = set_up(client, newcomer)
    second = StrictClient(app, session)
    second.follow(give_password(second, newcomer))
    second.get(f"{SIGN_IN}/recovery")
    answer = second.post(f"{SIGN_IN}/recovery", {"code": codes[0].lower()})

    assert answer.headers["Location"] == "/agent"
    assert "9 recovery codes are left" in second.follow(answer).text
    third = StrictClient(app, session)
    third.follow(give_password(third, newcomer))
    third.get(f"{SIGN_IN}/recovery?lang=en")
    again = third.post(f"{SIGN_IN}/recovery", {"code": codes[0]})
    assert (again.status_code, "used before" in again.text) == (422, True)
    used = session.scalars(select(RecoveryCode).where(RecoveryCode.used_at.is_not(None))).all()
    assert len(used) == 1


def facts_of(answer):
    """What an answer shows of itself, without what is random in every page."""
    return answer.status_code, re.sub(r'(value|content)="[^"]*(@[^"]*"|[^"]{40,}")', "", answer.text)


def test_wrong_address_and_wrong_password_take_and_look_the_same(client, person, monkeypatch):
    asked = []
    verify = type(passwords._hasher).verify
    monkeypatch.setattr(
        type(passwords._hasher), "verify", lambda self, *pair: asked.append(1) or verify(self, *pair)
    )

    class Nobody:
        email = "nobody@pingan-bank.example"

    answers = [give_password(client, person, "wrong"), give_password(client, Nobody, PASSWORD)]

    assert facts_of(answers[0]) == facts_of(answers[1])
    assert "Address and password do not fit together" in answers[0].text
    assert len(asked) == 2


def test_an_account_of_another_lender_has_no_door_here(client, session, lender):
    lender.host = "localhost"
    session.commit()
    stranger = factories.staff(session, factories.lender(session, code="pingan-puhui"))

    refused = give_password(client, stranger)
    assert refused.status_code == 422
    assert "Address and password do not fit together" in refused.text
    lender.host = "elsewhere.example"
    assert give_password(client, stranger).status_code == 303


def test_one_who_came_by_a_link_of_another_lender_still_signs_in(client, session, person):
    other = factories.lender(session, code="pingan-puhui")
    client.get("/")
    with client.http.session_transaction() as browser:
        browser["lender_id"] = other.id

    authenticator.enter(client, person)

    assert opens(client)


def test_ten_wrong_passwords_end_the_tries_of_that_address_and_of_no_other(client, app, session, person):
    for _ in range(10):
        assert give_password(client, person, "wrong").status_code == 422
    assert give_password(client, person).status_code == 429

    elsewhere = StrictClient(app, session)
    answer = give_password(elsewhere, person, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert answer.status_code == 303


def test_one_address_does_not_try_account_after_account_for_ever(client, session, person, monkeypatch):
    few = accounts.throttles.Limit(name="staff-sign-in-address", most=3, minutes=15)
    monkeypatch.setattr(accounts, "TRIES_OF_ADDRESS", few)

    class Somebody:
        def __init__(self, number):
            self.email = f"somebody{number}@pingan-bank.example"

    answers = [give_password(client, Somebody(number)).status_code for number in range(4)]
    assert answers == [422, 422, 422, 429]


def test_throttles_hold_no_address_in_clear(client, session, person):
    give_password(client, person, "wrong")

    stored = session.scalars(select(Throttle.digest)).all()
    assert stored
    assert not [digest for digest in stored if person.email.encode() in digest or len(digest) != 32]


@pytest.mark.parametrize("typed", ["密碼密碼密碼", "pässwörd ключ", "😀" * 100])
def test_any_text_may_be_typed_and_is_wrong(client, person, typed):
    assert give_password(client, person, typed).status_code == 422
    client.follow(give_password(client, person))
    assert client.post(f"{SIGN_IN}/code", {"code": typed[:40]}).status_code == 422


def test_a_password_of_older_parameters_is_hashed_anew(client, session, person):
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    accounts.set_quietly(session, person, password_hash=old)
    authenticator.enter(client, person)

    fresh = session.get_one(factories.Staff, person.id)
    assert fresh.password_hash != old
    assert passwords.fits(fresh.password_hash, PASSWORD)


def test_no_hash_of_a_password_is_kept_with_an_answer(client, session, person):
    client.follow(give_password(client, person))
    client.post(f"{SIGN_IN}/code", {"code": authenticator.code()})

    assert session.execute(text("SELECT count(*) FROM idempotency_record")).scalar() == 0


def test_in_development_a_page_shows_the_codes_of_the_demo(client, session, person):
    client.follow(give_password(client, person))

    assert "/development/codes" in client.get(f"{SIGN_IN}/code").text
    page = client.get("/development/codes?lang=en").text
    assert person.email in page
    assert authenticator.code() in page
    assert "These codes change in 30 seconds" in page


def test_codes_of_addresses_that_somebody_could_have_are_not_shown(client, session, lender):
    real = accounts.add_staff(
        session,
        lender=lender,
        number="R-1",
        name="Real",
        email="somebody@company.test",
        password=PASSWORD,
        roles={Role.LEAD},
        locale=factories.Locale.EN,
        now=NOW,
    )
    authenticator.give(session, real)

    assert "somebody@company.test" not in client.get("/development/codes").text
    assert authenticators.codes_for_trying_out(session, lender_id=lender.id, now=NOW) == []
