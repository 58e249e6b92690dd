from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import policy
from portal.domain.contact_rules import NEVER_OVERRIDDEN, Facts, RuleId, VisitFacts, decide
from portal.infra import policy_files
from portal.vocabulary import (
    Action,
    ActionClass,
    Channel,
    HoldReason,
    Initiator,
    Locale,
    PartyRole,
    PlaceKind,
    VisitPurpose,
)

HOUSE, BANK, PUHUI, SPDB = (
    policy.build(policy_files.read(code)) for code in ("default", "pingan-bank", "pingan-puhui", "spdb-puhui")
)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
MESSAGES = [Action.CALL, Action.SMS, Action.EMAIL, Action.LETTER]
VISITS = [Action.VISIT_PROPOSAL, Action.VISIT_CONFIRMATION, Action.VISIT_START]
OVERDUE = Facts(borrower_zone="Asia/Shanghai", overdue_confirmed=True, dpd=40, overdue_amount=500000)
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
CHOSEN = replace(OVERDUE, initiator=Initiator.BORROWER, visit=VISIT)
PROPOSED = replace(
    CHOSEN, initiator=Initiator.LENDER, dpd=61, failed_channels=frozenset({Channel.PHONE, Channel.SMS})
)
SERVICE = replace(OVERDUE, action_class=ActionClass.SERVICE)


def failed(action, facts, pack=HOUSE, now=NOON):
    return {rule.id for rule in decide(action, facts, pack, now).failed}


def visit(facts=CHOSEN, **changes):
    return replace(facts, visit=replace(facts.visit, **changes))


@pytest.mark.parametrize("action", MESSAGES)
def test_an_ordinary_contact_in_hours_is_allowed(action):
    assert failed(action, OVERDUE) == set()


@pytest.mark.parametrize("action", VISITS)
def test_a_visit_the_borrower_chose_is_allowed(action):
    assert failed(action, CHOSEN, BANK) == set()


@pytest.mark.parametrize("action", VISITS)
def test_a_visit_the_lender_proposes_late_is_allowed_where_the_pack_says_so(action):
    assert failed(action, PROPOSED, SPDB) == set()


def test_a_decision_names_pack_version_class_and_every_rule_with_its_source():
    decision = decide(Action.CALL, replace(OVERDUE, attempts_today=2), HOUSE, NOON)
    assert decision.policy_version == HOUSE.version_id
    assert decision.action_class is ActionClass.COLLECTION
    assert decision.decided_at == NOON
    assert not decision.allowed
    [rule] = decision.failed
    assert (rule.id, rule.text_key) == (RuleId.ATTEMPTS_PER_DAY, "gate_attempts_per_day")
    assert rule.facts == {"most": 2, "so_far": 2}
    assert rule.source.text(Locale.EN).startswith("China Banking Association")
    assert len({each.id for each in decision.rules}) == len(decision.rules) > 15


def test_all_rules_are_judged_not_only_the_first_that_fails():
    facts = replace(
        OVERDUE, overdue_confirmed=False, attempts_today=2, holds=frozenset({HoldReason.HOSPITAL})
    )
    midnight = NOON + timedelta(hours=12)
    assert failed(Action.CALL, facts, now=midnight) == {
        RuleId.HOURS,
        RuleId.OVERDUE_CONFIRMED,
        RuleId.ATTEMPTS_PER_DAY,
        RuleId.NO_HOLD,
    }


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"right_party": False}, RuleId.RIGHT_PARTY),
        ({"channel_open": False}, RuleId.CHANNEL_OPEN),
        ({"recused": True}, RuleId.NOT_RECUSED),
        ({"overdue_confirmed": False}, RuleId.OVERDUE_CONFIRMED),
        ({"dpd": 0}, RuleId.FIRST_AFTER_DPD),
        ({"cards_only": True, "dpd": 3}, RuleId.FIRST_AFTER_DPD),
        ({"cards_only": True, "overdue_amount": 1000}, RuleId.SHORTFALL),
        ({"open_complaint": True}, RuleId.NO_OPEN_COMPLAINT),
        ({"holds": frozenset({HoldReason.COMPLAINT})}, RuleId.NO_OPEN_COMPLAINT),
        ({"open_dispute": True}, RuleId.NO_OPEN_DISPUTE),
        ({"holds": frozenset({HoldReason.DISPUTE})}, RuleId.NO_OPEN_DISPUTE),
        ({"agreement_kept": True}, RuleId.AGREEMENT_KEPT),
        ({"attempts_today": 2}, RuleId.ATTEMPTS_PER_DAY),
        ({"attempts_this_week": 6}, RuleId.ATTEMPTS_PER_WEEK),
        ({"last_conversation_at": NOON - timedelta(hours=23, minutes=59)}, RuleId.COOLDOWN),
        ({"conversations_today": 1}, RuleId.CONVERSATIONS_PER_DAY),
        ({"conversations_this_week": 3}, RuleId.CONVERSATIONS_PER_WEEK),
        ({"conversations_this_month": 10}, RuleId.CONVERSATIONS_PER_MONTH),
    ],
)
def test_each_rule_alone_refuses_a_collection_call(changes, rule):
    assert failed(Action.CALL, replace(OVERDUE, **changes)) == {rule}


