"""What comes next on a case, from when, and why: each rule at its edges."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.domain.contact_history import Contacted
from portal.domain.strategy import CaseFacts, Chosen, PlanFacts, PromiseFacts, next_step
from portal.services import policies
from portal.vocabulary import (
    CaseState,
    Channel,
    ContactKind,
    ContactOutcome,
    HoldReason,
    NextStep,
    PromiseState,
    StepReason,
)

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 3)  # a Tuesday
NOW = datetime(2026, 3, 3, 10, tzinfo=ZONE)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERYWHERE = frozenset(ContactKind)
LATE = CaseFacts(state=CaseState.CONTACTING, dpd=5, overdue_amount=500_000, reachable=EVERYWHERE)


def pack(code="spdb-puhui"):
    return policies.in_force(code, TODAY)


def step(facts=LATE, *, now=NOW, code="spdb-puhui", **changed):
    return next_step(replace(facts, **changed), pack(code), now)


def called(days_ago=0.0, outcome=ContactOutcome.NO_ANSWER, *, back=None, inbound=False):
    return Contacted(Channel.PHONE, inbound, NOW - days_ago * DAY, outcome, back)


def sent(days_ago=0.0, channel=Channel.SMS):
    return Contacted(channel, False, NOW - days_ago * DAY, ContactOutcome.SENT)


def answer(found):
    return found.step, found.reason


def midnight(day):
    return datetime.combine(day, time(), tzinfo=ZONE)


def at(day, hour, minute=0):
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE)


def test_a_new_overdue_is_called_at_once_in_the_hours_of_the_pack():
    found = step()

    assert answer(found) == (NextStep.CALL, StepReason.FIRST_CONTACT)
    assert found.earliest_at == NOW
    assert found.is_act


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (at(TODAY, 7, 59), at(TODAY, 8)),
        (at(TODAY, 8), at(TODAY, 8)),
        (at(TODAY, 21, 59), at(TODAY, 21, 59)),
        (at(TODAY, 22), at(TODAY + DAY, 8)),
    ],
)
def test_the_earliest_time_is_in_the_hours_of_the_pack(now, first):
    assert step(now=now).earliest_at == first


def test_the_hours_are_those_of_the_borrowers_zone():
    found = step(zone="Asia/Tokyo", now=at(TODAY, 6, 30))

    assert found.earliest_at == at(TODAY, 7)  # eight in Tokyo


def test_on_a_saturday_the_first_call_is_due_on_monday_and_stays_the_same_act():
    saturday = date(2026, 3, 7)
    found = step(now=at(saturday, 10))

    assert answer(found) == (NextStep.CALL, StepReason.FIRST_CONTACT)
    assert found.earliest_at == at(saturday + 2 * DAY, 8)
    assert found.recheck_on == saturday + 2 * DAY


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"dpd": 0}, StepReason.NOT_OVERDUE),
        ({"state": CaseState.CURED}, StepReason.NOT_OVERDUE),
        ({"state": CaseState.SETTLED}, StepReason.NOT_OVERDUE),
        ({"state": CaseState.LEGAL}, StepReason.LEGAL),
        ({"reachable": frozenset()}, StepReason.NO_CHANNEL),
        *(
            ({"holds": frozenset({each})}, StepReason.ON_HOLD)
            for each in HoldReason
            if each.value in pack().contact.blocked_during
        ),
    ],
)
def test_nothing_is_done_where_nothing_may_be(facts, reason):
    assert answer(step(**facts)) == (NextStep.NONE, reason)


@pytest.mark.parametrize("held", [HoldReason.COMPLAINT, HoldReason.DISPUTE, HoldReason.CRISIS])
def test_no_pack_can_take_these_holds_away(held):
    bold = replace(pack(), contact=replace(pack().contact, blocked_during=()))

    found = next_step(replace(LATE, holds=frozenset({held})), bold, NOW)
    assert found.reason is StepReason.ON_HOLD
    assert found.facts == {"holds": [held]}


def test_hardship_alone_lets_the_callback_through_that_was_asked_for():
    talked = called(1, ContactOutcome.REACHED, back=NOW + 2 * HOUR)
    hardship = frozenset({HoldReason.HARDSHIP})

    assert answer(step(contacts=(talked,), holds=hardship)) == (NextStep.CALL, StepReason.CALLBACK_AGREED)
    both = hardship | {HoldReason.COMPLAINT}
    assert step(contacts=(talked,), holds=both).reason is StepReason.ON_HOLD


@pytest.mark.parametrize(("dpd", "cards", "early"), [(1, False, False), (3, True, True), (4, True, False)])
def test_a_card_is_left_alone_for_some_days(dpd, cards, early):
    found = step(dpd=dpd, cards_only=cards)

    assert (found.reason is StepReason.TOO_EARLY) is early
    if early:
        assert (found.step, found.recheck_on) == (NextStep.WAIT, TODAY + DAY)


@pytest.mark.parametrize(("amount", "early"), [(1000, True), (1001, False)])
def test_a_little_that_is_missing_on_a_card_is_not_called_about(amount, early):
    assert (step(cards_only=True, overdue_amount=amount).reason is StepReason.TOO_EARLY) is early
    assert step(overdue_amount=amount).reason is StepReason.FIRST_CONTACT


def test_who_did_not_answer_is_called_again_after_two_hours():
    found = step(contacts=(called(1 / 24),))

    assert answer(found) == (NextStep.CALL, StepReason.NO_ANSWER_YET)
    assert found.earliest_at == NOW + HOUR
    assert found.facts == {"calls": 1}


@pytest.mark.parametrize("outcome", [ContactOutcome.NO_ANSWER, ContactOutcome.BUSY])
def test_two_calls_in_vain_on_a_day_are_followed_by_a_message(outcome):
    found = step(contacts=(called(0.2, outcome), called(0.01, outcome)))

    assert answer(found) == (NextStep.SMS, StepReason.PHONE_FAILED)
    assert found.facts == {"calls": 2}
    assert found.earliest_at == NOW


def test_calls_in_vain_on_two_days_are_followed_by_a_message():
    found = step(contacts=(called(2), called(1)))

    assert answer(found) == (NextStep.SMS, StepReason.PHONE_FAILED)


def test_one_call_in_vain_yesterday_is_followed_by_another():
    assert answer(step(contacts=(called(1),))) == (NextStep.CALL, StepReason.NO_ANSWER_YET)


def test_a_message_follows_a_row_of_calls_once():
    found = step(contacts=(called(0.2), called(0.1), sent(0.05)))

    assert (found.step, found.reason) == (NextStep.WAIT, StepReason.NO_ANSWER_YET)
    assert found.earliest_at == at(TODAY + 3 * DAY, 8)  # every three days in this bucket


def test_who_wants_no_sms_is_written_an_email():
    calls = (called(0.2), called(0.1))

    assert step(contacts=calls, opted_out=frozenset({Channel.SMS})).step is NextStep.EMAIL
    neither = frozenset({Channel.SMS, Channel.EMAIL})
    assert step(contacts=calls, opted_out=neither).step not in (NextStep.SMS, NextStep.EMAIL)


def test_who_wants_no_calls_is_written_to():
    found = step(opted_out=frozenset({Channel.PHONE}), code="pingan-bank")

    assert answer(found) == (NextStep.SMS, StepReason.FIRST_CONTACT)


def test_where_the_phone_comes_first_no_sms_is_sent_before_it_failed():
    assert step(opted_out=frozenset({Channel.PHONE})).step is NextStep.EMAIL
    assert step().step is NextStep.CALL


def test_a_wrong_number_is_neither_called_nor_written_to():
    wrong = (called(1, ContactOutcome.WRONG_NUMBER),)

    assert step(contacts=wrong).step not in (NextStep.CALL, NextStep.SMS)
    only_a_number = frozenset({ContactKind.PHONE})
    assert step(contacts=wrong, reachable=only_a_number).reason is StepReason.NO_CHANNEL


@pytest.mark.parametrize(("dpd", "days"), [(5, 3), (30, 3), (31, 3), (61, 4), (91, 7)])
def test_the_turn_comes_again_as_often_as_the_bucket_says(dpd, days):
    talked = called(0, ContactOutcome.REACHED)
    found = step(dpd=dpd, contacts=(talked,))

    assert found.step is NextStep.WAIT
    assert found.earliest_at == _next_workday(TODAY + days * DAY)


def _next_workday(day):
    while day.weekday() > 4:
        day += DAY
    return at(day, 8)


def test_after_a_conversation_nobody_is_called_before_the_cool_off_is_over():
    found = step(
        contacts=(called(0.5, ContactOutcome.REACHED),),
        promise=PromiseFacts(PromiseState.BROKEN, TODAY - DAY, 100, TODAY),
    )

    assert found.step is NextStep.WAIT
    assert found.reason is StepReason.COOLING_OFF
    assert found.earliest_at >= NOW + timedelta(hours=12)


def test_no_more_calls_a_day_than_the_pack_allows():
    found = step(contacts=(called(0.3), called(0.2), sent(0.1)), code="pingan-bank")
    assert found.earliest_at.date() > TODAY

    week = [called(each + 0.01) for each in (6, 5, 4, 3, 2, 1)]
    talked = called(0.9, ContactOutcome.REACHED, inbound=True)
    again = step(contacts=(*week, talked), promise=PromiseFacts(PromiseState.BROKEN, TODAY, 1, TODAY))
    assert again.reason in (StepReason.ATTEMPTS_USED, StepReason.COOLING_OFF)
    assert again.step is NextStep.WAIT


def test_an_agreed_callback_comes_first_and_at_its_time():
    talked = called(0.1, ContactOutcome.REACHED, back=NOW + 3 * HOUR)
    found = step(contacts=(talked,), promise=PromiseFacts(PromiseState.ACTIVE, TODAY + 3 * DAY, 100))

    assert answer(found) == (NextStep.CALL, StepReason.CALLBACK_AGREED)
    assert (found.earliest_at, found.rank) == (NOW + 3 * HOUR, 0)


def test_a_callback_that_was_tried_at_its_time_is_done():
    asked = called(1, ContactOutcome.REACHED, back=NOW - HOUR)

    assert step(contacts=(asked,)).reason is StepReason.CALLBACK_AGREED
    early, late = called(0.1), called(0.01)
    assert step(contacts=(asked, early)).reason is StepReason.CALLBACK_AGREED
    assert step(contacts=(asked, late)).reason is not StepReason.CALLBACK_AGREED


@pytest.mark.parametrize("state", [PromiseState.ACTIVE, PromiseState.VERIFYING])
def test_a_promise_is_waited_for_until_the_day_after(state):
    due = TODAY + 2 * DAY
    found = step(promise=PromiseFacts(state, due, 30_000), contacts=(called(1),))

    assert answer(found) == (NextStep.WAIT, StepReason.PROMISE_RUNNING)
    assert found.earliest_at == midnight(due + DAY)
    assert found.facts == {"due_on": due.isoformat(), "amount": 30_000}
    assert found.recheck_on == due + DAY


def test_what_was_promised_for_yesterday_is_looked_at_again_tomorrow():
    found = step(promise=PromiseFacts(PromiseState.VERIFYING, TODAY - 2 * DAY, 1))
    assert found.recheck_on == TODAY + DAY


def test_a_broken_promise_is_called_about_at_once_and_comes_before_others():
    broken = PromiseFacts(PromiseState.BROKEN, TODAY - DAY, 100, TODAY)
    found = step(promise=broken, contacts=(called(2, ContactOutcome.REACHED),))

    assert answer(found) == (NextStep.CALL, StepReason.PROMISE_BROKEN)
    assert found.earliest_at == NOW
    assert found.rank < step().rank


def test_once_somebody_talked_about_it_a_broken_promise_is_no_reason_any_more():
    broken = PromiseFacts(PromiseState.BROKEN, TODAY - 2 * DAY, 100, TODAY - DAY)
    talked = called(0.9, ContactOutcome.REACHED)

    assert step(promise=broken, contacts=(talked,)).reason is not StepReason.PROMISE_BROKEN


@pytest.mark.parametrize("state", [PromiseState.KEPT, PromiseState.WITHDRAWN])
def test_another_end_of_a_promise_leads_back_to_the_usual(state):
    ended = PromiseFacts(state, TODAY - DAY, 100, TODAY)
    found = step(promise=ended, contacts=(called(2, ContactOutcome.REACHED),))
    assert answer(found) == (NextStep.WAIT, StepReason.REGULAR)


def test_a_plan_that_is_kept_is_left_alone_until_something_is_due():
    due = TODAY + 9 * DAY
    found = step(plan=PlanFacts(0, None, due))

    assert answer(found) == (NextStep.WAIT, StepReason.AGREEMENT_KEPT)
    assert found.earliest_at == midnight(due + DAY)


def test_an_instalment_of_a_plan_that_is_missed_is_called_about_whatever_the_contract_says():
    found = step(
        dpd=0, plan=PlanFacts(1, TODAY - DAY, TODAY + 20 * DAY), contacts=(called(5, ContactOutcome.REACHED),)
    )

    assert answer(found) == (NextStep.CALL, StepReason.INSTALMENT_MISSED)
    assert found.earliest_at == NOW
    assert found.recheck_on == TODAY + DAY


@pytest.mark.parametrize("state", [CaseState.REGISTERED, CaseState.DOCUMENTS, CaseState.BOOKED])
@pytest.mark.parametrize(("since", "waits"), [(2, True), (3, False)])
def test_who_is_on_the_way_to_a_plan_is_left_alone_for_a_while(state, since, waits):
    found = step(state=state, journey_since=TODAY - since * DAY)
    assert (found.reason is StepReason.WITH_THE_BORROWER) is waits


def test_nobody_is_called_before_the_day_of_a_visit_is_over():
    visited = step(state=CaseState.BOOKED, journey_since=TODAY - 9 * DAY, visit_on=TODAY)

    assert visited.reason is StepReason.WITH_THE_BORROWER
    assert visited.recheck_on == TODAY + DAY
    assert step(state=CaseState.BOOKED, journey_since=TODAY - 9 * DAY, visit_on=TODAY - DAY).is_act


TRIED = (called(4), called(3), sent(2))


def test_a_visit_is_proposed_when_phone_and_message_failed_and_the_debt_is_old_enough():
    assert answer(step(dpd=61, contacts=TRIED)) == (NextStep.VISIT_PROPOSAL, StepReason.PHONE_AND_SMS_FAILED)
    assert step(dpd=60, contacts=TRIED).step is not NextStep.VISIT_PROPOSAL
    assert step(dpd=60, contacts=TRIED).recheck_on == TODAY + DAY


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "pingan-bank"},
        {"contacts": (called(4), called(3))},
        {"contacts": (called(4), called(3), sent(0.1))},
        {"contacts": (*TRIED, called(1, ContactOutcome.REACHED))},
        {"represented": True},
        {"visit_on": TODAY - 29 * DAY},
        {"plan": PlanFacts(61, TODAY - 61 * DAY)},
    ],
)
def test_a_visit_is_not_proposed_where_anything_speaks_against_it(changed):
    facts = {"dpd": 61, "contacts": TRIED, **changed}
    assert step(**facts).step is not NextStep.VISIT_PROPOSAL


def test_a_visit_may_be_proposed_again_after_thirty_days():
    assert step(dpd=61, contacts=TRIED, visit_on=TODAY - 30 * DAY).step is NextStep.VISIT_PROPOSAL


def test_a_person_sets_the_step_for_a_while_and_holds_still_come_first():
    chosen = Chosen(NextStep.EMAIL, TODAY)
    found = step(chosen=chosen)

    assert answer(found) == (NextStep.EMAIL, StepReason.SET_BY_PERSON)
    assert found.recheck_on == TODAY + DAY
    assert step(chosen=replace(chosen, until=TODAY - DAY)).reason is StepReason.FIRST_CONTACT
    assert step(chosen=chosen, holds=frozenset({HoldReason.COMPLAINT})).reason is StepReason.ON_HOLD


def test_to_wait_may_be_chosen_too():
    found = step(chosen=Chosen(NextStep.WAIT, TODAY + 3 * DAY))

    assert answer(found) == (NextStep.WAIT, StepReason.SET_BY_PERSON)
    assert found.earliest_at == midnight(TODAY + 4 * DAY)


def test_a_case_is_looked_at_on_the_day_its_delay_enters_the_next_bucket():
    talked = (called(0, ContactOutcome.REACHED),)

    assert step(dpd=30, contacts=talked, code="pingan-bank").recheck_on == TODAY + DAY
    assert step(dpd=29, contacts=talked, code="pingan-bank").recheck_on == TODAY + 2 * DAY


def test_the_list_is_ordered_by_what_cannot_wait_and_then_by_the_higher_bucket():
    talked = (called(4, ContactOutcome.REACHED),)
    broken = PromiseFacts(PromiseState.BROKEN, TODAY - DAY, 100, TODAY)
    callback = (called(1, ContactOutcome.REACHED, back=NOW),)
    places = [
        step(contacts=callback).rank,
        step(contacts=talked, promise=broken).rank,
        step().rank,
        step(dpd=0, plan=PlanFacts(1, TODAY - DAY), contacts=talked).rank,
        step(dpd=95, contacts=(called(8, ContactOutcome.REACHED),)).rank,
        step(dpd=65, contacts=talked).rank,
        step(dpd=35, contacts=talked).rank,
        step(dpd=5, contacts=talked).rank,
    ]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    "wish",
    [{"hours": (time(18), time(20))}, {"weekdays": frozenset({2})}, {"exam_day": TODAY}],
)
def test_hours_days_and_an_exam_day_of_the_borrower_move_the_earliest_time(wish):
    expected = {"hours": at(TODAY, 18), "weekdays": at(TODAY + DAY, 8), "exam_day": at(TODAY + DAY, 8)}

    found = step(**wish)
    assert found.earliest_at == expected[next(iter(wish))]
    assert found.recheck_on == TODAY + DAY
