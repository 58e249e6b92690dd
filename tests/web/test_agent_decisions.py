"""The page of a decision: every rule, what was known at the time, and when it would be possible now."""

from datetime import UTC, datetime

import pytest

from portal.domain.actor import system
from portal.services import cases, gate
from portal.vocabulary import Action, ActionClass, HoldReason, Initiator, Role
from tests import factories
from tests.factories import NOW
from tests.signing_in import sign_in_staff
from tests.web.test_staff_page_queries import MOST, asked

NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def reader(client, session, lender):
    made = factories.staff(session, lender, Role.LEAD)
    session.commit()
    sign_in_staff(client, made)
    return client


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def decided(session, case, now=NOW):
    """A call that the lender began, put to the gate."""
    found = gate.ask(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=system(case.lender_id, "test"),
        now=now,
    )
    session.commit()
    return found


def page_of(reader, decision):
    return reader.get(f"/agent/decisions/{decision.ref}?lang=en").text


def test_what_was_known_stands_in_groups_in_words(session, reader, case):
    page = page_of(reader, decided(session, case))

    for heading in ("The question", "The debt", "The borrower", "What was tried", "Other people"):
        assert f">{heading}</h3>" in page
    assert "On whose initiative" in page
    assert "When it would be possible" not in page  # it was allowed


def test_a_refusal_for_the_hour_says_that_it_would_be_allowed_now(session, reader, case):
    found = decided(session, case, NIGHT)
    assert not found.allowed
    assert "As things are now, the rules would allow it." in page_of(reader, found)


def test_a_refusal_at_night_says_from_when_it_is_possible(client, session, lender, set_time):
    set_time(NIGHT)
    somebody = factories.staff(session, lender, Role.LEAD)
    session.commit()
    sign_in_staff(client, somebody)
    found = decided(session, factories.late_borrower(session, lender), NIGHT)

    page = page_of(client, found)

    assert "it would be possible." in page
    assert "3 Mar 2026" in page.partition("When it would be possible")[2].partition("</section>")[0]


def test_where_waiting_does_not_help_it_says_so(session, reader, case):
    cases.hold(
        session,
        case=case,
        reason=HoldReason.DISPUTE,
        subject="test",
        actor=system(case.lender_id, "test"),
        now=NOW,
    )
    assert "Waiting alone does not change this." in page_of(reader, decided(session, case))


def test_an_answer_from_before_facts_were_kept_says_that(session, reader, case):
    found = decided(session, case)
    found.facts = None
    session.commit()
    assert "kept before the facts behind it were stored" in page_of(reader, found)


def test_a_refusal_is_put_to_the_gate_anew_and_asks_little(app, session, reader, case):
    found = decided(session, case, NIGHT)
    seen = asked(app, reader, f"/agent/decisions/{found.ref}")
    assert len(seen) <= 2 * MOST, seen  # what the page shows, and what the gate reads
