"""Rules of the gate set aside for one act: two people, in words, in time, once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.domain.contact_decision import RuleId
from portal.domain.refusals import Refused
from portal.models import Contact, Decision, Lender
from portal.models.audit_entry import AuditEntry
from portal.services import cases, complaints, gate, overrides
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    Action,
    ActionClass,
    ComplaintTopic,
    HoldReason,
    Initiator,
    Locale,
    OverrideState,
    Role,
)
from tests import factories
from tests.conftest import NOW

FRIDAY = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
MONDAY_MIDNIGHT = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
BOTH = {RuleId.ATTEMPTS_PER_DAY}


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def person(session, lender):
    return lambda *roles, **more: factories.actor_of(factories.staff(session, lender, *roles, **more))


@pytest.fixture
def caller(person):
    return person(Role.CALLER)


@pytest.fixture
def lead(person):
    return person(Role.LEAD)


def call(case, actor, now=NOW, action=Action.CALL):
    return {
        "case": case,
        "action": action,
        "action_class": ActionClass.COLLECTION,
        "initiator": Initiator.LENDER,
        "actor": actor,
        "now": now,
    }


def twice_called(session, case, actor, now=NOW):
    for _ in range(2):
        gate.require(session, **call(case, actor, now))


def refused(session, case, actor, now=NOW):
    """A call too many, and the stored decision that refuses it."""
    twice_called(session, case, actor, now)
    decision = gate.ask(session, **call(case, actor, now))
    session.flush()
    assert {each.id for each in gate.explain(decision) if not each.passed} == BOTH
    return decision


def ask(session, decision, actor, now=NOW, rules=BOTH, reason="She asked to be called again"):
    return overrides.request(session, decision=decision, rules=rules, reason=reason, actor=actor, now=now)


def say(session, override, actor, approved=True, now=NOW, answer="Agreed", version=None):
    return overrides.decide(
        session,
        override=override,
        version=override.version if version is None else version,
        approved=approved,
        answer=answer,
        actor=actor,
        now=now,
    )


def held(session, case, reason, actor):
    cases.hold(session, case=case, reason=reason, subject=None, actor=actor, now=NOW)
    session.flush()


def complaint_about(session, case, person):
    complaint = complaints.file(
        session,
        lender=session.get_one(Lender, case.lender_id),
        case=case,
        topic=ComplaintTopic.CONDUCT,
        text="They shouted.",
        locale=Locale.EN,
        actor=factories.actor_of(case.borrower),
        now=NOW,
    )
    complaint.about_id = person.id
    session.flush()


def code_of(act, *args, **kwargs):
    with pytest.raises(Refused) as refusal:
        act(*args, **kwargs)
    return refusal.value.code


def test_what_two_people_allowed_happens_once_and_the_decision_tells_it(session, case, caller, lead):
    override = ask(session, refused(session, case, caller), caller)
    assert override.state is OverrideState.REQUESTED
    say(session, override, lead)

    decision = gate.require(session, **call(case, caller))
    session.flush()
    assert decision.allowed
    assert decision.override_id == override.id
    assert gate.set_aside(decision) == BOTH
    [line] = [each for each in gate.explain(decision) if not each.passed]
    assert (line.id, line.set_aside) == (RuleId.ATTEMPTS_PER_DAY, True)
    assert override.state is OverrideState.USED
    assert code_of(in_savepoint(gate.require), session, **call(case, caller)) == "contact_gate"


def test_each_step_is_in_the_record(session, case, caller, lead):
    say(session, ask(session, refused(session, case, caller), caller), lead)
    gate.require(session, **call(case, caller))
    session.flush()
    actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    steps = [each for each in actions if each.startswith("override_")]
    assert steps == ["override_requested", "override_approved", "override_used"]


def test_until_it_is_answered_or_when_it_was_refused_it_changes_nothing(session, case, caller, lead):
    override = ask(session, refused(session, case, caller), caller)
    assert code_of(in_savepoint(gate.require), session, **call(case, caller)) == "contact_gate"
    say(session, override, lead, approved=False)
    assert override.state is OverrideState.REFUSED
    assert code_of(in_savepoint(gate.require), session, **call(case, caller)) == "contact_gate"


def test_it_is_good_for_that_act_alone_and_for_no_rule_beside_it(session, case, caller, lead):
    say(session, ask(session, refused(session, case, caller), caller), lead)
    assert code_of(in_savepoint(gate.require), session, **call(case, caller, NIGHT)) == "contact_gate"
    held(session, case, HoldReason.HARDSHIP, lead)
    assert code_of(in_savepoint(gate.require), session, **call(case, caller)) == "contact_gate"
    assert (
        code_of(in_savepoint(gate.require), session, **call(case, caller, action=Action.LETTER))
        == "contact_gate"
    )


def test_it_ends_with_the_next_business_day(session, case, caller, lead):
    override = ask(session, refused(session, case, caller, FRIDAY), caller, FRIDAY)
    assert override.valid_until == MONDAY_MIDNIGHT
    late = MONDAY_MIDNIGHT - timedelta(seconds=1)
    assert code_of(say, session, override, lead, now=MONDAY_MIDNIGHT) == "override_not_waiting"
    assert overrides.waiting(session, actor=lead, now=late)
    assert not overrides.waiting(session, actor=lead, now=MONDAY_MIDNIGHT)
    say(session, override, lead, now=FRIDAY)
    found = {"case": case, "action": Action.CALL, "failed": BOTH}
    assert overrides.usable(session, **found, now=late) is override
    assert overrides.usable(session, **found, now=MONDAY_MIDNIGHT) is None


def test_nobody_answers_their_own_question_nor_without_the_role(session, case, caller, person, lead):
    decision = refused(session, case, caller)
    override = ask(session, decision, lead)
    assert code_of(say, session, override, lead) == "override_own_request"
    assert code_of(say, session, override, person(Role.CALLER)) == "override_not_a_decider"
    say(session, override, person(Role.MANAGER))
    assert override.state is OverrideState.APPROVED


def test_nobody_answers_who_is_complained_about_or_manages_them(session, case, caller, lender):
    lead = factories.staff(session, lender, Role.LEAD)
    about = factories.staff(session, lender, Role.CALLER)
    about.manager_id = lead.id
    override = ask(session, refused(session, case, caller), caller)
    complaint_about(session, case, about)
    assert code_of(say, session, override, factories.actor_of(lead)) == "override_recused"


def test_a_second_answer_and_one_to_an_older_text_are_refused(session, case, caller, lead, person):
    override = ask(session, refused(session, case, caller), caller)
    old = override.version
    say(session, override, lead)
    assert code_of(say, session, override, person(Role.LEAD), version=old) == "override_not_waiting"


def test_both_give_their_reason_in_words(session, case, caller, lead):
    decision = refused(session, case, caller)
    assert code_of(ask, session, decision, caller, reason="  ") == "override_reason_missing"
    override = ask(session, decision, caller)
    assert code_of(say, session, override, lead, answer=" ") == "override_reason_missing"


def test_only_what_refused_and_may_be_set_aside_can_be_asked_for_and_once_at_a_time(session, case, caller):
    decision = refused(session, case, caller)
    for rules in ([], [RuleId.COOLDOWN], [RuleId.ATTEMPTS_PER_DAY, RuleId.HOURS]):
        assert code_of(ask, session, decision, caller, rules=rules) == "override_rules"
    ask(session, decision, caller)
    assert code_of(ask, session, decision, caller) == "override_waiting"


@pytest.mark.parametrize("hold", [HoldReason.CRISIS, HoldReason.BREATHING_SPACE])
def test_what_protects_people_cannot_be_asked_for(session, case, caller, lead, hold):
    held(session, case, hold, lead)
    decision = gate.ask(session, **call(case, caller))
    session.flush()
    assert not decision.allowed
    assert overrides.askable(decision) == frozenset()
    night = gate.ask(session, **call(case, caller, NIGHT))
    session.flush()
    assert RuleId.HOURS not in overrides.askable(night)


def test_an_allowed_decision_needs_no_exception(session, case, caller):
    decision = gate.require(session, **call(case, caller))
    session.flush()
    assert overrides.askable(decision) == frozenset()


def test_what_fails_after_the_gate_leaves_the_exception_unused(session, case, caller, lead):
    override = ask(session, refused(session, case, caller), caller)
    say(session, override, lead)
    session.flush()

    @in_savepoint
    def call_and_fail(session):
        gate.require(session, **call(case, caller))
        raise Refused("contact_gate")

    assert code_of(call_and_fail, session) == "contact_gate"
    session.refresh(override)
    assert override.state is OverrideState.APPROVED
    assert session.scalars(select(Contact)).all() == []
    assert session.scalars(select(Decision).where(Decision.override_id.is_not(None))).all() == []
