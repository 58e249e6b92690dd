"""Pages of calls and cases ask the database the same few questions, however much there is."""

import pytest
from sqlalchemy import event

from portal.services import (
    calls,
    contests,
    disputes,
    notifications,
    policies,
    promises,
    strategies,
    timelines,
)
from portal.services.call_acts import Heard
from portal.vocabulary import ContactOutcome, DisputeKind, MessageState, Role
from portal.web.words.borrower_entry import EVENTS
from tests import factories
from tests.factories import NOW, TODAY, actor_of
from tests.signing_in import sign_in_staff

MOST = 8
FRAME = ("web_session", "staff", "staff_role", "lender")  # who asks, of which lender


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def lead(client, session, lender):
    made = factories.staff(session, lender, Role.LEAD)
    session.commit()
    sign_in_staff(client, made)
    return made


def worked_on(session, lender, actor, count):
    """Cases to be called, each with a call that was not answered and a promise."""
    policy = policies.of(lender, NOW)
    for _ in range(count):
        case = factories.late_borrower(session, lender)
        begun = calls.begin(session, case=case, actor=actor, now=NOW).decision
        heard = Heard(outcome=ContactOutcome.NO_ANSWER)
        contact = calls.record(session, case=case, decision=begun, heard=heard, actor=actor, now=NOW)
        promises.make(session, case=case, contact=contact, amount=70_000, due_on=TODAY, actor=actor, now=NOW)
        strategies.recompute(session, case=case, policy=policy, actor=actor, now=NOW)
    session.commit()
    return case


def asked(app, client, path):
    """The questions of a page about its own matter, once caches are warm."""
    assert client.get(path).status_code == 200
    engine, seen = app.extensions["installation"].engine, []

    def note(*args):
        statement = f"{args[2]} ".replace("\n", " ")
        if statement.startswith("SELECT") and not any(f"FROM {each} " in statement for each in FRAME):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    client.get(path)
    event.remove(engine, "before_cursor_execute", note)
    return [each for each in seen if "set_config" not in each]


@pytest.mark.parametrize("path", ["/agent/calls", "/agent/promises", "/agent/approvals", "/agent/cases"])
def test_a_list_asks_as_much_for_one_row_as_for_many(app, client, session, lender, lead, path):
    worked_on(session, lender, actor_of(lead), 1)
    few = asked(app, client, path)
    worked_on(session, lender, actor_of(lead), 5)

    many = asked(app, client, path)

    assert len(many) == len(few) <= MOST, many


def told_of(session, lender, count):
    """Borrowers who dispute a debt, contest an entry of their timeline and do not get their messages."""
    for _ in range(count):
        case = factories.late_borrower(session, lender)
        actor = actor_of(case.borrower)
        message = notifications.notify(
            session, borrower=case.borrower, case=case, template="proof_complete", now=NOW
        )
        message.state = MessageState.UNDELIVERED
        facts = {"case": case, "words": "No.", "actor": actor, "now": NOW}
        disputes.open(session, loan=None, kind=DisputeKind.PAID, **facts)
        entry = timelines.page_of(session, case=case, actions=EVENTS, after=None).entries[0]
        sequence = timelines.find(session, case=case, name=entry.name, actions=EVENTS)
        contests.raise_(session, sequence=sequence, **facts)
    session.commit()


@pytest.mark.parametrize("path", ["/agent/messages", "/agent/disputes", "/agent/contests"])
def test_what_borrowers_say_and_what_did_not_reach_them_is_listed_at_once(
    app, client, session, lender, lead, path
):
    told_of(session, lender, 1)
    few = asked(app, client, path)
    told_of(session, lender, 4)

    many = asked(app, client, path)

    assert len(many) == len(few) <= MOST, many


@pytest.mark.parametrize("path", ["/agent/templates", "/agent/import"])
def test_the_lists_of_an_admin_ask_little(app, client, session, lender, path):
    admin = factories.staff(session, lender, Role.ADMIN)
    session.commit()
    sign_in_staff(client, admin)

    assert len(seen := asked(app, client, path)) <= MOST, seen
