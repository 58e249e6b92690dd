"""From the personal link to the borrower's pages, and what cannot be learned on the way."""

import logging
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.models import CodeChallenge, IdempotencyRecord, Message, PersonalLink, WebSession
from portal.models.audit_entry import AuditEntry
from portal.services import links
from portal.vocabulary import Channel
from tests import factories
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower

RIGHT, WRONG = "1234", "9999"


class Door:
    """A borrower with a link, and the one who walks through it."""

    def __init__(self, client, session, now):
        self.client, self.session = client, session
        self.lender = factories.lender(session)
        self.borrower = factories.late_borrower(session, self.lender).borrower
        self.link, self.token = links.create(
            session,
            borrower=self.borrower,
            channel=Channel.SMS,
            actor=factories.actor_of(self.borrower),
            now=now,
        )
        self.name = self.borrower.name
        session.commit()

    def open(self, client=None):
        client = client or self.client
        client.get(f"/l/{self.token}?lang=en")
        return client.post(f"/l/{self.token}")

    def identify(self, last_four, client=None):
        client = client or self.client
        client.get("/enter")
        return client.post("/enter", {"last_four": last_four})

    def enter(self, code, client=None):
        client = client or self.client
        client.get("/enter/code")
        return client.post("/enter/code", {"code": code})

    def codes(self):
        self.session.expire_all()
        query = select(Message).where(Message.template == "code_entry").order_by(Message.id)
        found = [message.body.split("code is ")[1][:6] for message in self.session.scalars(query)]
        self.session.rollback()
        return found

    def count(self, model):
        self.session.expire_all()
        found = self.session.scalar(select(func.count()).select_from(model))
        self.session.rollback()
        return found


@pytest.fixture
def door(client, session, now):
    return Door(client, session, now)


def test_from_link_to_start_page(door):
    assert door.open().headers["Location"] == "/enter"
    assert door.identify(RIGHT).headers["Location"] == "/enter/code"
    assert door.enter(door.codes()[0]).headers["Location"] == "/my"
    assert door.name in door.client.get("/my").text


def test_a_link_fetched_twenty_times_is_as_good_as_new(door):
    before = door.count(AuditEntry)

    for _fetch in range(10):
        assert door.client.http.get(f"/l/{door.token}").status_code == 200
        assert door.client.http.head(f"/l/{door.token}").status_code == 200

    assert (door.link.uses, door.link.failed_tries) == (0, 0)
    door.session.rollback()
    assert (door.count(AuditEntry), door.count(Message)) == (before, 0)
    assert door.open().headers["Location"] == "/enter"


def test_the_page_of_a_link_says_nothing_about_the_borrower(door):
    text = door.client.get(f"/l/{door.token}?lang=en").text

    assert door.name not in text
    for word in ("overdue", "late", "debt", "owe", "loan", "pay"):
        assert not re.search(rf"\b{word}\b", text, re.IGNORECASE), word


def test_a_link_nobody_made_looks_the_same_and_names_no_lender(door):
    text = door.client.get("/l/never-made?lang=en").text

    assert "Press the button to go on" in text
    assert "pingan-bank" not in text
    assert door.client.post("/l/never-made").headers["Location"] == "/enter/link"
    assert "This link is closed" in door.client.get("/enter/link").text


