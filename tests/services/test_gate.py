"""The contact gate with its facts read from the database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.contact_decision import RuleId
from portal.domain.refusals import Refused
from portal.models import Consent, Contact, ContactPoint, Decision, Hold, Lender, Proof
from portal.services import accounts, audit, cases, gate, policies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ConsentPurpose,
    ContactKind,
    ContactOutcome,
    HoldReason,
    Initiator,
    Locale,
    ProofKind,
    ProofState,
    Role,
)
from portal.web import words
from tests import factories
from tests.conftest import NOW

NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
VISIT_AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)  # a Monday, 10:00


@pytest.fixture
def lender(session) -> Lender:
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def caller(session, lender):
    return factories.actor_of(factories.staff(session, lender, Role.CALLER))


def call(case, actor, *, now=NOW):
    return {
        "case": case,
        "action": Action.CALL,
        "action_class": ActionClass.COLLECTION,
        "initiator": Initiator.LENDER,
        "actor": actor,
        "now": now,
    }


def booking(session, case, *, crew=None, **more):
    borrower = accounts.borrower_actor(case.borrower)
    question = {
        "case": case,
        "action": Action.VISIT_CONFIRMATION,
        "action_class": ActionClass.COLLECTION,
        "initiator": Initiator.BORROWER,
        "actor": borrower,
        "now": NOW,
        "visit_start": VISIT_AT,
    }
    if crew is None:
        of = session.get_one(Lender, case.lender_id)
        crew = [factories.staff(session, of), factories.staff(session, of)]
    return question | {"crew": crew} | more


def failed(judgement):
    return {rule.id for rule in judgement.failed}


def spoke(session, case, decision, *, at, outcome=ContactOutcome.REACHED, channel=Channel.PHONE):
    session.add(
        Contact(
            lender_id=case.lender_id,
            created_at=at,
            case_id=case.id,
            decision_id=decision.id,
            channel=channel,
            inbound=False,
            at=at,
            outcome=outcome,
        )
    )
    session.flush()


def agree_to_visits(session, case):
    session.add(
        Consent(
            lender_id=case.lender_id,
            created_at=NOW,
            case_id=case.id,
            purpose=ConsentPurpose.VISIT_SERVICE,
            text_version="1",
            locale=Locale.EN,
            channel=Channel.PORTAL,
            actor="borrower:x",
        )
    )
    session.flush()


def hand_in(session, case, *kinds, state=ProofState.RECEIVED, received_on=date(2026, 3, 1)):
    for kind in kinds:
        session.add(
            Proof(
                lender_id=case.lender_id,
                created_at=NOW,
                case_id=case.id,
                kind=kind,
                state=state,
                channel=Channel.PORTAL,
                received_on=received_on,
                statement="a statement",
                actor="borrower:x",
            )
        )
    session.flush()


def ready_for_a_visit(session, case):
    agree_to_visits(session, case)
    hand_in(session, case, ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)


def test_a_call_within_all_rules_is_allowed_and_stored(session, case, caller, lender):
    decision = gate.require(session, **call(case, caller))

    assert decision.allowed
    assert decision.pack_version == policies.of(lender, NOW).version_id
    assert {line.id for line in gate.explain(decision)} >= {RuleId.HOURS, RuleId.ATTEMPTS_PER_DAY}
    assert audit.timeline(session, case=case)[0].action == "contact_allowed"


def test_a_refused_decision_stays_although_the_service_is_undone(session, case, caller):
    @in_savepoint
    def call_and_note(session):
        case.state = CaseState.CONTACTING
        gate.require(session, **call(case, caller, now=NIGHT))

    with pytest.raises(Refused) as refusal:
        call_and_note(session)

    stored = session.scalars(select(Decision)).one()
    assert (stored.allowed, stored.ref) == (False, refusal.value.facts["decision"])
    assert [line.id for line in gate.explain(stored) if not line.passed] == [RuleId.HOURS]
    entry = audit.timeline(session, case=case)[0]
    assert (entry.action, entry.facts["failed"]) == ("contact_refused", "hours")
    assert case.state is CaseState.CONFIRMED


def test_a_refusal_names_every_broken_rule_with_its_source(session, app, case, caller):
    cases.hold(session, case=case, reason=HoldReason.BEREAVEMENT, subject=None, actor=caller, now=NOW)

    with pytest.raises(Refused) as refusal:
        gate.require(session, **call(case, caller, now=NIGHT))

    with app.test_request_context("/?lang=en"):
        said = words.refusal(refusal.value)
    assert "only between 08:00 and 22:00, the borrower's time. (Source: China Banking Association" in said
    assert "In force now: Bereavement. (Source: Reserve Bank of India" in said


def test_every_rule_has_a_sentence_whose_gaps_its_facts_fill(session, case, caller, app, lender):
    asked = [
        gate.judge(
            session, **(call(case, caller) | {"action": action, "initiator": initiator, "visit_start": at})
        )
        for action in Action
        for initiator in Initiator
        for at in (None, VISIT_AT)
    ]
    seen = {rule.id for judgement in asked for rule in judgement.rules}
    assert seen == set(RuleId)
    for judgement in asked:
        for line in map(gate.as_line, judgement.rules):
            for locale in Locale:
                with app.test_request_context(f"/?lang={locale.value}"):
                    assert words.operations.rule(line, "CNY")


def test_asking_for_a_page_stores_nothing(session, case, caller):
    assert gate.judge(session, **call(case, caller)).allowed
    assert session.scalar(select(func.count()).select_from(Decision)) == 0


def test_without_a_confirmed_overdue_nobody_is_called(session, lender, caller):
    paid = factories.late_borrower(session, lender, late=0)

    assert RuleId.OVERDUE_CONFIRMED in failed(gate.judge(session, **call(paid, caller)))


def test_the_hours_are_those_of_the_borrower(session, case, caller):
    case.borrower.timezone = "America/New_York"  # 21:00 the evening before

    assert gate.judge(session, **call(case, caller)).allowed
    later = NOW + timedelta(hours=1)
    assert failed(gate.judge(session, **call(case, caller, now=later))) == {RuleId.HOURS}


def test_calls_count_by_case_in_the_borrowers_day(session, case, caller):
    decision = gate.ask(session, **call(case, caller))
    before_midnight = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)
    spoke(session, case, decision, at=before_midnight, outcome=ContactOutcome.NO_ANSWER)
    spoke(session, case, decision, at=NOW - timedelta(hours=1), outcome=ContactOutcome.NO_ANSWER)
    assert gate.judge(session, **call(case, caller)).allowed

    spoke(session, case, decision, at=NOW - timedelta(minutes=1), outcome=ContactOutcome.BUSY)

    assert failed(gate.judge(session, **call(case, caller))) == {RuleId.ATTEMPTS_PER_DAY}


def test_after_a_conversation_there_is_quiet_for_a_day(session, case, caller):
    decision = gate.ask(session, **call(case, caller))
    spoke(session, case, decision, at=NOW - timedelta(hours=23))
    assert RuleId.COOLDOWN in failed(gate.judge(session, **call(case, caller)))

    assert gate.judge(session, **call(case, caller, now=NOW + timedelta(hours=1))).allowed


def test_a_telephone_that_is_a_strangers_is_closed_and_nothing_beside_it(session, case, caller):
    begun = gate.ask(session, **call(case, caller))
    main = select(ContactPoint).where(ContactPoint.kind == ContactKind.PHONE)
    spoke(session, case, begun, at=NOW - timedelta(days=1), outcome=ContactOutcome.WRONG_NUMBER)
    session.scalars(select(Contact)).one().contact_point_id = session.scalars(main).one().id
    session.flush()

    def refused(action):
        return failed(gate.judge(session, **call(case, caller) | {"action": action, "telling": False}))

    assert RuleId.RIGHT_PARTY in refused(Action.CALL)
    assert RuleId.RIGHT_PARTY in refused(Action.SMS)
    assert RuleId.RIGHT_PARTY not in refused(Action.EMAIL) | refused(Action.LETTER)
    assert RuleId.RIGHT_PARTY not in refused(Action.VISIT_PROPOSAL)


def test_a_hold_that_ended_stops_nothing(session, case, caller):
    held = cases.hold(session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=caller, now=NOW)
    assert failed(gate.judge(session, **call(case, caller))) == {RuleId.NO_HOLD}

    cases.end_hold(session, hold=held, case=case, actor=caller, now=NOW)

    assert session.scalars(select(Hold)).one().ended_at
    assert gate.judge(session, **call(case, caller)).allowed


def test_a_service_message_is_not_stopped_by_a_hold(session, case, caller):
    cases.hold(session, case=case, reason=HoldReason.COMPLAINT, subject=None, actor=caller, now=NOW)
    question = call(case, caller) | {"action": Action.SMS, "action_class": ActionClass.SERVICE}

    assert gate.judge(session, **question).allowed


def test_the_borrower_books_a_visit_with_consent_proofs_and_a_trained_crew(session, case):
    ready_for_a_visit(session, case)

    decision = gate.require(session, **booking(session, case))

    assert decision.allowed


def test_a_visit_without_consent_or_proofs_is_refused_by_both_rules(session, case):
    judgement = gate.judge(session, **booking(session, case))

    assert failed(judgement) == {RuleId.VISIT_CONSENT, RuleId.VISIT_DOCUMENTS}


def test_a_rejected_or_too_old_proof_does_not_count(session, case):
    agree_to_visits(session, case)
    hand_in(session, case, ProofKind.IDENTITY, ProofKind.RESIDENCE)
    hand_in(session, case, ProofKind.INCOME, received_on=date(2025, 11, 1))
    assert failed(gate.judge(session, **booking(session, case))) == {RuleId.VISIT_DOCUMENTS}

    hand_in(session, case, ProofKind.INCOME)
    assert gate.judge(session, **booking(session, case)).allowed


def test_a_crew_of_one_or_without_training_does_not_go(session, case, lender):
    ready_for_a_visit(session, case)
    trained, untrained = factories.staff(session, lender), factories.staff(session, lender, trained=False)

    alone = gate.judge(session, **booking(session, case, crew=[trained]))
    mixed = gate.judge(session, **booking(session, case, crew=[trained, untrained]))

    assert (failed(alone), failed(mixed)) == ({RuleId.CREW_MINIMUM}, {RuleId.CREW_TRAINED})


def test_training_must_hold_on_the_day_of_the_visit(session, case):
    ready_for_a_visit(session, case)
    next_year = VISIT_AT + timedelta(days=360)

    judgement = gate.judge(session, **booking(session, case, visit_start=next_year))

    assert RuleId.CREW_TRAINED in failed(judgement)


def test_withdrawn_consent_stops_visits(session, case):
    ready_for_a_visit(session, case)
    session.scalars(select(Consent)).one().revoked_at = NOW

    judgement = gate.judge(session, **booking(session, case))

    assert failed(judgement) == {RuleId.CONSENT_NOT_REVOKED, RuleId.VISIT_CONSENT}


def test_when_nobody_at_home_knows_there_is_no_visit_to_the_home(session, case):
    ready_for_a_visit(session, case)

    judgement = gate.judge(session, **booking(session, case, discreet=True))

    assert failed(judgement) == {RuleId.NOBODY_AT_HOME_KNOWS}


@pytest.fixture
def spdb(session):
    """The lender whose own visits come after telephone and SMS; the first one of its test."""
    return factories.lender(session, "spdb-puhui")


def test_the_lender_visits_only_after_phone_and_sms_failed(session, spdb):
    case = factories.late_borrower(session, spdb, late=4)
    agree_to_visits(session, case)
    caller = factories.actor_of(factories.staff(session, spdb, Role.CALLER))
    question = booking(session, case, initiator=Initiator.LENDER, actor=caller, accepted=True)
    assert failed(gate.judge(session, **question)) == {RuleId.VISIT_FAILED_CHANNELS}

    decision = gate.ask(session, **call(case, caller))
    for channel, outcome in (
        (Channel.PHONE, ContactOutcome.NO_ANSWER),
        (Channel.SMS, ContactOutcome.SENT),
    ):
        spoke(session, case, decision, at=NOW - timedelta(days=3), outcome=outcome, channel=channel)
    assert gate.judge(session, **question).allowed

    spoke(session, case, decision, at=NOW - timedelta(days=2))
    assert failed(gate.judge(session, **question)) == {RuleId.VISIT_FAILED_CHANNELS}
