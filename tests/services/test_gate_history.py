"""What has passed with a borrower, as the contact gate is told of it."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.models import (
    CaseMove,
    Contact,
)
from portal.vocabulary import (
    Action,
    ActionClass,
    CallResult,
    CaseState,
    Channel,
    ContactOutcome,
    Product,
)
from tests import factories, gate_told
from tests.conftest import NOW
from tests.gate_told import another_phone, case_beside, common, contact, decision, phone

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
VISIT_AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def facts(session, case):
    """Ask what the gate is told about a call, but for what is said otherwise."""
    return gate_told.asking(session, case)


def test_leave_to_call_counts_until_it_is_written_down_and_then_once(session, case, facts):
    begun = decision(session, case, at=NOW - MINUTE)
    assert (facts().attempts_today, facts().failed_calls_today) == (1, 0)

    session.add(
        Contact(
            **common(case),
            case_id=case.id,
            decision_id=begun.id,
            channel=Channel.PHONE,
            inbound=False,
            at=NOW - MINUTE,
            outcome=ContactOutcome.NO_ANSWER,
        )
    )
    assert (facts().attempts_today, facts().failed_calls_today) == (1, 1)


@pytest.mark.parametrize(
    "more",
    [{"allowed": False}, {"action": Action.SMS}, {"action_class": ActionClass.SERVICE}, {"at": NOW + MINUTE}],
)
def test_a_refusal_a_message_a_service_and_what_is_to_come_are_no_attempts(session, case, facts, more):
    decision(session, case, **{"at": NOW - MINUTE} | more)

    assert facts().attempts_today == 0


def test_what_comes_later_than_the_moment_asked_about_is_not_known_yet(session, case, facts):
    contact(session, case, at=NOW - MINUTE)

    assert facts(now=NOW - 2 * MINUTE).attempts_today == 0


def test_the_newest_contact_is_the_newest_by_its_time(session, case, facts):
    contact(session, case, at=NOW - DAY, outcome=ContactOutcome.WRONG_NUMBER)
    contact(session, case, at=NOW - 2 * DAY, outcome=ContactOutcome.NO_ANSWER)  # written down later

    assert facts().number_invalid


def test_calls_of_another_case_ring_on_the_same_telephone_and_are_no_attempts_of_this_one(
    session, case, facts
):
    other = case_beside(session, case, closed=False)
    number = phone(session, case)
    contact(session, other, at=NOW - MINUTE, contact_point_id=number.id)

    found = facts(contact_point=number)
    assert (found.attempts_today, found.unanswered_on_number_today) == (0, 1)


def test_each_telephone_counts_its_own_rings(session, case, facts):
    first, second = phone(session, case), another_phone(session, case)
    contact(session, case, at=NOW - MINUTE, contact_point_id=first.id)

    assert facts(contact_point=first).unanswered_on_number_today == 1
    assert facts(contact_point=second).unanswered_on_number_today == 0
    assert (facts().number, facts().unanswered_on_number_today) == (first.id, 1)


def test_a_strangers_telephone_closes_itself_alone(session, case, facts):
    first, second = phone(session, case), another_phone(session, case)
    contact(session, case, outcome=ContactOutcome.WRONG_PERSON, contact_point_id=second.id)

    assert facts(contact_point=first).right_party
    assert not facts(contact_point=second).right_party


def test_a_borrower_who_calls_is_heard_and_was_not_called(session, case, facts):
    contact(session, case, at=NOW - DAY)
    assert facts().failed_channels == {Channel.PHONE}
    contact(session, case, at=NOW - MINUTE, outcome=ContactOutcome.REACHED, inbound=True)

    found = facts()
    assert (found.failed_channels, found.conversations_today, found.attempts_today) == (set(), 0, 0)
    assert found.last_conversation_at == NOW - MINUTE


def test_somebody_else_asked_is_an_attempt_and_no_conversation_with_the_borrower(session, case, facts):
    asked = {"action": Action.THIRD_PARTY, "outcome": ContactOutcome.REACHED}
    contact(session, case, at=NOW - MINUTE, **asked)

    found = facts()
    assert (found.attempts_today, found.third_party_calls, found.conversations_today) == (1, 1, 0)
    assert found.last_conversation_at is None


def test_who_said_stop_on_another_case_is_heard_on_this_one(session, case, facts):
    other = case_beside(session, case)
    contact(session, other, outcome=ContactOutcome.THIRD_PARTY, action=Action.THIRD_PARTY)
    assert not facts().third_party_said_stop

    stop = {"outcome": ContactOutcome.THIRD_PARTY, "result": CallResult.REFUSES}
    contact(session, other, action=Action.THIRD_PARTY, **stop)
    found = facts()
    assert (found.third_party_said_stop, found.third_party_calls) == (True, 0)


@pytest.mark.parametrize(
    ("product", "closed", "counts"),
    [
        (Product.CONSUMER_LOAN, True, True),
        (Product.CARD, True, False),
        (Product.CONSUMER_LOAN, False, False),
    ],
)
def test_the_collection_before_is_one_of_the_same_product_that_has_ended(
    session, case, facts, product, closed, counts
):
    contact(session, case_beside(session, case, product=product, closed=closed), at=NOW - 3 * DAY)

    assert facts().last_cycle_contact_at == (NOW - 3 * DAY if counts else None)


def test_a_cured_case_that_fell_overdue_again_is_a_new_collection(session, case, facts):
    contact(session, case, at=NOW - 9 * DAY)
    assert facts().last_cycle_contact_at is None
    session.add(
        CaseMove(
            **common(case, NOW - 4 * DAY),
            case_id=case.id,
            from_state=CaseState.CURED,
            to_state=CaseState.CONFIRMED,
            actor="system:test",
        )
    )
    contact(session, case, at=NOW - 2 * DAY)

    assert facts().last_cycle_contact_at == NOW - 9 * DAY
