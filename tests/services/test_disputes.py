"""Disputes: collection stops at once, an answer comes by its day, and nobody answers what they wrote down."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import Dispute, Hold, Message
from portal.services import audit, cases, disputes, gate, objection_list
from portal.services.objection_list import DisputeFolder
from portal.vocabulary import (
    Action,
    ActionClass,
    DisputeKind,
    DisputeState,
    HoldReason,
    Initiator,
    Role,
)
from tests import factories
from tests.factories import NOW, actor_of

WORDS = "I paid this in February."


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def lead(session, lender):
    return factories.staff(session, lender, Role.LEAD)


def opened(session, case, **more):
    facts = {"kind": DisputeKind.PAID, "words": WORDS, "actor": actor_of(case.borrower), "now": NOW}
    return disputes.open(session, case=case, **facts | more)


def answered(session, dispute, by, outcome=DisputeState.NOT_UPHELD, now=NOW):
    disputes.answer(
        session, dispute=dispute, outcome=outcome, reasons="The book says so.", actor=actor_of(by), now=now
    )


def held(session, case):
    return [hold.reason for hold in cases.holds_of(session, case)]


def may_call(session, case, lead):
    asked = gate.judge(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor_of(lead),
        now=NOW,
    )
    return not [rule.id for rule in asked.failed if rule.id in ("no_hold", "no_open_dispute")]


def test_the_answer_is_due_after_the_working_days_of_the_pack(session, case):
    dispute = opened(session, case)

    assert dispute.state is DisputeState.OPEN
    assert dispute.answer_by == date(2026, 3, 9)  # five working days after a Monday
    assert dispute.words == WORDS


def test_collection_stops_at_once(session, case, lead):
    assert may_call(session, case, lead)

    dispute = opened(session, case)

    assert held(session, case) == [HoldReason.DISPUTE]
    assert cases.holds_of(session, case)[0].subject == dispute.ref
    assert not may_call(session, case, lead)


def test_the_borrower_is_told_by_when_the_answer_comes(session, case):
    opened(session, case)

    message = session.scalars(select(Message)).one()
    assert message.template == "dispute_received"
    assert "9 Mar 2026" in message.body


def test_what_comes_next_waits_for_the_answer(session, case, lead):
    from portal.services import strategies

    dispute = opened(session, case)
    waiting = strategies.of_case(session, case=case)
    assert waiting.reason == "on_hold"

    answered(session, dispute, lead)
    session.refresh(waiting)
    assert waiting.reason != "on_hold"


def test_a_debt_that_stands_is_collected_again_with_the_answer(session, case, lead):
    dispute = opened(session, case)

    answered(session, dispute, lead)

    assert dispute.state is DisputeState.NOT_UPHELD
    assert (dispute.answer, dispute.answered_by, dispute.answered_at) == ("The book says so.", lead.id, NOW)
    assert held(session, case) == []
    told = session.scalars(select(Message).order_by(Message.id)).all()[-1]
    assert told.template == "dispute_answered"


def test_a_borrower_who_is_right_is_left_alone_until_the_book_is_corrected(session, case, lead):
    dispute = opened(session, case)

    answered(session, dispute, lead, DisputeState.UPHELD)
    assert held(session, case) == [HoldReason.DISPUTE]
    assert disputes.waits_for_correction(session, dispute)

    disputes.correct(session, dispute=dispute, actor=actor_of(lead), now=NOW)
    assert held(session, case) == []
    with pytest.raises(Refused, match="dispute_needs_no_correction"):
        disputes.correct(session, dispute=dispute, actor=actor_of(lead), now=NOW)


def test_an_open_dispute_is_no_correction_to_note(session, case, lead):
    dispute = opened(session, case)

    with pytest.raises(Refused, match="dispute_needs_no_correction"):
        disputes.correct(session, dispute=dispute, actor=actor_of(lead), now=NOW)
    assert held(session, case) == [HoldReason.DISPUTE]


@pytest.mark.parametrize("role", [Role.CALLER, Role.AGENT, Role.HANDLER, Role.AUDITOR, Role.ADMIN])
def test_only_leads_and_managers_answer(session, lender, case, role):
    dispute = opened(session, case)
    person = factories.staff(session, lender, role)

    with pytest.raises(Refused, match="dispute_not_yours"):
        answered(session, dispute, person)
    with pytest.raises(Refused, match="dispute_not_yours"):
        disputes.correct(session, dispute=dispute, actor=actor_of(person), now=NOW)
    assert dispute.state is DisputeState.OPEN


def test_whoever_wrote_a_dispute_down_does_not_answer_it(session, lender, case, lead):
    dispute = opened(session, case, actor=actor_of(lead))
    assert disputes.told_by(session, dispute) == lead

    with pytest.raises(Refused, match="dispute_recorded_by_you"):
        answered(session, dispute, lead)

    answered(session, dispute, factories.staff(session, lender, Role.MANAGER))
    assert dispute.state is DisputeState.NOT_UPHELD


def test_an_answer_is_given_once(session, case, lead):
    dispute = opened(session, case)
    answered(session, dispute, lead)

    with pytest.raises(Refused, match="move_not_allowed"):
        answered(session, dispute, lead, DisputeState.UPHELD)
    assert dispute.state is DisputeState.NOT_UPHELD


def test_waiting_or_taken_back_is_no_answer(session, case, lead):
    dispute = opened(session, case)

    for outcome in (DisputeState.WITHDRAWN, DisputeState.OPEN):
        with pytest.raises(ValueError, match="is no answer"):
            answered(session, dispute, lead, outcome)


def test_the_borrower_takes_it_back_and_nobody_else(session, case, lead):
    dispute = opened(session, case)

    with pytest.raises(Refused, match="dispute_not_yours"):
        disputes.withdraw(session, dispute=dispute, actor=actor_of(lead), now=NOW)
    disputes.withdraw(session, dispute=dispute, actor=actor_of(case.borrower), now=NOW)

    assert dispute.state is DisputeState.WITHDRAWN
    assert held(session, case) == []


def test_the_same_is_disputed_once_at_a_time(session, lender, lead):
    borrower = factories.borrower(session, lender)
    first, second = (factories.loan(session, borrower) for _ in range(2))
    case = factories.case(session, first, second)
    dispute = opened(session, case, loan=first)

    with pytest.raises(Refused, match="dispute_open_already"):
        opened(session, case, loan=first)
    opened(session, case, loan=second)
    opened(session, case)  # all of it
    with pytest.raises(Refused, match="dispute_open_already"):
        opened(session, case)
    answered(session, dispute, lead)
    with pytest.raises(Refused, match="dispute_open_already"):
        opened(session, case, loan=first)  # what is said of all is said of each

    assert len(session.scalars(select(Dispute)).all()) == 3


def test_each_dispute_has_its_own_hold(session, lender, lead):
    borrower = factories.borrower(session, lender)
    loans = [factories.loan(session, borrower) for _ in range(2)]
    case = factories.case(session, *loans)
    first, second = (opened(session, case, loan=loan) for loan in loans)

    answered(session, first, lead)

    assert [hold.subject for hold in cases.holds_of(session, case)] == [second.ref]


def test_a_loan_of_another_case_or_a_closed_case_is_not_disputed(session, lender, case):
    stranger = factories.loan(session, factories.borrower(session, lender))
    with pytest.raises(Refused, match="dispute_loan_elsewhere"):
        opened(session, case, loan=stranger)
    case.closed_at = NOW
    with pytest.raises(Refused, match="case_closed"):
        opened(session, case)
    assert session.scalars(select(Hold)).all() == []


def test_the_words_stand_in_no_audit_entry(session, case, lead):
    dispute = opened(session, case)
    answered(session, dispute, lead)

    events = audit.timeline(session, case=case)
    assert {"dispute_opened", "dispute_answered"} <= {event.action for event in events}
    assert WORDS not in str([event.facts for event in events])


def listed(session, lead, folder, today=date(2026, 3, 2), after=None):
    found = objection_list.disputes(
        session, folder=folder, after=after, today=today, actor=actor_of(lead), now=NOW
    )
    return [line.dispute for line in found.lines], found.after


def test_a_dispute_is_late_the_day_after_its_answer_was_due(session, case, lead):
    dispute = opened(session, case)

    assert listed(session, lead, DisputeFolder.LATE, dispute.answer_by) == ([], None)
    late = dispute.answer_by + timedelta(days=1)
    assert listed(session, lead, DisputeFolder.LATE, late) == ([dispute], None)
    counted = objection_list.count_disputes(session, today=late, actor=actor_of(lead), now=NOW)
    assert counted == (1, 1)


def test_the_list_goes_by_what_is_due_and_follows_on_without_gap(session, lender, lead):
    made = []
    for number in range(28):
        case = factories.late_borrower(session, lender)
        made.append(opened(session, case, now=NOW + timedelta(days=(number * 5) % 3)))
    wanted = sorted(made, key=lambda each: (each.answer_by, each.id))

    first, after = listed(session, lead, DisputeFolder.OPEN)
    second, end = listed(session, lead, DisputeFolder.OPEN, after=after)

    assert [each.ref for each in first + second] == [each.ref for each in wanted]
    assert (len(first), end) == (25, None)


def test_answered_disputes_stand_apart_the_newest_first(session, lender, lead):
    first, second = (opened(session, factories.late_borrower(session, lender)) for _ in range(2))
    answered(session, first, lead)
    disputes.withdraw(
        session,
        dispute=second,
        actor=actor_of(disputes.case_of(session, second).borrower),
        now=NOW,
    )

    assert listed(session, lead, DisputeFolder.ANSWERED)[0] == [second, first]
    assert listed(session, lead, DisputeFolder.OPEN)[0] == []
