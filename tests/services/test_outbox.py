"""The outbox: due messages leave once, refused ones come back later, collection keeps its hours."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.domain.actor import system
from portal.infra import tenancy
from portal.infra.delivery import NotDelivered, OutboxFolder
from portal.jobs import outbox as job
from portal.models import Contact, Message
from portal.services import audit, cases, messages, notifications, outbox
from portal.vocabulary import (
    Channel,
    ContactOutcome,
    HoldReason,
    MessageState,
)
from tests import factories
from tests.conftest import NOW

NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
MORNING = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)  # 08:00 there, when the window opens


class Full:
    """A carrier that takes nothing."""

    def deliver(self, letter):
        raise NotDelivered("the outbox folder cannot be written: No space left on device")


@pytest.fixture
def folder(installation) -> OutboxFolder:
    return OutboxFolder(installation.settings.outbox)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session))


def a_code(session, case, *, now=NOW) -> Message:
    return notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=now, case=case, code="123456"
    )


def a_reminder(session, case, *, channel=Channel.EMAIL, now=NOW) -> Message:
    return messages.send_collection(
        session,
        case=case,
        template="overdue_reminder",
        channel=channel,
        actor=system(case.lender_id, "reminders"),
        now=now,
    )


def only(session, kind=Message):
    """The only row there is, read without keeping a transaction open."""
    session.expire_all()
    found = session.scalars(select(kind)).one()
    session.expunge(found)
    session.rollback()
    return found


def test_a_message_is_delivered_once_sealed_and_noted(session, installation, folder, case):
    message = a_code(session, case)
    session.commit()

    assert job.run(installation, carrier=folder, now=NOW) == 1
    assert job.run(installation, carrier=folder, now=NOW + timedelta(hours=1)) == 0

    assert (only(session).state, only(session).sent_at) == (MessageState.SENT, NOW)
    (letter,) = folder.letters(limit=10)
    assert (letter.ref, letter.recipient, "123456" in letter.body) == (message.ref, message.recipient, True)
    (path,) = installation.settings.outbox.rglob("*.sealed")
    assert b"123456" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert audit.timeline(session, case=case)[0].action == "message_sent"


def test_a_message_that_is_not_due_stays(session, installation, folder, case):
    a_code(session, case, now=NOW + timedelta(minutes=1))
    session.commit()

    assert job.run(installation, carrier=folder, now=NOW) == 0


def test_a_claimed_message_is_given_to_nobody_else_until_the_lease_ends(session, case):
    a_code(session, case)

    assert len(outbox.claim(session, now=NOW)) == 1
    assert outbox.claim(session, now=NOW + outbox.LEASE - timedelta(seconds=1)) == []
    assert len(outbox.claim(session, now=NOW + outbox.LEASE)) == 1


def test_a_worker_killed_between_delivering_and_noting_makes_no_second_message(
    session, installation, folder, case
):
    a_code(session, case)
    session.commit()
    with installation.writing.begin() as killed:
        tenancy.enter(killed, case.lender_id)
        (letter,) = outbox.claim(killed, now=NOW)
    folder.deliver(letter)  # and here the worker dies

    later = NOW + outbox.LEASE
    assert job.run(installation, carrier=folder, now=later) == 1

    assert [each.ref for each in folder.letters(limit=10)] == [letter.ref]
    assert only(session).sent_at == later


def test_who_notes_second_changes_nothing(session, case):
    a_code(session, case)
    (letter,) = outbox.claim(session, now=NOW)

    assert outbox.sent(session, letter=letter, now=NOW)
    assert not outbox.sent(session, letter=letter, now=NOW + timedelta(minutes=9))
    outbox.failed(session, letter=letter, problem="too late", now=NOW)

    message = session.scalars(select(Message)).one()
    assert (message.state, message.sent_at, message.problem) == (MessageState.SENT, NOW, None)


def test_what_cannot_be_delivered_is_tried_again_ever_later_and_then_given_up(session, installation, case):
    a_code(session, case)
    session.commit()
    at, waits = NOW, []
    for _ in range(outbox.MOST_TRIES):
        assert job.run(installation, carrier=Full(), now=at) == 0
        message = only(session)
        assert "No space left" in message.problem
        waits.append(message.not_before - at)
        at = message.not_before

    assert waits[:-1] == list(outbox.BACK_OFF)
    assert (message.state, message.attempts) == (MessageState.FAILED, outbox.MOST_TRIES)
    assert audit.timeline(session, case=case)[0].action == "message_failed"


def test_what_is_refused_for_good_did_not_arrive_and_is_not_tried_again(session, installation, case):
    class NoSuchBox:
        def deliver(self, letter):
            raise NotDelivered("the mail server refused the recipient: 550", for_good=True)

    a_code(session, case)
    session.commit()

    assert job.run(installation, carrier=NoSuchBox(), now=NOW) == 0

    message = only(session)
    assert (message.state, message.reported_at, message.attempts) == (MessageState.UNDELIVERED, NOW, 1)
    assert message.claimed_until is None
    assert audit.timeline(session, case=case)[0].action == "message_undelivered"
    session.rollback()
    assert job.run(installation, carrier=Full(), now=NOW + timedelta(days=1)) == 0
    assert only(session).attempts == 1


def test_a_full_folder_is_told_as_not_delivered(session, installation, case):
    a_code(session, case)
    (letter,) = outbox.claim(session, now=NOW)
    blocked = installation.settings.instance / "a-file"
    blocked.write_text("not a folder")

    with pytest.raises(NotDelivered, match="cannot be written"):
        OutboxFolder(blocked).deliver(letter)


def test_collection_waits_for_the_morning_and_service_does_not(session, installation, folder, case):
    reminder, code = a_reminder(session, case), a_code(session, case)
    session.commit()

    assert job.run(installation, carrier=folder, now=NIGHT) == 1
    assert [each.ref for each in folder.letters(limit=10)] == [code.ref]
    session.expire_all()
    assert session.get_one(Message, reminder.id).not_before == MORNING
    session.rollback()

    assert job.run(installation, carrier=folder, now=MORNING - timedelta(seconds=1)) == 0
    assert job.run(installation, carrier=folder, now=MORNING) == 1


def test_a_collection_message_that_left_is_a_contact(session, installation, folder, case):
    reminder = a_reminder(session, case)
    session.commit()

    job.run(installation, carrier=folder, now=NOW)

    contact = only(session, Contact)
    assert (contact.channel, contact.outcome, contact.inbound) == (Channel.EMAIL, ContactOutcome.SENT, False)
    assert (contact.decision_id, contact.at) == (reminder.decision_id, NOW)


def test_a_hold_placed_after_writing_keeps_a_collection_message_back(session, installation, folder, case):
    a_reminder(session, case)
    actor = system(case.lender_id, "complaints")
    cases.hold(session, case=case, reason=HoldReason.COMPLAINT, subject=None, actor=actor, now=NOW)
    session.commit()

    assert job.run(installation, carrier=folder, now=NOW) == 0

    message = only(session)
    assert (message.state, message.problem) == (
        MessageState.WITHHELD,
        "withheld by the contact gate: no_open_complaint",
    )
