"""Complaints: a clock, a brake, an answer, a decision; and who may not see one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import Complaint, Hold, Message, VisitCrew
from portal.services import cases, complaints, inbox, scope
from portal.vocabulary import ComplaintOutcome, ComplaintState, ComplaintTopic, HoldReason, Locale, Role
from tests import factories
from tests.factories import NOW, actor_of


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def handler(session, lender):
    return factories.staff(session, lender, Role.HANDLER)


def filed(session, lender, case=None, **more):
    facts = {"topic": ComplaintTopic.CONDUCT, "text": "They shouted.", "locale": Locale.EN, "now": NOW}
    actor = actor_of(case.borrower) if case else factories.visitor(lender)
    return complaints.file(session, lender=lender, case=case, actor=actor, **facts | more)


def test_a_complaint_gets_a_number_and_its_due_dates(session, lender, case):
    complaint = filed(session, lender, case)

    assert complaint.number.startswith("C-")
    assert complaint.acknowledge_by == date(2026, 3, 3)
    assert complaint.decide_by == date(2026, 3, 17)


def test_a_complaint_stops_collection_until_it_is_decided(session, lender, case, handler):
    complaint = filed(session, lender, case)
    assert [hold.reason for hold in cases.holds_of(session, case)] == [HoldReason.COMPLAINT]

    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)
    decided(session, complaint, handler)

    assert cases.holds_of(session, case) == []
    assert session.scalars(select(Hold)).one().ended_by == str(actor_of(handler))


def decided(session, complaint, handler):
    return complaints.decide(
        session,
        complaint=complaint,
        outcome=ComplaintOutcome.UPHELD,
        checked="The recording",
        grounds="They did shout",
        redress="An apology",
        actor=actor_of(handler),
        now=NOW,
    )


def test_claiming_acknowledges_and_the_first_answer_begins_the_investigation(session, lender, case, handler):
    complaint = filed(session, lender, case)

    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)
    assert complaint.state is ComplaintState.ACKNOWLEDGED

    complaints.write(
        session, complaint=complaint, body="When?", internal=False, actor=actor_of(handler), now=NOW
    )
    assert complaint.state is ComplaintState.INVESTIGATING


def test_every_step_is_told_to_whoever_complained(session, lender, case, handler):
    complaint = filed(session, lender, case)
    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)
    complaints.write(
        session, complaint=complaint, body="Note", internal=True, actor=actor_of(handler), now=NOW
    )
    decided(session, complaint, handler)

    sent = session.scalars(select(Message).order_by(Message.id)).all()
    assert [message.template for message in sent] == [
        "complaint_received",
        "complaint_acknowledged",
        "complaint_decided",
    ]
    assert complaint.number in sent[0].body


def test_a_visitor_gets_the_answer_at_the_address_they_gave(session, lender):
    filed(session, lender, name="Somebody", reply_to="somebody@example.test")

    message = session.scalars(select(Message)).one()
    assert (message.recipient, message.borrower_id) == ("somebody@example.test", None)


def test_an_internal_note_is_not_shown_to_the_borrower(session, lender, case, handler):
    complaint = filed(session, lender, case)
    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)
    complaints.write(
        session, complaint=complaint, body="Note", internal=True, actor=actor_of(handler), now=NOW
    )

    assert complaints.thread(session, complaint, with_internal=False) == []
    assert len(complaints.thread(session, complaint, with_internal=True)) == 1


def test_nobody_answers_what_they_have_not_claimed(session, lender, case, handler):
    complaint = filed(session, lender, case)

    with pytest.raises(Refused, match="complaint_claim_first"):
        decided(session, complaint, handler)


def test_what_somebody_else_claimed_cannot_be_claimed(session, lender, case, handler):
    complaint = filed(session, lender, case)
    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)

    other = factories.staff(session, lender, Role.HANDLER)
    with pytest.raises(Refused, match="complaint_taken"):
        complaints.claim(session, complaint=complaint, actor=actor_of(other), now=NOW)


def test_a_decided_complaint_takes_no_more_messages_and_no_second_decision(session, lender, case, handler):
    complaint = filed(session, lender, case)
    complaints.claim(session, complaint=complaint, actor=actor_of(handler), now=NOW)
    decided(session, complaint, handler)

    with pytest.raises(Refused, match="complaint_decided_already"):
        complaints.write(
            session, complaint=complaint, body="More", internal=False, actor=actor_of(case.borrower), now=NOW
        )
    with pytest.raises(Refused, match="move_not_allowed"):
        decided(session, complaint, handler)


def test_a_withdrawn_complaint_stays_on_file_and_lets_go_of_the_hold(session, lender, case):
    complaint = filed(session, lender, case)

    complaints.withdraw(session, complaint=complaint, actor=actor_of(case.borrower), now=NOW)

    assert complaint.state is ComplaintState.WITHDRAWN
    assert cases.holds_of(session, case) == []


def test_neither_the_person_complained_about_nor_their_manager_sees_it(session, lender, case, handler):
    manager = factories.staff(session, lender, Role.MANAGER)
    about = factories.staff(session, lender, Role.AGENT, Role.HANDLER, manager=manager)
    complaint = filed(session, lender, case, about=about)

    def sees(person):
        return session.scalar(scope.complaints(actor_of(person), now=NOW).where(Complaint.id == complaint.id))

    assert sees(handler) is complaint
    assert sees(about) is None
    assert sees(manager) is None


def test_the_crew_of_a_visit_can_be_named(session, lender, case):
    agent = factories.staff(session, lender, Role.AGENT)
    visit = factories.visit(session, case, crew=[agent])

    assert session.scalars(select(VisitCrew.visit_id)).all() == [visit.id]
    assert complaints.crews_met(session, case=case) == [agent]


def test_the_inbox_counts_and_lists_the_most_urgent_first(session, lender, case, handler):
    later = filed(session, lender)
    sooner = filed(session, lender, case)
    sooner.decide_by = later.decide_by - timedelta(days=3)
    complaints.claim(session, complaint=later, actor=actor_of(handler), now=NOW)
    session.flush()
    today = factories.TODAY

    counts = inbox.count_by_folder(session, actor=actor_of(handler), today=today, now=NOW)
    found = inbox.page_of(session, actor=actor_of(handler), folder=inbox.Folder.OPEN, today=today, now=NOW)

    assert counts == {"open": 2, "mine": 1, "unclaimed": 1, "late": 0, "decided": 0}
    assert found.complaints == [sooner, later]


def test_the_inbox_pages_without_skipping_or_repeating(session, lender, handler, monkeypatch):
    monkeypatch.setattr(inbox, "PAGE", 2)
    filed_ones = [filed(session, lender) for _ in range(5)]
    asked = {"actor": actor_of(handler), "folder": inbox.Folder.OPEN, "today": factories.TODAY, "now": NOW}

    seen, key = [], ""
    while key is not None:
        found = inbox.page_of(session, after=key, **asked)
        seen += found.complaints
        key = found.next_key

    assert seen == filed_ones


def test_a_complaint_is_late_when_it_was_not_acknowledged_in_time(session, lender, case, handler):
    filed(session, lender, case)

    counts = inbox.count_by_folder(
        session, actor=actor_of(handler), today=factories.TODAY + timedelta(days=2), now=NOW
    )

    assert counts[inbox.Folder.LATE] == 1
