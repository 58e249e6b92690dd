from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.domain import policy
from portal.domain.contact_decision import Asked, Decision, RuleId, RuleResult, rule
from portal.domain.contact_facts import Facts, VisitFacts
from portal.infra import policy_files
from portal.vocabulary import Action, ActionClass, Initiator, PlaceKind, VisitPurpose

HOUSE = policy.build(policy_files.read("default"))  # Asia/Shanghai
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
FOLLOW_UP = VisitFacts(
    starts_at=NOON, ends_at=NOON + timedelta(hours=1), place=PlaceKind.HOME, purpose=VisitPurpose.FOLLOW_UP
)


def asked(facts=None, now=NOON, **changes):
    facts = facts or Facts(borrower_zone="Europe/London", **changes)
    return Asked(action=Action.CALL, facts=facts, policy=HOUSE, now=now)


def test_a_rule_answers_with_its_key_source_and_facts():
    dpd = rule(
        RuleId.FIRST_AFTER_DPD,
        "contact.window",
        lambda a: a.facts.dpd > 3,
        lambda a: {"days": a.facts.dpd},
    )
    for days, passed in ((3, False), (4, True)):
        assert dpd.judge(asked(dpd=days)) == RuleResult(
            id=RuleId.FIRST_AFTER_DPD,
            passed=passed,
            key="contact.window",
            source=HOUSE.why("contact.window"),
            facts={"days": days},
        )


def test_a_rule_whose_sentence_has_no_gaps_answers_without_facts():
    found = rule(RuleId.NO_HOLD, "contact.window", lambda a: True).judge(asked())
    assert (found.id, found.passed, found.facts) == (RuleId.NO_HOLD, True, {})


@pytest.mark.parametrize(
    ("initiator", "action_class", "by_lender"),
    [
        (Initiator.LENDER, ActionClass.COLLECTION, True),
        (Initiator.LENDER, ActionClass.SERVICE, False),
        (Initiator.BORROWER, ActionClass.COLLECTION, False),
        (Initiator.BORROWER, ActionClass.SERVICE, False),
    ],
)
def test_collection_is_what_the_lender_starts_and_is_no_service(initiator, action_class, by_lender):
    assert asked(initiator=initiator, action_class=action_class).by_lender is by_lender


@pytest.mark.parametrize(
    ("in_force", "visit", "follows_up"),
    [
        (True, FOLLOW_UP, True),
        (False, FOLLOW_UP, False),
        (True, replace(FOLLOW_UP, purpose=VisitPurpose.PLAN), False),
        (True, None, False),
    ],
)
def test_a_follow_up_is_a_visit_for_that_purpose_under_an_agreement_in_force(in_force, visit, follows_up):
    assert asked(agreement_in_force=in_force, visit=visit).follows_up is follows_up


def test_a_moment_is_told_in_the_zone_of_the_borrower():
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    told = asked().local(summer)
    assert (told.date(), told.hour, told.minute) == (date(2026, 7, 2), 0, 30)


def test_a_moment_of_no_zone_is_no_moment():
    with pytest.raises(ValueError, match="aware"):
        asked().local(NOON.replace(tzinfo=None))


def test_the_day_of_a_visit_is_the_lenders():
    late = replace(FOLLOW_UP, starts_at=datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    assert asked(visit=late).visit_day == date(2026, 3, 3)
    assert asked(visit=FOLLOW_UP).visit_day == date(2026, 3, 2)
    assert asked().visit_day is None


def decision(*found):
    results = [
        RuleResult(id=each, passed=passed, key="contact.window", source=HOUSE.why("contact.window"))
        for each, passed in found
    ]
    return Decision(
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        rules=tuple(results),
        policy_version="1",
        decided_at=NOON,
    )


def test_one_rule_that_fails_is_enough_to_say_no():
    mixed = decision((RuleId.COOLDOWN, True), (RuleId.NO_HOLD, False))
    assert not mixed.allowed
    assert [each.text_key for each in mixed.failed] == ["gate_no_hold"]
    assert decision((RuleId.COOLDOWN, True)).allowed
    assert decision().allowed


def test_a_rule_is_set_aside_only_by_name_and_only_where_it_can_be():
    mixed = decision((RuleId.COOLDOWN, True), (RuleId.NO_HOLD, False))
    assert mixed.allowed_despite({RuleId.NO_HOLD})
    assert not mixed.allowed_despite({RuleId.COOLDOWN})
    at_night = decision((RuleId.HOURS, False))
    assert [each.overridable for each in at_night.failed] == [False]
    assert not at_night.allowed_despite({RuleId.HOURS})
