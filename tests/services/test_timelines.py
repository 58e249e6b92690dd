"""The timeline page by page, what is joined to its entries, and the borrower's word against one."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.domain.refusals import Refused
from portal.models import Contact, Message, Promise
from portal.models.audit_entry import AuditEntry
from portal.services import audit, cases, contests, gate, notifications, objection_list, timelines
from portal.vocabulary import (
    Action,
    ActionClass,
    Attitude,
    Channel,
    ContactOutcome,
    HoldReason,
    Initiator,
    PromiseState,
    Role,
)
from tests import factories
from tests.factories import NOW, TODAY, actor_of


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def caller(session, lender):
    return factories.staff(session, lender, Role.CALLER, name="Carl Example")


@pytest.fixture
def lead(session, lender):
    return factories.staff(session, lender, Role.LEAD, name="Lena Example")


def acted(session, case, number, *, actor=None):
    for count in range(number):
        audit.record(
            session,
            actor=actor or factories.actor_of(case.borrower),
            action="budget_saved",
            subject=case,
            case=case,
            now=NOW + timedelta(minutes=count),
        )


def called(session, case, caller, *, at=NOW, words="I lost my job"):
    decision = gate.ask(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor_of(caller),
        now=at,
    )
    session.flush()
    contact = Contact(
        lender_id=case.lender_id,
        created_at=at,
        case_id=case.id,
        decision_id=decision.id,
        staff_id=caller.id,
        channel=Channel.PHONE,
        inbound=False,
        at=at,
        outcome=ContactOutcome.REACHED,
        attitude=Attitude.WORRIED,
        feedback=words,
    )
    session.add(contact)
    session.flush()
    audit.record(session, actor=actor_of(caller), action="call_recorded", subject=contact, case=case, now=NOW)
    return contact


def newest(session, case, action):
    query = select(AuditEntry).where(AuditEntry.case_ref == case.ref, AuditEntry.action == action)
    return session.scalars(query.order_by(AuditEntry.sequence.desc()).limit(1)).one()


def contested(session, case, entry, words="It was not so"):
    return contests.raise_(
        session,
        case=case,
        sequence=entry.sequence,
        words=words,
        actor=actor_of(case.borrower),
        now=NOW,
    )


def test_pages_follow_one_another_without_gap_or_repetition(session, case):
    acted(session, case, 60)
    names, after = [], None
    for length in (25, 25, 10):
        page = timelines.page_of(session, case=case, actions={"budget_saved"}, after=after)
        assert len(page.entries) == length
        names += [entry.name for entry in page.entries]
        after = page.after

    assert after is None
    stored = session.scalars(
        select(AuditEntry.hash)
        .where(AuditEntry.action == "budget_saved")
        .order_by(AuditEntry.sequence.desc())
    )
    assert names == [each.hex() for each in stored]


def test_a_page_that_is_just_full_has_none_after_it(session, case):
    acted(session, case, 25)

    page = timelines.page_of(session, case=case, actions={"budget_saved"})
    assert (len(page.entries), page.after) == (25, None)


def test_what_comes_in_meanwhile_does_not_shift_the_next_page(session, case):
    acted(session, case, 30)
    first = timelines.page_of(session, case=case, actions={"budget_saved"})
    acted(session, case, 3)

    second = timelines.page_of(session, case=case, actions={"budget_saved"}, after=first.after)
    assert len(second.entries) == 5
    assert not {each.name for each in first.entries} & {each.name for each in second.entries}


def test_an_entry_of_another_case_or_a_name_that_is_none_is_not_found(session, lender, case):
    other = factories.late_borrower(session, lender)
    acted(session, case, 1), acted(session, other, 1)
    own = newest(session, case, "budget_saved")

    assert timelines.find(session, case=case, name=own.hash.hex()) == own.sequence
    assert timelines.find(session, case=other, name=own.hash.hex()) is None
    assert timelines.find(session, case=case, name=own.hash.hex(), actions={"case_moved"}) is None
    for name in ("", "nothing", "zz", own.hash.hex()[:-2], str(own.sequence)):
        assert timelines.find(session, case=case, name=name) is None


def test_a_call_stands_with_what_was_said_and_who_called(session, case, caller):
    contact = called(session, case, caller)

    page = timelines.page_of(session, case=case, actions={"call_recorded"})
    assert page.entries[0].contact == contact
    assert page.entries[0].contact.feedback == "I lost my job"
    assert page.people[page.entries[0].actor] == timelines.Person(name="Carl Example", number=caller.number)


def test_a_reminder_is_a_contact_when_it_leaves_and_not_again_when_it_arrives(session, case, caller):
    contact = called(session, case, caller)
    message = notifications.notify(
        session, borrower=case.borrower, template="contest_answered", case=case, now=NOW, answer="Yes"
    )
    contact.message_id = session.scalars(select(Message.id)).one()
    session.flush()
    for action in ("message_sent", "message_delivered"):
        audit.record(session, actor=actor_of(caller), action=action, subject=message, case=case, now=NOW)

    arrived, left = timelines.page_of(
        session, case=case, actions={"message_sent", "message_delivered"}
    ).entries
    assert (left.contact, arrived.contact) == (contact, None)


def test_a_promise_stands_with_its_amount_and_day(session, case, caller):
    promise = Promise(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        amount=5000,
        currency="CNY",
        due_on=TODAY,
        state=PromiseState.ACTIVE,
    )
    session.add(promise)
    session.flush()
    audit.record(session, actor=actor_of(caller), action="promise_made", subject=promise, case=case, now=NOW)

    assert timelines.page_of(session, case=case).entries[0].promise == promise


def test_a_fuller_page_asks_the_database_no_more_often(session, case, caller, lead):
    def queries():
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        engine = session.get_bind()
        session.expire_all()
        case.ref  # noqa: B018
        event.listen(engine, "before_cursor_execute", listener)
        timelines.page_of(session, case=case)
        event.remove(engine, "before_cursor_execute", listener)
        return len(count)

    called(session, case, caller)
    contested(session, case, newest(session, case, "call_recorded"))
    few = queries()
    for _ in range(10):
        called(session, case, caller)
        contest = contested(session, case, newest(session, case, "call_recorded"))
        contests.answer(session, contest=contest, words="Yes", actor=actor_of(lead), now=NOW)

    assert queries() == few <= 6


def test_a_contest_stands_beside_its_entry_which_stays_as_it_was(session, case, caller):
    called(session, case, caller)
    entry = newest(session, case, "call_recorded")
    before = (entry.facts, entry.hash)

    contest = contested(session, case, entry)

    session.expire_all()
    again = newest(session, case, "call_recorded")
    assert (again.facts, again.hash) == before
    assert audit.verify(session, lender_id=case.lender_id).intact
    shown = timelines.entry(session, case=case, sequence=entry.sequence).entries[0]
    assert shown.contest == contest
    assert contest.words == "It was not so"


def test_an_entry_is_contested_once_and_by_the_borrower(session, case, caller, lead):
    called(session, case, caller)
    entry = newest(session, case, "call_recorded")
    with pytest.raises(Refused, match="contest_not_yours"):
        contests.raise_(
            session, case=case, sequence=entry.sequence, words="No", actor=actor_of(lead), now=NOW
        )
    contested(session, case, entry)

    with pytest.raises(Refused, match="contested_already"):
        contested(session, case, entry, "Again")


def test_a_lead_answers_and_the_borrower_is_told(session, case, caller, lead):
    called(session, case, caller)
    contest = contested(session, case, newest(session, case, "call_recorded"))

    contests.answer(session, contest=contest, words="You are right", actor=actor_of(lead), now=NOW)

    assert (contest.answer, contest.answered_by, contest.answered_at) == ("You are right", lead.id, NOW)
    told = session.scalars(select(Message)).one()
    assert (told.template, told.action_class) == ("contest_answered", ActionClass.SERVICE)
    with pytest.raises(Refused, match="contest_answered_already"):
        contests.answer(session, contest=contest, words="No", actor=actor_of(lead), now=NOW)


def test_nobody_answers_about_what_they_did_themselves(session, lender, case, lead):
    called(session, case, lead)
    contest = contested(session, case, newest(session, case, "call_recorded"))

    with pytest.raises(Refused, match="contest_of_your_own"):
        contests.answer(session, contest=contest, words="No", actor=actor_of(lead), now=NOW)
    other = factories.staff(session, lender, Role.CALLER)
    with pytest.raises(Refused, match="contest_not_yours"):
        contests.answer(session, contest=contest, words="No", actor=actor_of(other), now=NOW)
    manager = factories.staff(session, lender, Role.MANAGER)
    contests.answer(session, contest=contest, words="Yes", actor=actor_of(manager), now=NOW)
    assert contest.answer == "Yes"


def test_only_what_waits_is_listed_the_oldest_first(session, lender, lead, caller):
    made = []
    for _ in range(27):
        case = factories.late_borrower(session, lender)
        cases.hold(
            session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=actor_of(caller), now=NOW
        )
        made.append(contested(session, case, newest(session, case, "hold_placed")))
    contests.answer(session, contest=made[0], words="Yes", actor=actor_of(lead), now=NOW)

    first = objection_list.contests(session, after=None, actor=actor_of(lead), now=NOW)
    second = objection_list.contests(session, after=first.after, actor=actor_of(lead), now=NOW)

    assert [line.contest for line in [*first.lines, *second.lines]] == made[1:]
    assert (len(first.lines), second.after) == (25, None)
    assert objection_list.count_contests(session, actor=actor_of(lead), now=NOW) == 26