@pytest.mark.parametrize(
    "changes",
    [
        {"dpd": 1},
        {"cards_only": True, "dpd": 4, "overdue_amount": 1001},
        {"overdue_amount": 1000},
        {"attempts_today": 1, "attempts_this_week": 5},
        {"last_conversation_at": NOON - timedelta(hours=24)},
        {"conversations_this_week": 2, "conversations_this_month": 9},
        {"agreement_kept": True, "reminder": True, "dpd": 0},
    ],
)
def test_a_call_just_within_the_limits_is_allowed(changes):
    assert failed(Action.CALL, replace(OVERDUE, **changes)) == set()


RULES_OF_HOLDS = {
    HoldReason.COMPLAINT: RuleId.NO_OPEN_COMPLAINT,
    HoldReason.DISPUTE: RuleId.NO_OPEN_DISPUTE,
    HoldReason.CRISIS: RuleId.NO_CRISIS,
    HoldReason.BREATHING_SPACE: RuleId.BREATHING_SPACE,
}


@pytest.mark.parametrize("action", MESSAGES)
@pytest.mark.parametrize(("hold", "rule"), RULES_OF_HOLDS.items())
def test_a_hold_with_a_rule_of_its_own_stops_by_that_rule_whatever_the_pack_lists(action, hold, rule):
    pack = replace(HOUSE, contact=replace(HOUSE.contact, blocked_during=()))
    assert failed(action, replace(OVERDUE, holds=frozenset({hold})), pack) == {rule}


@pytest.mark.parametrize("hold", sorted(set(HoldReason) - set(RULES_OF_HOLDS)))
def test_a_hold_stops_what_the_lender_starts_and_names_itself(hold):
    decision = decide(Action.SMS, replace(OVERDUE, holds=frozenset({hold})), HOUSE, NOON)
    [rule] = decision.failed
    assert (rule.id, rule.facts) == (RuleId.NO_HOLD, {"holds": [hold.value]})


@pytest.mark.parametrize(
    ("zone", "hour", "allowed"),
    [
        ("Asia/Shanghai", 0, True),  # 08:00
        ("Asia/Shanghai", 13, True),  # 21:00
        ("Asia/Shanghai", 14, False),  # 22:00
        ("Asia/Shanghai", 23, False),  # 07:00
        ("Europe/London", 4, False),
        ("Europe/London", 14, True),
    ],
)
def test_the_hours_are_those_of_the_borrowers_zone(zone, hour, allowed):
    now = NOON.replace(hour=hour)
    assert decide(Action.SMS, replace(OVERDUE, borrower_zone=zone), HOUSE, now).allowed is allowed


def test_one_second_before_closing_is_in_hours():
    assert failed(Action.CALL, OVERDUE, now=NOON.replace(hour=13, minute=59, second=59)) == set()


def test_a_moment_without_a_zone_is_an_error():
    with pytest.raises(ValueError, match="aware"):
        decide(Action.CALL, OVERDUE, HOUSE, NOON.replace(tzinfo=None))


