"""The pages of messages: texts of the lender's own, what did not arrive, how a borrower is reached."""

import pytest
from sqlalchemy import select

from portal.models import Message, MessageTemplate, Preference
from portal.services import notifications
from portal.vocabulary import MessageState, Role
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_borrower, sign_in_staff

TEXT = "/agent/templates/code_entry/sms/en"


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def desk(client, session, lender, role):
    sign_in_staff(client, factories.staff(session, lender, role))
    client.get("/agent?lang=en")
    return client


def rows(session, model):
    session.expire_all()
    found = session.scalars(select(model)).all()
    session.rollback()
    return found


def test_the_list_names_every_text_and_filters_stay_in_the_address(client, session, lender):
    desk(client, session, lender, Role.ADMIN)
    page = client.get("/agent/templates").text
    assert page.count("as shipped") == 11 * 2 * 3
    assert client.get("/agent/templates?channel=sms&language=en").text.count("as shipped") == 11


def test_a_preview_saves_nothing_and_a_saved_version_is_shown(client, session, lender):
    desk(client, session, lender, Role.ADMIN)
    assert "482913" in client.get(TEXT).text
    words = {"body": "Your code, {code}", "seen": "0"}
    assert "Your code, 482913" in client.post(f"{TEXT}/versions", words | {"preview": "1"}).text
    assert not rows(session, MessageTemplate)
    assert client.post(f"{TEXT}/versions", words).status_code == 303
    assert [each.body for each in rows(session, MessageTemplate)] == ["Your code, {code}"]
    assert "Version 1" in client.get(TEXT).text


def test_a_text_with_something_missing_says_what_and_keeps_the_words(client, session, lender):
    desk(client, session, lender, Role.ADMIN)
    answer = client.post(f"{TEXT}/versions", {"body": "No number", "seen": "0"})
    assert answer.status_code == 422
    assert "The gap {code} is missing" in answer.text
    assert "No number" in answer.text
    assert not rows(session, MessageTemplate)


@pytest.mark.parametrize("address", ["nothing/sms/en", "code_entry/letter/en", "code_entry/sms/fr"])
def test_a_text_that_is_not_there_is_not_found(client, session, lender, address):
    desk(client, session, lender, Role.ADMIN)
    assert client.get(f"/agent/templates/{address}").status_code == 404


def test_what_did_not_arrive_is_listed_and_sent_again(client, session, lender, case):
    message = notifications.notify(session, borrower=case.borrower, template="proof_complete", now=NOW)
    message.state, message.problem = MessageState.FAILED, "the gateway answered 503"
    session.commit()
    desk(client, session, lender, Role.LEAD)
    page = client.get("/agent/messages").text
    assert "The gateway answered with error 503." in page
    assert message.recipient not in page
    assert client.post(f"/agent/messages/{message.ref}/again").status_code == 303
    assert [each.state for each in rows(session, Message) if each.ref == message.ref] == [
        MessageState.WAITING
    ]
    assert "Everything arrived" in client.get("/agent/messages").text


@pytest.mark.parametrize("language", ["zh_Hant", "zh_Hans"])
def test_what_went_wrong_is_said_in_the_readers_language(client, session, lender, case, language):
    ended = [
        (MessageState.FAILED, "visit_booked", "the mail server refused the recipient: 550", "550"),
        (MessageState.FAILED, "complaint_received", "something nobody foresaw: secret", ""),
        (MessageState.WITHHELD, "dispute_answered", "withheld by the contact gate: hours", ""),
        (MessageState.UNDELIVERED, "proof_rejected", None, ""),
    ]
    for state, template, problem, _told in ended:
        message = notifications.notify(session, borrower=case.borrower, template="proof_complete", now=NOW)
        message.state, message.template, message.problem = state, template, problem
    session.commit()
    desk(client, session, lender, Role.LEAD)
    client.get(f"/agent?lang={language}")

    page = client.get("/agent/messages").text

    for _state, template, problem, told in ended:
        assert told in page
        assert not problem or problem not in page
        assert template.replace("_", " ") not in page
    assert "secret" not in page


def test_a_link_to_the_case_is_there_for_who_may_open_it_alone(client, session, lender, case):
    message = notifications.notify(
        session, borrower=case.borrower, case=case, template="proof_complete", now=NOW
    )
    message.state = MessageState.UNDELIVERED
    session.commit()
    address = f"/agent/cases/{case.ref}"
    desk(client, session, lender, Role.LEAD)
    assert address in client.get("/agent/messages").text
    assert client.get(address).status_code == 200
    desk(client, session, lender, Role.ADMIN)
    assert address not in client.get("/agent/messages").text


def test_a_borrower_says_how_to_be_reached_and_finds_it_again(client, session, case):
    session.commit()
    sign_in_borrower(client, case.borrower)
    session.rollback()
    assert "How you are reached" in client.get("/my/preferences?lang=en").text
    wishes = {"language": "en", "closed": "sms", "days": "0", "opens": "09:00", "until": "12:00"}
    assert client.post("/my/preferences", wishes | {"version": "0"}).status_code == 303
    (row,) = rows(session, Preference)
    assert row.preferred == {"days": [0], "from": "09:00", "until": "12:00"}
    client.get("/my/preferences")  # a form of its own
    wrong = client.post("/my/preferences", wishes | {"until": "08:00", "version": "1"})
    assert wrong.status_code == 409
    assert "The hours must begin before they end." in wrong.text


def test_staff_note_the_same_for_a_borrower(client, session, lender, case):
    session.commit()
    desk(client, session, lender, Role.CALLER)
    address = f"/agent/cases/{case.ref}/preferences"
    assert "How the borrower is reached" in client.get(address).text
    assert client.post(address, {"language": "en", "closed": "sms", "version": "0"}).status_code == 303
    (row,) = rows(session, Preference)
    assert row.opted_out == {"channels": ["sms"]}
    assert row.actor.startswith("staff:")
