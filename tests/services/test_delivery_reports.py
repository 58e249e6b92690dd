"""What became of messages, and of the addresses they went to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.domain import delivery_reports as reports
from portal.domain.actor import system
from portal.domain.delivery_reports import Entry
from portal.domain.refusals import Refused
from portal.models import Contact, ContactPoint, Message
from portal.models.audit_entry import AuditEntry
from portal.services import (
    call_list_building,
    delivery_reports,
    lenders,
    messages,
    notifications,
    outbox,
    policies,
    promises,
    reminders,
    strategies,
)
from portal.vocabulary import Channel, ContactKind, MessageState, NextStep, Role, StepReason
from tests import factories
from tests.factories import NOW, TODAY, actor_of

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def code(session, case, *, now=NOW):
    return notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=now, case=case, code="123456"
    )


def reminder(session, case, *, channel=Channel.SMS, now=NOW):
    return messages.send_collection(
        session,
        case=case,
        template="overdue_reminder",
        channel=channel,
        actor=system(case.lender_id, "reminders"),
        now=now,
    )


def leave(session, *, now=NOW):
    for letter in outbox.claim(session, now=now):
        outbox.sent(session, letter=letter, now=now)


def report(session, lender, message, state, *, now=NOW + MINUTE, named=None):
    entries = [Entry(message.ref, MessageState(state), named)]
    return delivery_reports.note(session, lender=lender, entries=entries, now=now)


def main_phone(session, case):
    query = select(ContactPoint).where(
        ContactPoint.borrower_id == case.borrower_id, ContactPoint.kind == ContactKind.PHONE
    )
    return session.scalars(query).one()


def happened(session, action):
    return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_a_message_that_arrived_is_delivered_once_with_the_name_of_the_gateway(session, lender, case):
    message = code(session, case)
    leave(session)

    first = report(session, lender, message, "delivered", named="sms-77")
    again = report(session, lender, message, "delivered", named="sms-78", now=NOW + DAY)

    assert (first.noted, first.known, first.unknown) == (1, 0, 0)
    assert (again.noted, again.known, again.unknown) == (0, 1, 0)
    assert (message.state, message.provider_ref) == (MessageState.DELIVERED, "sms-77")
    assert message.reported_at == NOW + MINUTE
    (entry,) = happened(session, "message_delivered")
    assert (entry.subject, entry.case_ref) == (f"message/{message.ref}", case.ref)


@pytest.mark.parametrize(("first", "second"), [("delivered", "undelivered"), ("undelivered", "delivered")])
def test_the_first_word_counts_and_nothing_goes_back(session, lender, case, first, second):
    message = code(session, case)
    leave(session)
    report(session, lender, message, first)

    assert report(session, lender, message, second).known == 1

    assert message.state == first


def test_what_never_left_and_what_another_lender_sent_is_unknown(session, lender, case):
    waiting = code(session, case)
    other = factories.lender(session, "pingan-puhui")
    with factories.of_lender(session, other.id):
        theirs = code(session, factories.late_borrower(session, other))
        leave(session)

    entries = [Entry(each, MessageState.DELIVERED) for each in (waiting.ref, theirs.ref, "nothing")]
    noted = delivery_reports.note(session, lender=lender, entries=entries, now=NOW)

    assert (noted.noted, noted.known, noted.unknown) == (0, 0, 3)
    assert waiting.state is MessageState.WAITING
    with factories.of_lender(session, other.id):
        session.refresh(theirs)
        assert theirs.state is MessageState.SENT


def test_a_report_may_come_before_the_worker_notes_that_it_left(session, lender, case):
    message = reminder(session, case)
    (letter,) = outbox.claim(session, now=NOW)

    assert report(session, lender, message, "delivered").noted == 1
    assert not outbox.sent(session, letter=letter, now=NOW + MINUTE)

    assert (message.state, message.sent_at) == (MessageState.DELIVERED, NOW + MINUTE)
    assert len(session.scalars(select(Contact)).all()) == 1


def test_what_was_given_up_and_arrived_all_the_same_arrived(session, lender, case):
    message = code(session, case)
    at = NOW
    for _ in range(outbox.MOST_TRIES):
        (letter,) = outbox.claim(session, now=at)
        outbox.failed(session, letter=letter, problem="the gateway does not answer", now=at)
        at = message.not_before
    assert message.state is MessageState.FAILED

    assert report(session, lender, message, "delivered", now=at + DAY).noted == 1

    assert message.state is MessageState.DELIVERED


# ---- addresses that messages do not reach


def test_where_a_message_did_not_arrive_no_collection_is_sent_and_a_code_is(session, lender, case):
    message = reminder(session, case)
    leave(session)
    report(session, lender, message, "undelivered")

    assert main_phone(session, case).undeliverable_since == NOW
    with pytest.raises(Refused, match="address_undeliverable"):
        reminder(session, case, now=NOW + DAY)
    assert reminder(session, case, channel=Channel.EMAIL, now=NOW + DAY).channel is Channel.EMAIL
    assert code(session, case, now=NOW + DAY).channel is Channel.SMS


def test_a_later_message_that_arrives_opens_the_address_again_and_an_older_one_does_not(
    session, lender, case
):
    older = code(session, case)
    leave(session)
    message = code(session, case, now=NOW + MINUTE)
    leave(session, now=NOW + MINUTE)
    report(session, lender, message, "undelivered", now=NOW + 2 * MINUTE)

    report(session, lender, older, "delivered", now=NOW + 3 * MINUTE)
    assert main_phone(session, case).undeliverable_since == NOW + MINUTE

    newer = code(session, case, now=NOW + 4 * MINUTE)
    leave(session, now=NOW + 4 * MINUTE)
    report(session, lender, newer, "delivered", now=NOW + 5 * MINUTE)
    assert main_phone(session, case).undeliverable_since is None


def test_an_old_message_that_did_not_arrive_says_nothing_once_a_newer_one_did(session, lender, case):
    older = code(session, case)
    leave(session)
    newer = code(session, case, now=NOW + MINUTE)
    leave(session, now=NOW + MINUTE)

    report(session, lender, newer, "delivered", now=NOW + 2 * MINUTE)
    report(session, lender, older, "undelivered", now=NOW + 3 * MINUTE)

    assert older.state is MessageState.UNDELIVERED
    assert main_phone(session, case).undeliverable_since is None


def test_a_message_to_a_number_of_before_says_nothing_of_the_one_of_now(session, lender, case):
    message = code(session, case)
    leave(session)
    main_phone(session, case).value = "+8613900000009"
    session.flush()

    report(session, lender, message, "undelivered")

    assert main_phone(session, case).undeliverable_since is None


def failed_calls(session, lender, case):
    """A case whose next step is an SMS: the phone has failed."""
    row = strategies.recompute(
        session,
        case=case,
        policy=policies.of(lender, NOW),
        actor=system(lender.id, "nightly"),
        now=NOW,
    )
    row.step, row.reason, row.due, row.earliest_at = NextStep.SMS, StepReason.PHONE_FAILED, True, NOW
    session.flush()
    return row


def test_a_reminder_to_a_dead_number_is_not_written_and_the_case_goes_on(session, lender, case):
    main_phone(session, case).undeliverable_since = NOW
    failed_calls(session, lender, case)

    assert reminders.send_due(session, lender_id=lender.id, now=NOW, limit=10) == 1

    assert session.scalars(select(Message)).all() == []
    assert strategies.of_case(session, case=case).step is not NextStep.SMS
    assert reminders.send_due(session, lender_id=lender.id, now=NOW, limit=10) == 0


def test_a_promise_is_not_reminded_of_where_no_message_arrives(session, lender, case):
    actor = actor_of(factories.staff(session, lender, Role.CALLER))
    tomorrow = TODAY + DAY
    promises.make(session, case=case, contact=None, amount=50_000, due_on=tomorrow, actor=actor, now=NOW)
    for point in session.scalars(select(ContactPoint)):
        point.undeliverable_since = NOW
    session.flush()

    assert reminders.send_of_promises(session, lender_id=lender.id, now=NOW, limit=10) == 0
    for point in session.scalars(select(ContactPoint).where(ContactPoint.kind == ContactKind.EMAIL)):
        point.undeliverable_since = None
    session.flush()
    assert reminders.send_of_promises(session, lender_id=lender.id, now=NOW, limit=10) == 1
    assert session.scalars(select(Message)).one().channel is Channel.EMAIL


def test_what_comes_next_is_said_anew_when_a_message_did_not_arrive(session, lender, case):
    actor = system(lender.id, "nightly")
    policy = policies.of(lender, NOW)
    main = main_phone(session, case)
    session.delete(main)
    session.flush()
    row = strategies.recompute(session, case=case, policy=policy, actor=actor, now=NOW)
    assert row.step is NextStep.EMAIL
    message = reminder(session, case, channel=Channel.EMAIL)
    leave(session)
    assert strategies.of_case(session, case=case).reason is not StepReason.NO_CHANNEL

    report(session, lender, message, "undelivered")

    assert strategies.of_case(session, case=case).reason is StepReason.NO_CHANNEL


def test_a_number_that_takes_no_sms_can_still_be_rung(session, lender, case):
    main_phone(session, case).undeliverable_since = NOW
    session.flush()

    row = strategies.recompute(
        session, case=case, policy=policies.of(lender, NOW), actor=system(lender.id, "nightly"), now=NOW
    )

    assert row.step is NextStep.CALL


def build(session, lender, day):
    now = datetime(day.year, day.month, day.day, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    return call_list_building.build(
        session, lender=lender, policy=policies.of(lender, NOW), business_date=day, now=now
    )


def test_the_night_and_a_single_look_agree_about_a_dead_address(session, lender, case):
    """Nothing happened on the case itself: only its only address is dead."""
    for point in session.scalars(select(ContactPoint).where(ContactPoint.kind != ContactKind.EMAIL)).all():
        session.delete(point)
    session.scalars(select(ContactPoint)).one().undeliverable_since = NOW
    session.flush()

    build(session, lender, date(2026, 3, 2))

    at_night = strategies.of_case(session, case=case)
    found = (at_night.step, at_night.reason)
    one_by_one = strategies.recompute(
        session,
        case=case,
        policy=policies.of(lender, NOW),
        actor=system(lender.id, "nightly"),
        now=at_night.computed_at,
    )
    assert found == (one_by_one.step, one_by_one.reason) == (NextStep.NONE, StepReason.NO_CHANNEL)


def test_an_address_that_becomes_the_main_one_again_puts_the_case_back_on_the_list(session, lender, case):
    points = session.scalars(select(ContactPoint)).all()
    for point in points:
        if point.kind is not ContactKind.EMAIL:
            session.delete(point)
    mail = next(each for each in points if each.kind is ContactKind.EMAIL)
    mail.undeliverable_since = NOW
    session.flush()
    build(session, lender, date(2026, 3, 4))
    assert strategies.of_case(session, case=case).reason is StepReason.NO_CHANNEL

    mail.undeliverable_since, mail.main_since = None, datetime(2026, 3, 5, tzinfo=UTC)
    session.flush()
    build(session, lender, date(2026, 3, 6))

    assert strategies.of_case(session, case=case).step is NextStep.EMAIL


# ---- who may report


STAMP, BODY = str(int(NOW.timestamp())), b"[]"


def sender(session, lender, secret, **changed):
    asked = {
        "code": lender.code,
        "host": None,
        "timestamp": STAMP,
        "signature": reports.signature(secret.encode(), STAMP, BODY),
        "body": BODY,
        "address": "192.0.2.7",
        "now": NOW,
    }
    return delivery_reports.sender(session, **asked | changed)


@pytest.fixture
def secret(session, lender):
    actor = actor_of(factories.staff(session, lender))
    return delivery_reports.renew_secret(session, lender=lender, actor=actor, now=NOW)


def test_whoever_has_the_secret_of_a_lender_reports_for_it_and_for_no_other(session, lender, secret):
    other = factories.lender(session, "pingan-puhui")

    assert sender(session, lender, secret).id == lender.id
    assert sender(session, lender, secret, host=lender.id).id == lender.id
    assert sender(session, lender, secret, host=other.id) is None
    assert sender(session, other, secret) is None
    assert sender(session, lender, secret, code="nobody") is None
    assert sender(session, lender, secret, now=NOW + timedelta(minutes=6)) is None


def test_a_new_secret_replaces_the_one_before_and_none_takes_no_reports(session, lender, secret):
    actor = system(lender.id, "command-line")
    newer = delivery_reports.renew_secret(session, lender=lender, actor=actor, now=NOW)
    assert sender(session, lender, secret) is None
    assert sender(session, lender, newer).id == lender.id

    delivery_reports.forget_secret(session, lender=lender, actor=actor, now=NOW)
    assert sender(session, lender, newer) is None
    assert [each.facts["given"] for each in happened(session, "report_secret_set")] == [True, True, False]


def test_the_secret_is_kept_sealed_and_stands_in_no_entry(session, lender, secret):
    session.expire_all()
    kept = lenders.get(session, lender.id).report_secret_sealed
    assert secret.encode() not in kept
    assert secret not in repr([each.facts for each in happened(session, "report_secret_set")])


def test_wrong_signatures_are_counted_by_address_and_right_ones_are_not(session, lender, secret):
    for _ in range(delivery_reports.WRONG.most):
        assert sender(session, lender, "wrong") is None
        assert sender(session, lender, secret).id == lender.id
    with pytest.raises(Refused, match="too_many_tries"):
        sender(session, lender, "wrong")
    assert sender(session, lender, "wrong", address="192.0.2.8") is None
