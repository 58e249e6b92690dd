"""When the gate opens: the first moment and none before it, and facts that come back as they were kept."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import policy
from portal.domain.contact_facts import Facts, PreferredHours, as_json, from_json
from portal.domain.contact_log import Event, Log
from portal.domain.contact_rules import decide
from portal.domain.contact_when import earliest
from portal.infra import policy_files
from portal.vocabulary import Action, ActionClass, Channel, HoldReason, Initiator

HOUSE = policy.build(policy_files.read("default"))
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
OVERDUE = Facts(borrower_zone="Asia/Shanghai", overdue_confirmed=True, dpd=40, overdue_amount=500000)


def pack(**changes):
    return replace(HOUSE, contact=replace(HOUSE.contact, **changes))


def called(at, outcome="no_answer", **more):
    return Event(at=at, channel=Channel.PHONE, outcome=outcome, **more)


def when(*events, action=Action.CALL, rules=HOUSE, now=NOON, **changes):
    facts = replace(OVERDUE, **changes)
    found = earliest(action, facts, Log(tuple(events), facts.borrower_zone), rules, now)
    return found.astimezone(ZoneInfo(facts.borrower_zone)).strftime("%m-%d %H:%M") if found else None


def test_what_is_allowed_now_opens_now():
    assert when() == "03-02 12:00"


@pytest.mark.parametrize(
    ("now", "opens"),
    [(NOON.replace(hour=14), "03-03 08:00"), (NOON.replace(day=1, hour=23, minute=59), "03-02 08:00")],
)
def test_at_night_the_gate_opens_in_the_morning(now, opens):
    assert when(now=now) == opens


def test_after_the_attempts_of_a_day_comes_the_next_day_and_of_a_week_the_day_that_drops_the_oldest():
    assert when(*[called(NOON - timedelta(hours=each)) for each in (2, 1)]) == "03-03 08:00"
    week = [called(NOON - timedelta(days=each)) for each in (5, 5, 4, 3, 2, 1)]
    assert when(*week) == "03-04 08:00"


def test_a_conversation_brings_its_quiet_to_the_minute_and_not_before_the_morning():
    spoke = called(NOON - timedelta(hours=1), "reached")
    assert when(spoke) == "03-03 11:00"
    assert when(called(NOON - timedelta(hours=1), "reached"), rules=pack(per_week=1)) == "03-09 08:00"
    assert when(spoke, rules=pack(cooldown_after_conversation_hours=12)) == "03-03 08:00"
    assert when(spoke, rules=pack(per_month=1)) == "04-01 08:00"


def test_two_keys_alone_make_seven_calls_in_seven_days_and_a_week_of_quiet():
    american = pack(
        phone_attempts_per_day=6,
        phone_attempts_per_week=7,
        cooldown_after_conversation_hours=168,
        per_week=7,
        unanswered_per_number_per_day=6,
    )
    tried = [called(NOON - timedelta(days=each)) for each in range(6, -1, -1)]
    assert when(*tried[1:], rules=american) == "03-02 12:00"
    assert when(*tried, rules=american) == "03-03 08:00"
    assert when(called(NOON, "reached"), rules=american, now=NOON + timedelta(minutes=1)) == "03-09 12:00"


def test_the_preferred_hours_the_day_of_an_exam_and_a_holiday_are_waited_for():
    evening = PreferredHours(days=frozenset({3}), opens=time(19), closes=time(20))
    assert when(preferred=evening) == "03-05 19:00"
    assert when(exam_day=date(2026, 3, 2)) == "03-03 08:00"
    new_year = datetime(2026, 1, 1, 4, 0, tzinfo=UTC)
    assert when(now=new_year, rules=pack(on_public_holidays=False)) == "01-04 08:00"  # made up for on the 4th


def test_a_breathing_space_and_the_gap_between_collections_end_by_themselves():
    held = {"holds": frozenset({HoldReason.BREATHING_SPACE}), "breathing_space_since": NOON}
    assert when(rules=pack(breathing_space_days=60), **held) == "05-01 12:00"
    assert when(rules=pack(breathing_space_days=0), **held) is None
    before = called(NOON, earlier_cycle=True, of_case=False)
    assert when(before, rules=pack(cycle_gap_days=7), now=NOON + timedelta(hours=1)) == "03-10 08:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"open_complaint": True},
        {"holds": frozenset({HoldReason.HARDSHIP})},
        {"holds": frozenset({HoldReason.CRISIS})},
        {"overdue_confirmed": False},
        {"dpd": 0},
        {"opted_out": frozenset({Channel.PHONE})},
        {"preferred": PreferredHours(days=frozenset(range(7)), opens=time(3), closes=time(4))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_waiting_does_not_change_has_no_moment(changes):
    assert when(**changes) is None


def test_a_service_message_at_night_leaves_in_the_morning_and_one_just_asked_for_at_once():
    night = NOON.replace(hour=15)
    service = {"action": Action.SMS, "now": night, "action_class": ActionClass.SERVICE}
    assert when(**service) == "03-03 08:00"
    assert when(**service, initiator=Initiator.BORROWER, asked_just_now=True) == "03-02 23:00"


@given(
    start=st.datetimes(datetime(2026, 3, 6), datetime(2026, 11, 3)),
    ago=st.lists(st.tuples(st.integers(0, 72 * 60), st.sampled_from(["no_answer", "reached"])), max_size=8),
    hours=st.sampled_from([None, (time(1, 30), time(12)), (time(9), time(9, 30))]),
)
@settings(max_examples=60, deadline=None)
def test_no_minute_before_it_is_allowed_and_it_is_also_where_clocks_change(start, ago, hours):
    zone = "America/New_York"
    now = start.replace(tzinfo=UTC)
    wish = PreferredHours(days=frozenset(range(7)), opens=hours[0], closes=hours[1]) if hours else None
    facts = replace(OVERDUE, borrower_zone=zone, preferred=wish)
    events = sorted((called(now - timedelta(minutes=back), out) for back, out in ago), key=lambda e: e.at)
    log = Log(tuple(events), zone)
    opens = earliest(Action.CALL, facts, log, HOUSE, now)

    assert opens is not None
    assert decide(Action.CALL, log.told(facts, opens), HOUSE, opens).allowed
    before = (now + timedelta(minutes=each) for each in range(0, 8 * 24 * 60, 10))
    for at in before:
        if at >= opens:
            break
        assert not decide(Action.CALL, log.told(facts, at), HOUSE, at).allowed


# Offsets, not places: a time that a changed clock leaves out or repeats equals none of another zone.
offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=offsets)


def told() -> st.SearchStrategy[Facts]:
    """Facts with anything in every field."""
    st.register_type_strategy(datetime, moments)
    return st.builds(Facts, **{each.name: st.from_type(hint) for each, hint in _hints()})


def _hints():
    hints = get_type_hints(Facts)
    return [(each, hints[each.name]) for each in fields(Facts)]


@given(told())
def test_facts_come_back_from_json_exactly_as_they_went(facts):
    assert from_json(json.loads(json.dumps(as_json(facts)))) == facts


def test_a_fact_that_was_not_known_then_has_its_default_and_one_not_known_now_is_refused():
    stored = as_json(OVERDUE)
    del stored["telling"]
    assert from_json(stored) == OVERDUE
    with pytest.raises(ValueError, match="facts are not known: colour"):
        from_json(stored | {"colour": "blue"})
