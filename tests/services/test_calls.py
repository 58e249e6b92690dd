"""Calls: no dialling without the gate, no word of a debt before it is known who is on the line, and
everything that came of it in one act."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.domain.contact_decision import RuleId
from portal.domain.refusals import Refused
from portal.models import Complaint, Consent, Contact, ContactPoint, Decision, Dispute, Hold, Promise
from portal.services import audit, call_files, call_numbers, calls, cases, crisis, gate, policies, strategies
from portal.services.call_acts import Heard, Promised
from portal.vocabulary import (
    ArrearsReason,
    Attitude,
    CallResult,
    CaseState,
    Channel,
    ComplaintTopic,
    ContactKind,
    ContactOutcome,
    DisputeKind,
    HoldReason,
    NextStep,
    Role,
    ServiceReason,
    StepReason,
)
from tests import factories
from tests.factories import NOW, TODAY, actor_of

ZONE = ZoneInfo("Asia/Shanghai")
TOMORROW = datetime(2026, 3, 3, 14, 30, tzinfo=ZONE)
SILENT = Heard(outcome=ContactOutcome.NO_ANSWER)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def caller(session, lender):
    return actor_of(factories.staff(session, lender, Role.CALLER))


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def begin(session, case, caller, now=NOW, **more):
    return calls.begin(session, case=case, actor=caller, now=now, **more)


def confirm(session, case, caller, decision, said="1234", now=NOW):
    return calls.confirm_party(session, case=case, decision=decision, last_four=said, actor=caller, now=now)


def record(session, case, caller, decision, heard, now=NOW):
    return calls.record(session, case=case, decision=decision, heard=heard, actor=caller, now=now)


def reached(session, case, caller, now=NOW, **said):
    """A conversation: begun, the borrower confirmed, written down."""
    decision = begin(session, case, caller, now).decision
    assert confirm(session, case, caller, decision, now=now)
    told = {"result": CallResult.INFORMED, "attitude": Attitude.COOPERATIVE} | said
    return record(session, case, caller, decision, Heard(outcome=ContactOutcome.REACHED, **told), now)


def another_number(session, case):
    second = ContactPoint(
        lender_id=case.lender_id,
        created_at=NOW,
        borrower_id=case.borrower_id,
        kind=ContactKind.PHONE,
        main=False,
        value="+886911222333",
        value_index=b"second",
    )
    session.add(second)
    session.flush()
    return second


def acts(session, case):
    return [event.action for event in audit.timeline(session, case=case)]


def test_a_call_begins_with_a_decision_and_shows_the_number_on_the_record(session, case, caller):
    attempt = begin(session, case, caller)

    assert (
        attempt.number
        == session.scalars(select(ContactPoint).where(ContactPoint.kind == ContactKind.PHONE)).one().value
    )
    assert attempt.decision.allowed
    assert {"contact_allowed", "value_revealed"} <= set(acts(session, case))
    assert strategies.of_case(session, case=case).claimed_by == caller.id


def test_a_refused_call_shows_no_number_and_keeps_the_decision(session, case, caller):
    late = NOW.replace(hour=15)  # 23:00 there

    with pytest.raises(Refused, match="contact_gate"):
        begin(session, case, caller, late)

    decision = session.scalars(select(Decision)).one()
    assert not decision.allowed
    assert "value_revealed" not in acts(session, case)
    assert "gate_hours" in [line.text_key for line in gate.explain(decision) if not line.passed]


def test_a_call_that_was_begun_goes_on_and_is_one_attempt(session, case, caller):
    first = begin(session, case, caller)

    assert begin(session, case, caller).decision is first.decision
    assert len(session.scalars(select(Decision)).all()) == 1


def test_two_people_do_not_call_one_borrower(session, lender, case, caller):
    begin(session, case, caller)
    other = actor_of(factories.staff(session, lender, Role.CALLER))

    with pytest.raises(Refused, match="call_claimed"):
        begin(session, case, other)


def test_nobody_calls_the_next_one_before_the_last_is_written_down(session, lender, case, caller):
    begin(session, case, caller)
    other = factories.late_borrower(session, lender)

    with pytest.raises(Refused, match="call_unwritten") as refusal:
        begin(session, other, caller)
    assert refusal.value.facts["case"] == case.ref


def test_what_somebody_left_unwritten_counts_as_an_attempt(session, lender, case, caller):
    left = begin(session, case, caller).decision
    other = actor_of(factories.staff(session, lender, Role.CALLER))
    later = NOW + timedelta(hours=1)

    begin(session, case, other, later)

    contact = session.scalars(select(Contact)).one()
    assert (contact.decision_id, contact.outcome) == (left.id, ContactOutcome.NO_ANSWER)
    assert (contact.staff_id, contact.at) == (caller.id, NOW)


@pytest.mark.parametrize("said", ["1234", " 1 2 3 4 "])
def test_the_last_four_of_the_id_number_confirm_who_it_is(session, case, caller, said):
    decision = begin(session, case, caller).decision
    assert not calls.is_confirmed(session, case=case, decision=decision, now=NOW)

    assert confirm(session, case, caller, decision, said)

    assert calls.is_confirmed(session, case=case, decision=decision, now=NOW)


@pytest.mark.parametrize("said", ["4321", "", "A900001234", "234"])
def test_anything_else_confirms_nobody(session, case, caller, said):
    decision = begin(session, case, caller).decision

    assert not confirm(session, case, caller, decision, said)

    assert not calls.is_confirmed(session, case=case, decision=decision, now=NOW)
    assert "right_party_differed" in acts(session, case)


def test_without_an_id_number_a_contract_number_confirms(session, case, caller):
    case.borrower.id_no = None
    session.flush()
    decision = begin(session, case, caller).decision

    assert not confirm(session, case, caller, decision, "1234")
    assert confirm(session, case, caller, decision, cases.loans_of(session, case)[0].contract_no[-4:])


def test_nobody_guesses_six_times_a_day(session, case, caller):
    decision = begin(session, case, caller).decision
    for _ in range(5):
        confirm(session, case, caller, decision, "0000")

    with pytest.raises(Refused, match="too_many_tries"):
        confirm(session, case, caller, decision, "0000")


def test_the_debt_is_shown_only_once_the_borrower_is_confirmed(session, lender, case, caller):
    def opened():
        policy = policies.of(lender, NOW)
        return call_files.open_file(session, case=case, policy=policy, actor=caller, now=NOW)

    before = opened()
    decision = begin(session, case, caller).decision
    begun = opened()
    confirm(session, case, caller, decision)

    assert (before.borrower, before.debt) == ("Test **", None)
    assert before.number.startswith("••••")
    assert (begun.borrower, begun.debt) == ("Test Borrower", None)
    assert opened().debt.overdue.total > 0


def test_the_confirmation_holds_for_one_call(session, case, caller):
    reached(session, case, caller)
    again = begin(session, case, caller, NOW + timedelta(days=2)).decision

    assert not calls.is_confirmed(session, case=case, decision=again, now=NOW + timedelta(days=2))


def test_a_call_is_written_down_with_time_method_words_and_attitude(session, case, caller):
    contact = reached(
        session,
        case,
        caller,
        reason=ArrearsReason.ILLNESS,
        attitude=Attitude.WORRIED,
        words=" I was in hospital. ",
    )

    assert (contact.channel, contact.inbound, contact.at) == (Channel.PHONE, False, NOW)
    assert (contact.outcome, contact.result) == (ContactOutcome.REACHED, CallResult.INFORMED)
    assert (contact.reason, contact.attitude) == (ArrearsReason.ILLNESS, Attitude.WORRIED)
    assert contact.feedback == "I was in hospital."
    assert contact.staff_id == caller.id
    event = next(each for each in audit.timeline(session, case=case) if each.action == "call_recorded")
    assert event.facts["attitude"] == "worried"
    assert "hospital" not in str(event.facts)


def test_a_first_call_moves_the_case_on_and_gives_it_back_to_the_list(session, case, caller):
    record(session, case, caller, begin(session, case, caller).decision, SILENT)

    assert case.state is CaseState.CONTACTING
    strategy = strategies.of_case(session, case=case)
    assert strategy.claimed_by is None
    assert (strategy.step, strategy.reason) == (NextStep.CALL, StepReason.NO_ANSWER_YET)


def test_nobody_is_reached_who_was_not_confirmed(session, case, caller):
    decision = begin(session, case, caller).decision
    heard = Heard(outcome=ContactOutcome.REACHED, result=CallResult.INFORMED, attitude=Attitude.COOPERATIVE)

    with pytest.raises(Refused, match="call_party_first"):
        record(session, case, caller, decision, heard)
    assert session.scalars(select(Contact)).all() == []


def test_a_call_is_written_down_once_and_by_who_made_it(session, lender, case, caller):
    decision = begin(session, case, caller).decision
    other = actor_of(factories.staff(session, lender, Role.CALLER))

    with pytest.raises(Refused, match="call_not_begun"):
        record(session, case, other, decision, SILENT)
    record(session, case, caller, decision, SILENT)
    with pytest.raises(Refused, match="call_not_begun"):
        record(session, case, caller, decision, SILENT)


def test_a_wrong_number_is_not_called_again_but_another_one_is(session, case, caller):
    wrong = call_numbers.number_to_call(session, case=case)
    second = another_number(session, case)

    decision = begin(session, case, caller).decision
    contact = record(session, case, caller, decision, Heard(outcome=ContactOutcome.WRONG_NUMBER))

    assert contact.contact_point_id == wrong.id
    assert call_numbers.number_to_call(session, case=case) == second


def test_with_the_only_number_wrong_there_is_nobody_to_call(session, case, caller):
    decision = begin(session, case, caller).decision
    record(session, case, caller, decision, Heard(outcome=ContactOutcome.WRONG_PERSON))

    with pytest.raises(Refused, match="nothing_on_file"):
        begin(session, case, caller, NOW + timedelta(days=1))


def test_what_was_said_by_somebody_else_is_no_conversation(session, case, caller):
    decision = begin(session, case, caller).decision
    heard = Heard(
        outcome=ContactOutcome.THIRD_PARTY,
        result=CallResult.PROMISE,
        promised=Promised(amount=1, due_on=TODAY),
        attitude=Attitude.UPSET,
        asked_to_stop=True,
    )

    contact = record(session, case, caller, decision, heard)

    assert (contact.result, contact.attitude) == (CallResult.REFUSES, None)
    assert session.scalars(select(Promise)).all() == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"result": None}, "call_result_missing"),
        ({"attitude": None}, "call_result_missing"),
        ({"result": CallResult.PROMISE}, "call_promise_missing"),
        ({"result": CallResult.DISPUTE, "words": "Paid"}, "call_dispute_missing"),
        ({"result": CallResult.DISPUTE, "dispute": DisputeKind.PAID}, "call_dispute_missing"),
        ({"result": CallResult.HARDSHIP}, "call_back_missing"),
        ({"reason": ArrearsReason.MISLED}, "call_words_missing"),
        ({"call_back_at": NOW}, "call_back_date"),
        ({"call_back_at": NOW + timedelta(days=30, seconds=1)}, "call_back_date"),
        ({"call_back_at": TOMORROW.replace(hour=22, minute=0)}, "call_back_hours"),
        ({"call_back_at": TOMORROW.replace(hour=7, minute=59)}, "call_back_hours"),
    ],
)
def test_what_belongs_to_an_outcome_is_asked_for(session, case, caller, said, code):
    with pytest.raises(Refused, match=code):
        reached(session, case, caller, **said)
    assert session.scalars(select(Contact)).all() == []


def test_a_promise_belongs_to_the_call_it_was_made_in(session, case, caller):
    contact = reached(
        session,
        case,
        caller,
        result=CallResult.PROMISE,
        promised=Promised(amount=70_000, due_on=TODAY + timedelta(days=5)),
    )

    promise = session.scalars(select(Promise)).one()
    assert (promise.contact_id, promise.amount) == (contact.id, 70_000)


def test_a_promise_that_is_refused_leaves_nothing_half_done(session, case, caller):
    factories.budget(session, case)

    with pytest.raises(Refused, match="promise_above_affordable"):
        reached(
            session,
            case,
            caller,
            result=CallResult.PROMISE,
            promised=Promised(amount=110_001, due_on=TODAY),
        )

    assert session.scalars(select(Contact)).all() == []
    assert calls.under_way(session, case=case, actor=caller, now=NOW) is not None


def test_a_dispute_on_the_phone_is_opened_with_the_borrowers_words(session, case, caller):
    reached(
        session, case, caller, result=CallResult.DISPUTE, dispute=DisputeKind.PAID, words="I paid in May."
    )

    dispute = session.scalars(select(Dispute)).one()
    assert (dispute.kind, dispute.words) == (DisputeKind.PAID, "I paid in May.")
    assert HoldReason.DISPUTE in {hold.reason for hold in cases.holds_of(session, case)}


def test_hardship_holds_collection_and_the_callback_is_kept(session, case, caller):
    contact = reached(session, case, caller, result=CallResult.HARDSHIP, call_back_at=TOMORROW)

    assert contact.call_back_at == TOMORROW
    assert [hold.reason for hold in cases.holds_of(session, case)] == [HoldReason.HARDSHIP]


def test_a_second_talk_about_hardship_places_no_second_hold(session, case, caller):
    cases.hold(session, case=case, reason=HoldReason.HARDSHIP, subject=None, actor=caller, now=NOW)
    decision = begin(session, case, caller, inbound=True).decision
    confirm(session, case, caller, decision)
    record(
        session,
        case,
        caller,
        decision,
        Heard(
            outcome=ContactOutcome.REACHED,
            result=CallResult.HARDSHIP,
            attitude=Attitude.WORRIED,
            call_back_at=TOMORROW,
        ),
    )

    assert len(session.scalars(select(Hold)).all()) == 1


def test_the_borrower_may_call_at_any_hour_and_whatever_is_on_hold(session, case, caller):
    cases.hold(session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=caller, now=NOW)
    night = NOW.replace(hour=16)  # midnight there

    attempt = begin(session, case, caller, night, inbound=True)
    contact = record(
        session, case, caller, attempt.decision, Heard(outcome=ContactOutcome.THIRD_PARTY), night
    )

    assert (attempt.number, contact.inbound, contact.contact_point_id) == ("", True, None)


def test_a_complaint_about_the_sale_is_filed_as_it_was_read_out_and_holds_contact(session, case, caller):
    said = "They said it was free."
    reached(session, case, caller, reason=ArrearsReason.MISLED, words="Free, he says", complaint=f" {said} ")

    complaint = session.scalars(select(Complaint)).one()
    assert (complaint.topic, complaint.channel) == (ComplaintTopic.SALE, Channel.PHONE)
    assert complaint.text == "They said it was free."
    assert HoldReason.COMPLAINT in {hold.reason for hold in cases.holds_of(session, case)}


@pytest.mark.parametrize(
    "said", [{"reason": ArrearsReason.MISLED}, {"reason": ArrearsReason.ILLNESS, "complaint": "Left over"}]
)
def test_nothing_is_filed_that_the_borrower_did_not_want(session, case, caller, said):
    reached(session, case, caller, words="They said it was free.", **said)

    assert session.scalars(select(Complaint)).all() == []


def test_where_somebody_else_asked_for_no_more_calls_the_gate_forbids_that_number(session, case, caller):
    point = call_numbers.number_to_call(session, case=case)
    decision = begin(session, case, caller).decision
    stop = Heard(outcome=ContactOutcome.THIRD_PARTY, asked_to_stop=True)
    record(session, case, caller, decision, stop)
    later = NOW + timedelta(days=2)

    [judged] = calls.judge(session, case=case, actor=caller, now=later)
    assert [each.id for each in judged.judgement.failed] == [RuleId.RIGHT_PARTY]
    with pytest.raises(Refused, match="contact_gate"):
        begin(session, case, caller, later, number=point)
    with pytest.raises(Refused, match="nothing_on_file"):
        begin(session, case, caller, later)


def test_somebody_else_who_did_not_ask_for_that_closes_no_number(session, case, caller):
    decision = begin(session, case, caller).decision
    record(session, case, caller, decision, Heard(outcome=ContactOutcome.THIRD_PARTY))

    [judged] = calls.judge(session, case=case, actor=caller, now=NOW + timedelta(days=2))
    assert judged.judgement.allowed


def test_the_caller_chooses_among_the_numbers_and_that_one_is_written_down(session, case, caller):
    second = another_number(session, case)

    attempt = begin(session, case, caller, number=second)
    contact = record(session, case, caller, attempt.decision, SILENT)

    assert attempt.number == "+886911222333"
    assert contact.contact_point_id == second.id


def test_consent_on_the_phone_registers_for_the_visit_service(session, case, caller):
    reached(session, case, caller, consent=ServiceReason.CANNOT_COME)

    consent = session.scalars(select(Consent)).one()
    assert (consent.channel, consent.actor) == (Channel.PHONE, str(caller))
    assert case.state is CaseState.REGISTERED


def test_after_two_calls_without_an_answer_a_message_is_next(session, lender, caller):
    case = factories.late_borrower(session, lender)
    for hours in (0, 3):
        moment = NOW + timedelta(hours=hours)
        record(session, case, caller, begin(session, case, caller, moment).decision, SILENT, moment)

    strategy = strategies.of_case(session, case=case)
    assert (strategy.step, strategy.reason) == (NextStep.SMS, StepReason.PHONE_FAILED)


def test_a_call_at_the_agreed_hour_is_no_collection(session, case, caller):
    reached(session, case, caller, call_back_at=NOW + timedelta(hours=3))

    with pytest.raises(Refused, match="contact_gate"):
        begin(session, case, caller, NOW + timedelta(hours=2))
    assert begin(session, case, caller, NOW + timedelta(hours=3)).decision.allowed


def test_the_callback_of_hardship_comes_although_collection_is_held(session, case, caller):
    reached(session, case, caller, result=CallResult.HARDSHIP, call_back_at=TOMORROW)

    strategy = strategies.of_case(session, case=case)
    assert (strategy.reason, strategy.earliest_at) == (StepReason.CALLBACK_AGREED, TOMORROW)
    with pytest.raises(Refused, match="contact_gate"):
        begin(session, case, caller, TOMORROW - timedelta(minutes=1))
    assert begin(session, case, caller, TOMORROW).decision.allowed


def test_no_callback_goes_through_a_crisis(session, case, caller):
    reached(session, case, caller, result=CallResult.HARDSHIP, call_back_at=TOMORROW)
    crisis.raise_alarm(session, case=case, actor=caller, now=NOW)

    with pytest.raises(Refused, match="contact_gate"):
        begin(session, case, caller, TOMORROW)