def test_the_token_is_in_no_page_address_cookie_title_or_log(door, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    answers = [door.client.get(f"/l/{door.token}?lang=en"), door.open(), door.client.get("/enter")]
    answers += [door.identify(RIGHT), door.client.get("/enter/code"), door.enter(door.codes()[0])]
    answers += [door.client.get("/my"), door.client.get("/my/timeline")]

    for answer in answers:
        assert door.token not in answer.text
        assert door.token not in str(answer.headers)
    assert door.token not in caplog.text
    assert door.token not in "".join(capsys.readouterr())


def test_what_a_browser_reports_is_logged_without_the_token(door, capsys):
    report = {"csp-report": {"document-uri": f"https://terms.example/l/{door.token}?lang=en"}}

    assert door.client.http.post("/csp-reports", json=report).status_code == 204

    assert door.token not in "".join(capsys.readouterr())


def test_the_token_is_in_no_row_but_the_message(door):
    door.open()
    door.identify(RIGHT)

    for model in (AuditEntry, IdempotencyRecord, WebSession, PersonalLink, CodeChallenge):
        for row in door.session.scalars(select(model)):
            assert door.token not in repr(vars(row))


def test_right_and_wrong_last_four_get_the_same_answer(door):
    door.open()
    right = door.identify(RIGHT)
    after_right = door.client.get("/enter/code")
    wrong = door.identify(WRONG)
    after_wrong = door.client.get("/enter/code")

    assert (right.status_code, right.headers["Location"]) == (wrong.status_code, wrong.headers["Location"])
    assert right.data == wrong.data
    assert without_keys(after_right.text) == without_keys(after_wrong.text)
    assert len(door.codes()) == 1


def test_asking_for_another_code_looks_the_same_for_right_and_wrong(door):
    door.open()
    pages = []
    for last_four in (RIGHT, WRONG):
        door.identify(last_four)
        door.client.get("/enter/code")
        pages.append(without_keys(door.client.follow(door.client.post("/enter/codes")).text))

    assert pages[0] == pages[1]
    assert "Only the newest counts" in pages[0]
    assert len(door.codes()) == 2


def test_three_or_five_characters_are_no_try(door):
    door.open()

    for entered in ("", "123", "12345"):
        assert door.identify(entered).status_code == 422

    door.session.refresh(door.link)
    assert door.link.failed_tries == 0


def test_five_wrong_last_fours_close_the_link_for_everybody(door):
    door.open()
    for _try in range(5):
        door.identify(WRONG)

    assert door.client.get("/enter").headers["Location"] == "/enter/link"
    assert door.open(StrictClient(door.client.app)).headers["Location"] == "/enter/link"
    assert "This link is closed" in door.client.get("/enter/link").text


def test_a_code_dies_after_five_wrong_tries(door):
    door.open()
    door.identify(RIGHT)
    code = door.codes()[0]

    for _try in range(5):
        assert door.enter(f"{(int(code) + 1) % 1_000_000:06}").status_code == 422

    assert door.enter(code).status_code == 422
    assert "This code does not fit" in door.client.page.text


def test_a_code_opens_only_the_browser_that_asked(door):
    door.open()
    door.identify(RIGHT)
    thief = StrictClient(door.client.app)
    door.open(thief)
    door.identify(WRONG, thief)

    assert door.enter(door.codes()[0], thief).status_code == 422
    assert thief.get("/my").headers["Location"] == "/"


def test_only_the_newest_code_opens(door):
    door.open()
    door.identify(RIGHT)
    door.identify(RIGHT)
    first, second = door.codes()

    assert first == second or door.enter(first).status_code == 422
    assert door.enter(second).status_code == 303


def test_after_ten_minutes_the_code_and_after_three_days_the_link_is_over(door, now, set_time):
    door.open()
    door.identify(RIGHT)

    set_time(now + timedelta(minutes=10))
    assert door.enter(door.codes()[0]).status_code == 422
    set_time(now + timedelta(hours=72))
    assert door.open().headers["Location"] == "/enter/link"


def test_the_session_ends_when_it_is_not_used(door, now, set_time):
    door.open()
    door.identify(RIGHT)
    door.enter(door.codes()[0])

    set_time(now + timedelta(minutes=31))

    assert door.client.get("/my").headers["Location"] == "/"


def test_signing_in_gives_the_browser_a_new_session(door):
    door.open()
    door.identify(RIGHT)
    before = door.client.http.get_cookie("portal_session").value
    door.enter(door.codes()[0])

    kept = StrictClient(door.client.app)
    kept.http.set_cookie("portal_session", before)

    assert door.client.http.get_cookie("portal_session").value != before
    assert kept.get("/my").headers["Location"] == "/"


def test_who_is_signed_in_and_opens_the_link_again_goes_straight_on(door):
    sign_in_borrower(door.client, door.borrower)

    assert door.open().headers["Location"] == "/my"


def test_the_link_of_another_ends_who_was_signed_in_before(door):
    other = factories.late_borrower(door.session, door.lender).borrower
    door.session.commit()
    sign_in_borrower(door.client, other)

    assert door.open().headers["Location"] == "/enter"
    assert door.client.get("/my").headers["Location"] == "/"


def test_the_code_page_comes_after_the_four_characters(door):
    door.open()

    assert door.client.get("/enter/code").headers["Location"] == "/enter"


def test_a_closed_link_is_replaced_on_request(door, now, set_time):
    set_time(now + timedelta(days=30))
    door.client.follow(door.open())

    door.client.follow(door.client.post("/enter/link"))

    assert "a new one is on its way" in door.client.page.text
    message = door.session.scalars(select(Message)).one()
    assert message.channel is Channel.SMS
    assert door.client.get(f"/l/{message.body.rpartition('/l/')[2]}").status_code == 200


def test_asking_for_a_new_link_gets_the_same_answer_whatever_happens(door, now, set_time):
    stranger = StrictClient(door.client.app)
    stranger.get("/enter/link?lang=en")
    unknown = stranger.follow(stranger.post("/enter/link")).text

    set_time(now + timedelta(days=30))
    answers = []
    for _try in range(5):
        door.client.follow(door.open())
        answers.append(without_keys(door.client.follow(door.client.post("/enter/link")).text))

    assert len(set(answers)) == 1
    assert "a new one is on its way" in unknown
    assert door.count(Message) == 3


def test_without_a_link_the_pages_of_entering_lead_to_the_calm_one(client):
    for url in ("/enter", "/enter/code"):
        assert client.get(url).headers["Location"] == "/enter/link"
    client.get("/enter/link")
    assert client.post("/enter", {"last_four": RIGHT}).headers["Location"] == "/enter/link"


def without_keys(text):
    """A page without its tokens, which differ each time."""
    return re.sub(r'(value|content)="[A-Za-z0-9._-]{20,}"', "", text)
