"""What comes next is said anew after each event on a case, whoever's act it was."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.preferences import Wishes
from portal.models.audit_entry import AuditEntry
from portal.services import (
    cases,
    complaints,
    consents,
    disputes,
    policies,
    preferences,
    promises,
    strategies,
    visits,
)
from portal.vocabulary import (
    CaseState,
    Channel,
    ComplaintOutcome,
    ComplaintTopic,
    DisputeKind,
    HoldReason,
    Locale,
    NextStep,
    Role,
    ServiceReason,
    StepReason,
)
from tests import agreements_in_force, factories
from tests.factories import NOW, TODAY, actor_of

DAY = timedelta(days=1)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    """A case whose next step is the first call."""
    case = factories.late_borrower(session, lender)
    recomputed(session, lender, case)
    assert next_of(session, case) == (NextStep.CALL, StepReason.FIRST_CONTACT)
    return case


@pytest.fixture
def nightly(lender):
    return factories.nightly(lender)


def recomputed(session, lender, case):
    return strategies.recompute(
        session, case=case, policy=policies.of(lender, NOW), actor=factories.nightly(lender), now=NOW
    )


def next_of(session, case):
    session.flush()
    row = strategies.of_case(session, case=case)
    return row.step, row.reason


def held(session, case, reason, actor):
    return cases.hold(session, case=case, reason=reason, subject=None, actor=actor, now=NOW)


def filed(session, lender, case):
    return complaints.file(
        session,
        lender=lender,
        case=case,
        topic=ComplaintTopic.CONDUCT,
        text="Too loud.",
        locale=Locale.EN,
        actor=actor_of(case.borrower),
        now=NOW,
    )


CALL = (NextStep.CALL, StepReason.FIRST_CONTACT)
HELD = (NextStep.NONE, StepReason.ON_HOLD)


def test_a_hold_stops_and_its_end_lets_go_on(session, case, nightly):
    placed = held(session, case, HoldReason.HOSPITAL, nightly)
    assert next_of(session, case) == HELD

    cases.end_hold(session, hold=placed, case=case, actor=nightly, now=NOW)
    assert next_of(session, case) == CALL


def test_a_complaint_stops_and_its_decision_lets_go_on(session, lender, case):
    complaint = filed(session, lender, case)
    assert next_of(session, case) == HELD

    handler = actor_of(factories.staff(session, lender, Role.HANDLER))
    complaints.claim(session, complaint=complaint, actor=handler, now=NOW)
    complaints.write(
        session, complaint=complaint, body="We look into it.", internal=False, actor=handler, now=NOW
    )
    complaints.decide(
        session,
        complaint=complaint,
        outcome=ComplaintOutcome.UPHELD,
        checked="The recording",
        grounds="It was loud.",
        redress="An apology",
        actor=handler,
        now=NOW,
    )
    assert next_of(session, case) == CALL


def test_a_complaint_taken_back_lets_go_on(session, lender, case):
    complaint = filed(session, lender, case)
    complaints.withdraw(session, complaint=complaint, actor=actor_of(case.borrower), now=NOW)

    assert next_of(session, case) == CALL


def test_a_dispute_stops(session, case):
    disputes.open(
        session,
        case=case,
        kind=DisputeKind.WRONG_AMOUNT,
        words="That is not right.",
        actor=actor_of(case.borrower),
        now=NOW,
    )
    assert next_of(session, case) == HELD


def test_a_consent_leaves_the_next_step_to_the_borrower(session, case):
    consents.register(
        session,
        case=case,
        reason=ServiceReason.CANNOT_COME,
        locale=Locale.EN,
        channel=Channel.PORTAL,
        actor=actor_of(case.borrower),
        now=NOW,
    )
    assert next_of(session, case) == (NextStep.WAIT, StepReason.WITH_THE_BORROWER)


def test_a_wish_for_no_calls_is_heard_at_once(session, case):
    wishes = Wishes(locale=Locale.EN, opted_out=frozenset({Channel.PHONE}))
    preferences.save(
        session,
        borrower=case.borrower,
        wishes=wishes,
        version=0,
        case=None,
        today=TODAY,
        actor=actor_of(case.borrower),
        now=NOW,
    )
    assert next_of(session, case) == (NextStep.SMS, StepReason.FIRST_CONTACT)


def test_a_promise_is_waited_for_until_it_is_taken_back(session, lender, case):
    actor = actor_of(factories.staff(session, lender, Role.CALLER))
    promise = promises.make(
        session, case=case, contact=None, amount=50_000, due_on=TODAY + 3 * DAY, actor=actor, now=NOW
    )
    assert next_of(session, case) == (NextStep.WAIT, StepReason.PROMISE_RUNNING)

    promises.withdraw(session, promise=promise, actor=actor, now=NOW)
    assert next_of(session, case) == CALL


def test_a_visit_called_off_no_longer_keeps_the_lender_waiting(session, lender, case):
    crew = [factories.staff(session, lender, Role.AGENT) for _ in range(2)]
    visit = factories.visit(session, case, crew=crew)
    case.state = CaseState.BOOKED
    waiting = recomputed(session, lender, case)
    assert (waiting.reason, waiting.recheck_on) == (StepReason.WITH_THE_BORROWER, the_day_after(visit))

    visits.cancel(
        session,
        visit=visit,
        case=case,
        policy=policies.of(lender, NOW),
        actor=actor_of(case.borrower),
        now=NOW,
    )
    assert next_of(session, case) == CALL


def the_day_after(visit):
    return visit.window_start.date() + DAY


def test_an_agreement_that_is_sealed_is_left_alone(session, case, installation, tmp_path):
    agreements_in_force.agreed(session, case, installation.files)

    assert next_of(session, case) == (NextStep.WAIT, StepReason.AGREEMENT_KEPT)


def test_legal_action_ends_what_is_done_here(session, case, nightly):
    case.state = CaseState.BROKEN
    cases.move(session, case=case, to=CaseState.LEGAL, actor=nightly, now=NOW)

    assert next_of(session, case) == (NextStep.NONE, StepReason.LEGAL)


def test_another_step_than_before_is_recorded_under_who_caused_it(session, lender, case):
    filed(session, lender, case)
    session.flush()

    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "strategy_changed").order_by(AuditEntry.sequence.desc())
    ).first()
    assert entry.actor == f"borrower:{case.borrower.ref}"


def test_what_changes_nothing_is_not_recorded(session, lender, case):
    def count():
        session.flush()
        return len(session.scalars(select(AuditEntry).where(AuditEntry.action == "strategy_changed")).all())

    before = count()
    recomputed(session, lender, case)
    strategies.follow(session, case=case, actor=factories.nightly(lender), now=NOW)

    assert count() == before


def test_a_case_that_no_night_has_seen_and_a_closed_one_have_no_next_step(session, lender, nightly):
    fresh, closed = factories.late_borrower(session, lender), factories.late_borrower(session, lender)
    row = recomputed(session, lender, closed)
    computed = row.computed_at
    closed.closed_at = NOW

    for each in (fresh, closed):
        strategies.follow(session, case=each, actor=nightly, now=NOW + DAY)

    assert strategies.of_case(session, case=fresh) is None
    assert row.computed_at == computed
