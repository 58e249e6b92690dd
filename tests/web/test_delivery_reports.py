"""Where gateways report: JSON in, JSON out, nothing without the signature, nothing half-done."""

import json
from datetime import timedelta

import pytest

from portal.domain import delivery_reports as reports
from portal.domain.actor import system
from portal.infra import clock
from portal.models import Message
from portal.services import delivery_reports, notifications, outbox
from portal.vocabulary import MessageState
from tests import factories
from tests.factories import NOW


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def secret(session, lender):
    actor = system(lender.id, "command-line")
    return delivery_reports.renew_secret(session, lender=lender, actor=actor, now=NOW)


@pytest.fixture
def message(session, lender, secret):
    case = factories.late_borrower(session, lender)
    made = notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=NOW, case=case, code="123456"
    )
    for letter in outbox.claim(session, now=NOW):
        outbox.sent(session, letter=letter, now=NOW)
    session.commit()
    return made


@pytest.fixture
def send(app, client, session, lender, secret):
    session.commit()
    app.config["WTF_CSRF_ENABLED"] = True  # nobody gave the gateway a token of ours

    def sent(body, *, signed=None, code=None, kind="application/json"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(clock.now().timestamp()))
        headers = {
            "Good-Terms-Timestamp": stamp,
            "Good-Terms-Signature": signed or reports.signature(secret.encode(), stamp, raw),
        }
        address = f"/delivery-reports/{code or lender.code}"
        return client.http.post(address, data=raw, headers=headers, content_type=kind)

    return sent


def state_of(session, message):
    session.rollback()
    session.expire_all()
    return session.get_one(Message, message.id).state


def test_a_signed_report_is_noted_and_a_repeat_is_known(session, send, message):
    entry = {"ref": message.ref, "state": "delivered", "provider_ref": "sms-77"}

    first, again = send([entry, {"ref": "nothing", "state": "delivered"}]), send([entry])

    assert (first.status_code, first.json) == (200, {"noted": 1, "known": 0, "unknown": 1})
    assert (again.status_code, again.json) == (200, {"noted": 0, "known": 1, "unknown": 0})
    assert state_of(session, message) is MessageState.DELIVERED
    assert "Set-Cookie" not in first.headers


def test_whatever_is_wrong_with_who_asks_is_answered_alike(session, send, message, lender, client):
    entry = [{"ref": message.ref, "state": "delivered"}]
    answers = [
        send(entry, signed="sha256=00"),
        send(entry, code="nobody"),
        client.http.post(f"/delivery-reports/{lender.code}", json=entry),
    ]
    assert [each.status_code for each in answers] == [401] * 3
    assert len({each.data for each in answers}) == 1
    assert state_of(session, message) is MessageState.SENT


def test_a_report_with_one_bad_entry_changes_nothing_and_says_which(session, send, message):
    answer = send([{"ref": message.ref, "state": "delivered"}, {"ref": "M2", "state": "lost"}])

    assert answer.status_code == 422
    assert answer.json == {"error": "entry 2, state: one of delivered, undelivered"}
    assert state_of(session, message) is MessageState.SENT


def test_a_report_that_is_too_large_is_not_read(send):
    answer = send(b" " * (reports.LARGEST + 1))
    assert (answer.status_code, answer.json["error"]) == (413, "a report has at most 65536 bytes")


def test_a_form_is_no_report(send):
    answer = send([], kind="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json["error"]) == (415, "a report is sent as application/json")


def test_an_old_report_that_somebody_kept_opens_nothing(session, send, message, client, lender, secret):
    raw = json.dumps([{"ref": message.ref, "state": "undelivered"}]).encode()
    stamp = str(int((clock.now() - timedelta(minutes=6)).timestamp()))
    answer = client.http.post(
        f"/delivery-reports/{lender.code}",
        data=raw,
        content_type="application/json",
        headers={
            "Good-Terms-Timestamp": stamp,
            "Good-Terms-Signature": reports.signature(secret.encode(), stamp, raw),
        },
    )
    assert answer.status_code == 401
    assert state_of(session, message) is MessageState.SENT


def test_too_many_wrong_signatures_are_told_to_wait(send, monkeypatch):
    monkeypatch.setattr(
        delivery_reports,
        "WRONG",
        delivery_reports.throttles.Limit(name="delivery-reports", most=1, minutes=15),
    )
    assert send([], signed="sha256=00").status_code == 401
    assert send([], signed="sha256=00").status_code == 429
    assert send([]).status_code == 200