def test_where_the_phone_comes_first_an_sms_waits_until_it_has_failed():
    assert failed(Action.SMS, OVERDUE, SPDB) == {RuleId.CHANNEL_ORDER}
    assert failed(Action.CALL, OVERDUE, SPDB) == set()
    for changes in (
        {"failed_calls_today": 2},
        {"unanswered_days": 2},
        {"last_conversation_at": NOON - timedelta(days=9)},
    ):
        assert failed(Action.SMS, replace(OVERDUE, **changes), SPDB) == set()
    assert failed(Action.SMS, OVERDUE, BANK) == set()


def test_a_service_message_passes_holds_complaints_and_limits():
    facts = replace(
        SERVICE,
        holds=frozenset(HoldReason),
        open_complaint=True,
        open_dispute=True,
        attempts_today=9,
        conversations_this_month=99,
        overdue_confirmed=False,
    )
    for action in MESSAGES:
        assert failed(action, facts) == set()


def test_a_service_message_keeps_quiet_hours_unless_the_borrower_just_asked():
    midnight = NOON + timedelta(hours=12)
    assert failed(Action.SMS, SERVICE, now=midnight) == {RuleId.HOURS}
    assert failed(Action.SMS, replace(SERVICE, asked_just_now=True), now=midnight) == set()


def test_having_just_asked_opens_no_night_for_collection():
    assert failed(Action.SMS, replace(OVERDUE, asked_just_now=True), now=NOON + timedelta(hours=12)) == {
        RuleId.HOURS
    }


def test_a_service_message_still_goes_to_the_right_party_only():
    assert failed(Action.SMS, replace(SERVICE, right_party=False)) == {RuleId.RIGHT_PARTY}
    assert failed(Action.EMAIL, replace(SERVICE, channel_open=False)) == {RuleId.CHANNEL_OPEN}


def test_third_parties_are_never_contacted_unless_the_pack_turns_it_on():
    facts = replace(OVERDUE, number_invalid=True, third_party_role=PartyRole.GUARANTOR)
    assert failed(Action.THIRD_PARTY, facts) == {RuleId.THIRD_PARTY_ALLOWED}
    pack = replace(HOUSE, contact=replace(HOUSE.contact, third_party=True))
    assert failed(Action.THIRD_PARTY, facts, pack) == set()
    valid = replace(facts, number_invalid=False)
    assert failed(Action.THIRD_PARTY, replace(valid, unanswered_days=2), pack) == {RuleId.THIRD_PARTY_NEEDED}
    assert failed(Action.THIRD_PARTY, replace(valid, unanswered_days=3), pack) == set()
    for changes, rule in (
        ({"third_party_calls": 1}, RuleId.THIRD_PARTY_ONCE),
        ({"third_party_said_stop": True}, RuleId.THIRD_PARTY_STOPPED),
        ({"telling": True}, RuleId.THIRD_PARTY_SILENT),
        ({"third_party_role": None}, RuleId.REFEREE_ALLOWED),
    ):
        assert failed(Action.THIRD_PARTY, replace(facts, **changes), pack) == {rule}
    open_to_referees = replace(pack, contact=replace(pack.contact, referees=True))
    assert failed(Action.THIRD_PARTY, replace(facts, third_party_role=None), open_to_referees) == set()


