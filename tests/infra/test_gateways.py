"""Gateways: a real one for SMS, a real mail server, and what is told when they do not take a letter."""

import dataclasses
import email.header
import logging

import pytest

from portal.config import Settings, SettingsError
from portal.infra import gateways
from portal.infra.delivery import Letter, NotDelivered
from portal.infra.gateways import Carriers, Gateway
from portal.vocabulary import Channel
from tests.conftest import KEYS, NOW
from tests.gateway import mail_server, sms_gateway

LETTER = Letter(
    ref="01KEY",
    lender_id=1,
    channel="sms",
    locale="en",
    template="code_entry",
    recipient="+886900000001",
    subject=None,
    body="銀行: your code is {482913}\n<b>second</b> line",
    sent_at=NOW,
)
MAIL = dataclasses.replace(LETTER, channel="email", recipient="lin@mail.example", subject="您的碼 & more")


@pytest.fixture
def gateway():
    with sms_gateway() as running:
        yield running


class Refusing:
    def deliver(self, letter):
        raise AssertionError("the folder was not asked")


def test_an_sms_reaches_the_gateway_whole_with_its_key(gateway):
    Gateway(gateway.address).deliver(LETTER)
    assert list(gateway.taken) == ["01KEY"]
    content = gateway.taken["01KEY"]
    assert (content["to"], content["message"], content["title"]) == ("+886900000001", LETTER.body, "")


def test_a_repeat_is_one_message_to_the_gateway(gateway):
    for _try in range(3):
        Gateway(gateway.address).deliver(LETTER)
    assert gateway.requests["01KEY"] == 3
    assert len(gateway.taken) == 1


def test_an_address_may_say_itself_where_the_reference_goes(gateway):
    Gateway(f"{gateway.address}&:id={{ref}}&+Idempotency-Key=own-{{ref}}").deliver(LETTER)
    assert gateway.taken["own-01KEY"]["id"] == "01KEY"


def test_an_email_goes_through_a_mail_server_as_plain_text_with_its_key():
    with mail_server() as (address, mails):
        Gateway(address).deliver(MAIL)
    (mail,) = mails
    assert (mail["To"], mail["From"], mail["Idempotency-Key"]) == (
        "lin@mail.example",
        "service@bank.example",
        "01KEY",
    )
    assert str(email.header.make_header(email.header.decode_header(mail["Subject"]))) == "您的碼 & more"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_payload(decode=True).decode().replace("\r\n", "\n").strip() == MAIL.body


@pytest.mark.parametrize(
    ("status", "down"), [(400, False), (401, False), (404, False), (429, True), (500, True), (503, True)]
)
def test_what_a_gateway_answers_is_told_without_anything_personal(gateway, caplog, status, down):
    gateway.status = status
    with caplog.at_level(logging.DEBUG), pytest.raises(NotDelivered) as told:
        Gateway(gateway.address).deliver(LETTER)
    assert (str(told.value), told.value.gateway_down) == (f"the gateway answered {status}", down)
    assert "900000001" not in caplog.text


@pytest.mark.parametrize(("reply", "for_good"), [("550 5.1.1 no such box", True), ("450 busy", False)])
def test_what_a_mail_server_says_of_a_recipient_is_told_as_for_good_or_for_now(caplog, reply, for_good):
    with (
        mail_server(lin=reply) as (address, mails),
        caplog.at_level(logging.DEBUG),
        pytest.raises(NotDelivered) as told,
    ):
        Gateway(address).deliver(MAIL)
    assert (str(told.value), told.value.for_good, told.value.gateway_down) == (
        f"the mail server refused the recipient: {reply[:3]}",
        for_good,
        False,
    )
    assert not mails
    ours = [each.getMessage() for each in caplog.records if each.name != "mail.log"]  # the server's own
    assert not [line for line in ours if "lin@" in line]


@pytest.mark.parametrize("letter", [LETTER, MAIL], ids=["sms", "email"])
def test_a_gateway_that_is_not_there_is_told(letter, caplog):
    with sms_gateway() as gone:
        pass
    where = f"127.0.0.1:{gone.port}"
    address = (
        gone.address if letter is LETTER else f"mailto://{where}?smtp=127.0.0.1&from=a@bank.example&to={{to}}"
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(NotDelivered, match="does not answer") as told:
        Gateway(address).deliver(letter)
    assert told.value.gateway_down
    assert letter.recipient not in caplog.text


@pytest.mark.parametrize("recipient", ["a@x.example,b@x.example", "a@x.example b@x", "a%2Cb@x", "+1;2", ""])
def test_a_recipient_that_could_become_two_is_not_sent_to(gateway, recipient):
    with pytest.raises(NotDelivered, match="no single address"):
        Gateway(gateway.address).deliver(dataclasses.replace(LETTER, recipient=recipient))
    assert not gateway.requests


def test_a_lenders_own_gateway_comes_before_the_installations_and_the_folder_last(gateway):
    with sms_gateway() as own:
        carriers = Carriers(
            folder=Refusing(),
            shared={Channel.SMS: gateway.address},
            own=lambda lender_id: {Channel.SMS: own.address} if lender_id == 2 else {},
        )
        carriers.deliver(LETTER)
        carriers.deliver(dataclasses.replace(LETTER, lender_id=2, ref="01OWN"))
    assert (list(gateway.taken), list(own.taken)) == (["01KEY"], ["01OWN"])
    with pytest.raises(AssertionError, match="the folder"):
        carriers.deliver(MAIL)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("json://gateway.example/send", "has no {to}"),
        ("nothing://secret@gateway.example/{to}", "is no address that Apprise knows"),
        ("{to}", "is no address that Apprise knows"),
        ("jsons://gateway.example/send?:to={to}", None),
        ("mailtos://user:secret@mail.example?from=a@mail.example&to={to}", None),
    ],
)
def test_an_address_is_checked_without_being_shown(address, problem):
    said = gateways.problem_of(address)
    assert (said or "").startswith(problem or "")
    assert bool(said) == bool(problem)
    assert "secret" not in (said or "")


@pytest.mark.parametrize("name", ["SMS", "MAIL"])
def test_a_setting_without_a_recipient_stops_the_start_and_shows_no_password(tmp_path, name):
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path), **KEYS}
    with pytest.raises(SettingsError, match=f"PORTAL_{name}_URL is no address") as told:
        Settings.load(environ | {f"PORTAL_{name}_URL": "jsons://user:secret@gateway.example"})
    assert "secret" not in str(told.value)
    good = "jsons://gateway.example?:to={to}"
    loaded = Settings.load(environ | {f"PORTAL_{name}_URL": good})
    assert getattr(loaded, f"{name.lower()}_url") == good
