"""The rules of collection contacts that have a limit, a wish or a day of their own, each at its edges."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from portal.domain import policy
from portal.domain.contact_decision import NEVER_OVERRIDDEN, RuleId
from portal.domain.contact_facts import Facts, PreferredHours
from portal.domain.contact_rules import decide
from portal.infra import policy_files
from portal.vocabulary import Action, ActionClass, Channel, HoldReason, Initiator, PartyRole

HOUSE = policy.build(policy_files.read("default"))
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
NEW_YEAR = datetime(2026, 1, 1, 4, 0, tzinfo=UTC)
OVERDUE = Facts(borrower_zone="Asia/Shanghai", overdue_confirmed=True, dpd=40, overdue_amount=500000)
MESSAGES = [Action.CALL, Action.SMS, Action.EMAIL, Action.LETTER]
CHANNELS = dict(zip(MESSAGES, [Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.LETTER], strict=True))


def pack(**changes):
    return replace(HOUSE, contact=replace(HOUSE.contact, **changes))


def failed(action, rules=HOUSE, now=NOON, **changes):
    return {rule.id for rule in decide(action, replace(OVERDUE, **changes), rules, now).failed}


@pytest.mark.parametrize("action", MESSAGES)
def test_a_channel_the_borrower_closed_carries_no_collection_and_every_service(action):
    for channel in CHANNELS.values():
        expected = {RuleId.CHANNEL_WANTED} if channel is CHANNELS[action] else set()
        assert failed(action, opted_out=frozenset({channel})) == expected
    closed = frozenset(CHANNELS.values())
    assert failed(action, opted_out=closed, action_class=ActionClass.SERVICE) == set()
    assert failed(action, opted_out=closed, initiator=Initiator.BORROWER) == set()


@pytest.mark.parametrize(("minutes", "kept"), [(-1, False), (0, True), (119, True), (120, False)], ids=str)
def test_collection_calls_come_in_the_hours_the_borrower_named_on_its_days(minutes, kept):
    wish = PreferredHours(days=frozenset({0}), opens=time(12), closes=time(14))
    now = NOON + timedelta(minutes=minutes)
    assert failed(Action.CALL, now=now, preferred=wish) == (set() if kept else {RuleId.PREFERRED_HOURS})
    assert failed(Action.SMS, now=now, preferred=wish) == set()
    tomorrow = now + timedelta(days=1)
    assert failed(Action.CALL, now=tomorrow, preferred=wish) == {RuleId.PREFERRED_HOURS}
    assert failed(Action.CALL, now=tomorrow, preferred=wish, initiator=Initiator.BORROWER) == set()


@pytest.mark.parametrize("action", MESSAGES)
def test_a_public_holiday_is_left_alone_where_the_pack_says_so_in_the_borrowers_day(action):
    quiet = pack(on_public_holidays=False)
    assert failed(action, quiet, NEW_YEAR) == {RuleId.PUBLIC_HOLIDAY}
    assert failed(action, pack(on_public_holidays=True), NEW_YEAR) == set()
    assert failed(action, quiet, NEW_YEAR, action_class=ActionClass.SERVICE) == set()
    # 1 January in Auckland is still 31 December in Shanghai, whose calendar it is.
    at_dawn = datetime(2025, 12, 31, 20, 0, tzinfo=UTC)  # 09:00 on 1 January in Auckland
    assert failed(action, quiet, at_dawn, borrower_zone="Pacific/Auckland") == {RuleId.PUBLIC_HOLIDAY}


def test_the_day_of_an_exam_is_left_alone_and_no_other():
    day = date(2026, 3, 2)
    for moved, expected in ((0, {RuleId.NO_HOLD}), (1, set()), (-1, set())):
        assert failed(Action.CALL, exam_day=day + timedelta(days=moved)) == expected
    silent = pack(blocked_during=())
    assert failed(Action.CALL, silent, exam_day=day) == set()


def test_a_breathing_space_ends_after_the_days_of_the_pack_or_when_somebody_ends_it():
    held = {"holds": frozenset({HoldReason.BREATHING_SPACE}), "breathing_space_since": NOON}
    british = pack(breathing_space_days=60)
    last = NOON + timedelta(days=60)
    assert failed(Action.SMS, british, last - timedelta(seconds=1), **held) == {RuleId.BREATHING_SPACE}
    assert failed(Action.SMS, british, last, **held) == set()
    assert failed(Action.SMS, pack(breathing_space_days=0), last, **held) == {RuleId.BREATHING_SPACE}
    unknown = held | {"breathing_space_since": None}
    assert failed(Action.SMS, british, last, **unknown) == {RuleId.BREATHING_SPACE}


def test_whoever_has_an_adviser_is_not_contacted_about_the_debt():
    for action in MESSAGES:
        assert failed(action, represented=True) == {RuleId.NOT_REPRESENTED}
        assert failed(action, represented=True, action_class=ActionClass.SERVICE) == set()


def test_before_an_outside_agency_comes_a_notice_in_writing_where_the_pack_asks_for_it():
    strict = pack(outside_agency_notice=True)
    assert failed(Action.CALL, strict, outside_agency=True) == {RuleId.OUTSIDE_AGENCY_NOTICE}
    assert failed(Action.CALL, strict, outside_agency=True, outside_agency_notice=True) == set()
    assert failed(Action.CALL, strict) == set()
    assert failed(Action.CALL, pack(outside_agency_notice=False), outside_agency=True) == set()


def test_unanswered_calls_on_one_number_have_a_limit_a_day():
    many = pack(phone_attempts_per_day=6, phone_attempts_per_week=42, unanswered_per_number_per_day=3)
    assert failed(Action.CALL, many, unanswered_on_number_today=2) == set()
    assert failed(Action.CALL, many, unanswered_on_number_today=3) == {RuleId.UNANSWERED_PER_NUMBER}
    assert failed(Action.SMS, many, unanswered_on_number_today=3) == set()


@pytest.mark.parametrize("action", [*MESSAGES, Action.THIRD_PARTY])
def test_whole_days_lie_between_two_collections_of_one_product(action):
    rules = pack(cycle_gap_days=7, third_party=True)
    asked = {"number_invalid": True, "third_party_role": PartyRole.GUARANTOR}
    late_that_day = datetime(2026, 2, 22, 15, 59, tzinfo=UTC)  # 23:59 on 22 February in Shanghai
    assert failed(action, rules, last_cycle_contact_at=late_that_day, **asked) == set()
    after_midnight = late_that_day + timedelta(minutes=1)
    assert failed(action, rules, last_cycle_contact_at=after_midnight, **asked) == {RuleId.CYCLE_GAP}
    free = pack(cycle_gap_days=0, third_party=True)
    assert failed(action, free, last_cycle_contact_at=NOON, **asked) == set()


def test_where_nobody_at_home_knows_an_sms_names_no_debt():
    assert failed(Action.SMS, nobody_at_home_knows=True, telling=True) == {RuleId.NOBODY_AT_HOME_KNOWS}
    assert failed(Action.SMS, nobody_at_home_knows=True) == set()
    assert failed(Action.SMS, telling=True) == set()
    service = {"action_class": ActionClass.SERVICE, "nobody_at_home_knows": True, "telling": True}
    assert failed(Action.SMS, **service) == set()


@pytest.mark.parametrize(
    "rule",
    [
        RuleId.HOURS,
        RuleId.CONSENT_NOT_REVOKED,
        RuleId.CREW_MINIMUM,
        RuleId.NOT_RECUSED,
        RuleId.NO_CRISIS,
        RuleId.BREATHING_SPACE,
        RuleId.THIRD_PARTY_STOPPED,
        RuleId.CHANNEL_WANTED,
        RuleId.NOT_REPRESENTED,
        RuleId.NOBODY_AT_HOME_KNOWS,
    ],
)
def test_what_protects_people_is_never_set_aside(rule):
    assert rule in NEVER_OVERRIDDEN