def test_where_nobody_at_home_knows_there_is_no_home_visit_and_no_paper():
    facts = replace(CHOSEN, nobody_at_home_knows=True)
    assert failed(Action.VISIT_CONFIRMATION, facts, BANK) == {RuleId.NOBODY_AT_HOME_KNOWS}
    assert failed(Action.VISIT_CONFIRMATION, visit(facts, place=PlaceKind.BRANCH), BANK) == set()
    assert failed(Action.LETTER, replace(OVERDUE, nobody_at_home_knows=True)) == {RuleId.NOBODY_AT_HOME_KNOWS}
    assert failed(Action.LETTER, replace(SERVICE, nobody_at_home_knows=True)) == {RuleId.NOBODY_AT_HOME_KNOWS}
    assert failed(Action.CALL, replace(OVERDUE, nobody_at_home_knows=True)) == set()


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(CHOSEN, overdue_confirmed=False), RuleId.OVERDUE_CONFIRMED),
        (replace(CHOSEN, open_complaint=True), RuleId.NO_OPEN_COMPLAINT),
        (replace(CHOSEN, open_dispute=True), RuleId.NO_OPEN_DISPUTE),
        (replace(CHOSEN, consent_revoked=True), RuleId.CONSENT_NOT_REVOKED),
        (replace(CHOSEN, represented=True), RuleId.VISIT_NOT_REPRESENTED),
        (replace(CHOSEN, holds=frozenset({HoldReason.VULNERABLE})), RuleId.VISIT_NOT_VULNERABLE),
        (visit(service_consent=False), RuleId.VISIT_CONSENT),
        (visit(accepted_by_borrower=False), RuleId.VISIT_CONSENT),
        (visit(documents_complete=False), RuleId.VISIT_DOCUMENTS),
        (visit(purpose=None), RuleId.VISIT_BRIEF),
        (visit(place_named=False), RuleId.VISIT_BRIEF),
        (visit(crew=1, crew_trained=1), RuleId.CREW_MINIMUM),
        (visit(crew=3, crew_trained=2), RuleId.CREW_TRAINED),
        (visit(other_visits_this_month=2), RuleId.VISIT_PER_MONTH),
        (visit(starts_at=NOON.replace(hour=11), ends_at=NOON.replace(hour=13)), RuleId.VISIT_WINDOW),
        (visit(starts_at=NOON.replace(hour=0), ends_at=NOON.replace(hour=2)), RuleId.VISIT_WINDOW),
        (
            visit(starts_at=NOON.replace(month=10), ends_at=NOON.replace(month=10, hour=6)),
            RuleId.VISIT_HOLIDAY,
        ),
    ],
)
def test_each_rule_alone_refuses_to_confirm_a_visit(facts, rule):
    assert failed(Action.VISIT_CONFIRMATION, facts, BANK) == {rule}


def test_a_visit_nobody_described_fails_every_rule_about_it():
    missing = failed(Action.VISIT_CONFIRMATION, replace(CHOSEN, visit=None), BANK)
    assert missing >= {RuleId.VISIT_CONSENT, RuleId.VISIT_WINDOW, RuleId.VISIT_HOLIDAY, RuleId.CREW_MINIMUM}


def test_a_visit_starts_only_within_visiting_hours_of_the_moment():
    assert failed(Action.VISIT_START, CHOSEN, BANK, NOON.replace(hour=12)) == {RuleId.VISIT_WINDOW}


def test_a_proposal_needs_no_crew_yet():
    assert failed(Action.VISIT_PROPOSAL, visit(crew=0, crew_trained=0), BANK) == set()


def test_a_borrower_books_at_midnight_and_during_a_hold():
    facts = replace(CHOSEN, holds=frozenset({HoldReason.HARDSHIP}))
    assert failed(Action.VISIT_PROPOSAL, facts, BANK, NOON + timedelta(hours=12)) == set()


def test_a_vulnerable_borrower_is_visited_once_a_lead_has_approved():
    facts = replace(CHOSEN, holds=frozenset({HoldReason.VULNERABLE}), lead_approved_vulnerable=True)
    assert failed(Action.VISIT_CONFIRMATION, facts, BANK) == set()


def test_documents_are_asked_for_only_where_the_pack_does():
    facts = visit(documents_complete=False)
    assert failed(Action.VISIT_PROPOSAL, facts, BANK) == {RuleId.VISIT_DOCUMENTS}
    assert failed(Action.VISIT_PROPOSAL, facts, PUHUI) == set()


