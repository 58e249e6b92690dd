"""What each rule about a visit says by itself, whatever the others say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.domain import policy
from portal.domain.contact_decision import Asked, RuleId
from portal.domain.contact_facts import Facts, VisitFacts
from portal.infra import policy_files
from portal.vocabulary import Action, Channel, HoldReason, Initiator, PlaceKind, VisitPurpose
from tests.domain.built_anew import anew

BANK = policy.build(policy_files.read("pingan-bank"))  # visits from 9:00 to 20:00, Asia/Shanghai
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
NINE, TWENTY = NOON.replace(hour=1), NOON.replace(hour=12)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PROPOSAL, CONFIRMATION, START = Action.VISIT_PROPOSAL, Action.VISIT_CONFIRMATION, Action.VISIT_START
VISIT = VisitFacts(
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=2),
    place=PlaceKind.HOME,
    purpose=VisitPurpose.PLAN,
    service_consent=True,
    accepted_by_borrower=True,
    documents_complete=True,
    crew=2,
    crew_trained=2,
)
BOOKED = Facts(borrower_zone="Asia/Shanghai", initiator=Initiator.BORROWER, visit=VISIT)
FROM_LENDER = replace(BOOKED, initiator=Initiator.LENDER)
FOLLOW_UP = replace(
    FROM_LENDER, agreement_in_force=True, visit=replace(VISIT, purpose=VisitPurpose.FOLLOW_UP)
)
OF_THE_VISIT = {
    RuleId.VISIT_CONSENT,
    RuleId.VISIT_DOCUMENTS,
    RuleId.VISIT_BRIEF,
    RuleId.VISIT_WINDOW,
    RuleId.VISIT_HOLIDAY,
    RuleId.VISIT_PER_MONTH,
    RuleId.CREW_MINIMUM,
    RuleId.CREW_TRAINED,
}


@pytest.fixture
def judge():
    """Judge a visit by all rules about visits, made for this test."""
    rules = anew("portal.domain.visit_rules")

    def judged(action, facts, pack=BANK, now=NOON):
        asked = Asked(action=action, facts=facts, policy=pack, now=now)
        found = [rule.judge(asked) for rule in rules.VISIT_RULES + rules.VISIT_FROM_LENDER_RULES]
        return {each.id: each for each in found}

    return judged


def visit(facts=BOOKED, **changes):
    return replace(facts, visit=replace(facts.visit, **changes))


def pack(**changes):
    return replace(BANK, visit=replace(BANK.visit, **changes))


@pytest.mark.parametrize("action", [PROPOSAL, CONFIRMATION, START])
def test_a_visit_the_borrower_booked_passes_every_rule_about_it(judge, action):
    passed = {rule_id for rule_id, found in judge(action, BOOKED).items() if found.passed}
    assert passed >= OF_THE_VISIT


@pytest.mark.parametrize("action", [PROPOSAL, CONFIRMATION, START])
def test_where_no_visit_is_described_every_rule_about_it_fails(judge, action):
    judged = judge(action, replace(BOOKED, visit=None))
    assert {rule_id for rule_id in OF_THE_VISIT if judged[rule_id].passed is False} == OF_THE_VISIT


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "fits"),
    [
        (NINE, TWENTY, True),
        (NINE - SECOND, TWENTY, False),
        (NINE, TWENTY + SECOND, False),
        (NOON, NOON + SECOND, True),
        (NOON, NOON, False),  # it must take some time
        (NOON + SECOND, NOON, False),
        (NOON, NOON + DAY, False),  # it ends on the day it begins
        (NOON, NOON + DAY + SECOND, False),
        (NOON + DAY, NOON, False),
    ],
)
def test_a_visit_lies_within_the_hours_of_one_day(judge, starts_at, ends_at, fits):
    found = judge(CONFIRMATION, visit(starts_at=starts_at, ends_at=ends_at))[RuleId.VISIT_WINDOW]
    assert found.passed is fits
    assert found.facts == {"opens": "09:00", "closes": "20:00"}


@pytest.mark.parametrize(
    ("now", "starts"), [(NINE - SECOND, False), (NINE, True), (TWENTY - SECOND, True), (TWENTY, False)]
)
def test_a_visit_starts_in_visiting_hours_though_it_may_be_confirmed_at_any_time(judge, now, starts):
    assert judge(START, BOOKED, now=now)[RuleId.VISIT_WINDOW].passed is starts
    assert judge(CONFIRMATION, BOOKED, now=now)[RuleId.VISIT_WINDOW].passed


def test_the_hours_of_a_visit_are_those_of_the_borrower(judge):
    in_london = replace(BOOKED, borrower_zone="Europe/London")
    assert not judge(CONFIRMATION, in_london)[RuleId.VISIT_WINDOW].passed
    ten_there = visit(in_london, starts_at=NOON.replace(hour=10), ends_at=NOON.replace(hour=11))
    assert judge(CONFIRMATION, ten_there)[RuleId.VISIT_WINDOW].passed


@pytest.mark.parametrize(
    ("starts_at", "borrower_zone", "passes"),
    [
        (datetime(2026, 10, 7, 4, tzinfo=UTC), "Asia/Shanghai", False),  # the last of the holidays
        (datetime(2026, 10, 8, 4, tzinfo=UTC), "Asia/Shanghai", True),
        (datetime(2026, 10, 7, 18, tzinfo=UTC), "Asia/Shanghai", True),  # the 8th at both
        (datetime(2026, 10, 7, 18, tzinfo=UTC), "Europe/London", False),  # still the 7th at the borrower's
        (datetime(2026, 9, 30, 18, tzinfo=UTC), "Europe/London", False),  # the 1st already at the lender's
        (datetime(2026, 9, 30, 12, tzinfo=UTC), "Europe/London", True),
    ],
)
def test_nobody_is_visited_on_a_holiday_of_either_side(judge, starts_at, borrower_zone, passes):
    facts = visit(replace(BOOKED, borrower_zone=borrower_zone), starts_at=starts_at)
    assert judge(CONFIRMATION, facts)[RuleId.VISIT_HOLIDAY].passed is passes


def test_a_holiday_is_named_by_the_day_in_the_lenders_zone(judge):
    facts = visit(starts_at=datetime(2026, 9, 30, 18, tzinfo=UTC))
    assert judge(CONFIRMATION, facts)[RuleId.VISIT_HOLIDAY].facts == {"day": datetime(2026, 10, 1).date()}


@pytest.mark.parametrize(
    ("changes", "proposed", "confirmed"),
    [
        ({}, True, True),
        ({"crew": 1}, True, True),
        ({"crew": 0}, True, False),
        ({"place_named": False}, False, False),
        ({"purpose": None}, False, False),
    ],
)
def test_a_brief_names_place_and_purpose_and_once_confirmed_a_crew(judge, changes, proposed, confirmed):
    assert judge(PROPOSAL, visit(**changes))[RuleId.VISIT_BRIEF].passed is proposed
    assert judge(CONFIRMATION, visit(**changes))[RuleId.VISIT_BRIEF].passed is confirmed


@pytest.mark.parametrize(
    ("crew", "trained", "enough", "all_trained"),
    [(0, 0, False, True), (1, 1, False, True), (2, 2, True, True), (3, 2, True, False), (2, 1, True, False)],
)
def test_a_crew_is_large_enough_and_wholly_trained(judge, crew, trained, enough, all_trained):
    facts = visit(crew=crew, crew_trained=trained)
    for action in (CONFIRMATION, START):
        judged = judge(action, facts)
        assert judged[RuleId.CREW_MINIMUM].passed is enough
        assert judged[RuleId.CREW_MINIMUM].facts == {"least": 2}
        assert judged[RuleId.CREW_TRAINED].passed is all_trained
    proposed = judge(PROPOSAL, facts)
    assert proposed[RuleId.CREW_MINIMUM].passed
    assert proposed[RuleId.CREW_TRAINED].passed


@pytest.mark.parametrize(
    ("facts", "consent", "accepted", "proposed", "confirmed"),
    [
        (FROM_LENDER, False, False, True, False),  # the proposal is the question
        (FROM_LENDER, True, False, True, False),
        (FROM_LENDER, False, True, True, False),
        (FROM_LENDER, True, True, True, True),
        (BOOKED, False, False, False, False),
        (BOOKED, True, False, True, False),
        (BOOKED, False, True, False, False),
    ],
)
def test_consent_to_the_service_and_to_the_visit(judge, facts, consent, accepted, proposed, confirmed):
    facts = visit(facts, service_consent=consent, accepted_by_borrower=accepted)
    assert judge(PROPOSAL, facts)[RuleId.VISIT_CONSENT].passed is proposed
    for action in (CONFIRMATION, START):
        assert judge(action, facts)[RuleId.VISIT_CONSENT].passed is confirmed


def test_where_consent_is_given_once_the_single_visit_needs_no_yes_of_its_own(judge):
    once = pack(consent="once")
    unaccepted = visit(accepted_by_borrower=False)
    assert judge(CONFIRMATION, unaccepted, once)[RuleId.VISIT_CONSENT].passed
    assert not judge(CONFIRMATION, visit(unaccepted, service_consent=False), once)[
        RuleId.VISIT_CONSENT
    ].passed


@pytest.mark.parametrize(("others", "passes"), [(1, True), (2, False)])
def test_so_many_visits_a_month_and_no_more(judge, others, passes):
    found = judge(CONFIRMATION, visit(other_visits_this_month=others))[RuleId.VISIT_PER_MONTH]
    assert (found.passed, found.facts) == (passes, {"most": 2})


@pytest.mark.parametrize(
    ("dpd", "channels", "late_enough", "missing"),
    [
        (60, {Channel.PHONE, Channel.SMS}, True, []),
        (59, {Channel.PHONE}, False, ["sms"]),
        (400, set(), True, ["phone", "sms"]),
    ],
)
def test_a_lender_proposes_late_and_after_other_ways_failed(judge, dpd, channels, late_enough, missing):
    judged = judge(PROPOSAL, replace(FROM_LENDER, dpd=dpd, failed_channels=frozenset(channels)))
    days, failed = judged[RuleId.VISIT_MIN_DPD], judged[RuleId.VISIT_FAILED_CHANNELS]
    assert (days.passed, days.facts) == (late_enough, {"days": 60})
    assert (failed.passed, failed.facts) == (not missing, {"channels": missing})


def test_a_follow_up_both_sides_signed_for_may_start_from_the_lender(judge):
    for rule_id in (RuleId.VISIT_INITIATOR, RuleId.VISIT_MIN_DPD, RuleId.VISIT_FAILED_CHANNELS):
        assert judge(CONFIRMATION, FOLLOW_UP)[rule_id].passed
        assert not judge(CONFIRMATION, FROM_LENDER)[rule_id].passed
    assert judge(CONFIRMATION, FROM_LENDER)[RuleId.VISIT_INITIATOR].facts == {"initiator": "lender"}


@pytest.mark.parametrize(
    ("rule_id", "stopped", "reason"),
    [
        (RuleId.VISIT_NOT_VULNERABLE, {"holds": frozenset({HoldReason.VULNERABLE})}, "vulnerable"),
        (RuleId.VISIT_NOT_REPRESENTED, {"represented": True}, "represented"),
    ],
)
def test_who_is_vulnerable_or_represented_is_not_visited_where_the_pack_says_so(
    judge, rule_id, stopped, reason
):
    facts = replace(BOOKED, **stopped)
    others = tuple(each for each in BANK.visit.blocked_if if each != reason)
    assert judge(CONFIRMATION, BOOKED)[rule_id].passed
    assert not judge(CONFIRMATION, facts)[rule_id].passed
    assert judge(CONFIRMATION, facts, pack(blocked_if=others))[rule_id].passed


def test_every_rule_about_visits_is_there_once_and_answers_with_the_source_of_its_key(judge):
    judged = judge(CONFIRMATION, BOOKED)
    assert len(judged) == 14
    assert all(found.source == BANK.why(found.key) for found in judged.values())
    assert judged[RuleId.VISIT_MIN_DPD].key == "visit.lender_min_dpd"