def test_where_the_borrower_chooses_the_lender_proposes_no_visit():
    assert failed(Action.VISIT_PROPOSAL, PROPOSED, BANK) == {RuleId.VISIT_INITIATOR}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"dpd": 60}, RuleId.VISIT_MIN_DPD),
        ({"failed_channels": frozenset({Channel.PHONE})}, RuleId.VISIT_FAILED_CHANNELS),
        ({"holds": frozenset({HoldReason.BEREAVEMENT})}, RuleId.NO_HOLD),
        ({"agreement_kept": True}, RuleId.AGREEMENT_KEPT),
    ],
)
def test_each_rule_alone_refuses_a_visit_the_lender_proposes(changes, rule):
    assert failed(Action.VISIT_PROPOSAL, replace(PROPOSED, **changes), SPDB) == {rule}


def test_a_lenders_proposal_is_the_question_and_its_confirmation_needs_the_answer():
    unasked = visit(PROPOSED, service_consent=False, accepted_by_borrower=False)
    assert failed(Action.VISIT_PROPOSAL, unasked, SPDB) == set()
    assert failed(Action.VISIT_CONFIRMATION, unasked, SPDB) == {RuleId.VISIT_CONSENT}


def test_a_lenders_proposal_keeps_contact_hours():
    assert failed(Action.VISIT_PROPOSAL, PROPOSED, SPDB, NOON + timedelta(hours=12)) == {RuleId.HOURS}


def test_a_follow_up_of_an_agreement_in_force_is_no_collection():
    facts = visit(
        replace(CHOSEN, initiator=Initiator.LENDER, dpd=0, agreement_in_force=True, agreement_kept=True),
        purpose=VisitPurpose.FOLLOW_UP,
    )
    assert failed(Action.VISIT_CONFIRMATION, facts, BANK) == set()
    called_so = replace(facts, agreement_in_force=False, agreement_kept=False)
    assert RuleId.VISIT_INITIATOR in failed(Action.VISIT_CONFIRMATION, called_so, BANK)


def test_a_second_person_may_set_aside_named_rules_only():
    decision = decide(Action.CALL, replace(OVERDUE, attempts_today=2, dpd=0), HOUSE, NOON)
    assert not decision.allowed_despite({RuleId.ATTEMPTS_PER_DAY})
    assert decision.allowed_despite({RuleId.ATTEMPTS_PER_DAY, RuleId.FIRST_AFTER_DPD})


@pytest.mark.parametrize(
    ("action", "facts", "now"),
    [
        (Action.CALL, OVERDUE, NOON + timedelta(hours=12)),
        (Action.CALL, replace(OVERDUE, recused=True), NOON),
        (Action.VISIT_CONFIRMATION, replace(CHOSEN, consent_revoked=True), NOON),
        (Action.VISIT_CONFIRMATION, visit(crew=1, crew_trained=1), NOON),
    ],
)
def test_hours_revoked_consent_crew_and_recusal_can_never_be_set_aside(action, facts, now):
    decision = decide(action, facts, BANK, now)
    assert {rule.id for rule in decision.failed} <= NEVER_OVERRIDDEN
    assert not decision.allowed_despite(set(RuleId))


def test_every_rule_is_asked_by_some_action():
    asked = {
        rule.id
        for action in Action
        for facts in (OVERDUE, SERVICE, CHOSEN, PROPOSED)
        for rule in decide(action, facts, SPDB, NOON).rules
    }
    assert asked == set(RuleId)


@given(
    st.sampled_from(Action),
    st.builds(
        Facts,
        borrower_zone=st.just("Asia/Shanghai"),
        initiator=st.sampled_from(Initiator),
        action_class=st.sampled_from(ActionClass),
        dpd=st.integers(0, 400),
        attempts_today=st.integers(0, 9),
        holds=st.frozensets(st.sampled_from(HoldReason)),
        overdue_confirmed=st.booleans(),
        last_conversation_at=st.none() | st.just(NOON),
        visit=st.none() | st.just(VISIT),
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
)
def test_whatever_is_asked_the_answer_is_whole(action, facts, now):
    decision = decide(action, facts, SPDB, now)
    assert decision.allowed is (not decision.failed)
    assert decision.allowed_despite(()) is decision.allowed
    assert all(rule.source for rule in decision.rules)
    if facts.action_class is ActionClass.COLLECTION and not facts.overdue_confirmed:
        assert not decision.allowed or facts.initiator is Initiator.BORROWER
