"""A second person's yes: never the asker's, only from the right tier, on the plan as it was read."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from portal.domain.concessions import Concession
from portal.domain.refusals import Refused
from portal.models import Approval
from portal.services import approvals, audit, lenders
from portal.vocabulary import ConcessionKind, PlanState, Role
from tests import factories
from tests.at_the_table import budget_of, propose
from tests.conftest import NOW

FOR_A_LEAD = (Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal("0.5")),)
FOR_A_MANAGER = (Concession(ConcessionKind.INTEREST_REDUCTION, share=Decimal("0.5")),)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def person(session, case):
    """Make a member of staff of the case's lender."""
    lender = lenders.get(session, case.lender_id)
    return lambda *roles: factories.actor_of(factories.staff(session, lender, *roles))


@pytest.fixture
def asked(session, case, person):
    """Make a plan that waits for a yes."""
    budget = budget_of(session, case)
    return lambda given=FOR_A_LEAD, by=None: propose(
        session, case, budget, by or person(Role.AGENT), periods=12, concessions=given
    )


def decide(session, plan, actor, *, approved=True, version=None, answer="Good for both"):
    return approvals.decide(
        session,
        plan=plan,
        version=plan.version if version is None else version,
        approved=approved,
        answer=answer,
        actor=actor,
        now=NOW,
    )


def refusal_of(session, plan, actor, **named):
    with pytest.raises(Refused) as refused:
        decide(session, plan, actor, **named)
    return refused.value.code


def test_a_lead_says_yes_and_the_plan_is_ready_to_sign(session, asked, person):
    plan, lead = asked(), person(Role.LEAD)

    decide(session, plan, lead)

    approval = approvals.of_plan(session, plan=plan)
    assert plan.state is PlanState.APPROVED
    assert (approval.approved, approval.decided_by, approval.answer) == (True, lead.id, "Good for both")
    assert audit.verify(session, lender_id=plan.lender_id).intact


def test_a_no_keeps_its_reason(session, asked, person):
    plan = decide(session, asked(), person(Role.LEAD), approved=False, answer="The income proof is missing")

    assert plan.state is PlanState.REFUSED
    assert approvals.of_plan(session, plan=plan).answer == "The income proof is missing"


def test_nobody_approves_what_they_asked_for(session, asked, person):
    lead = person(Role.AGENT, Role.LEAD)
    plan = asked(by=lead)

    assert refusal_of(session, plan, lead) == "approval_own_request"
    assert plan.state is PlanState.WAITING_APPROVAL


def test_the_database_keeps_the_two_people_apart_too(session, asked):
    plan = asked()
    approval = session.query(Approval).filter_by(plan_id=plan.id).one()
    approval.decided_by, approval.decided_at, approval.approved = approval.requested_by, NOW, True

    with pytest.raises(IntegrityError), session.begin_nested():
        session.flush()


def test_a_managers_concession_is_above_a_lead(session, asked, person):
    plan = asked(FOR_A_MANAGER)

    assert refusal_of(session, plan, person(Role.LEAD)) == "approval_above_tier"
    assert decide(session, plan, person(Role.MANAGER)).state is PlanState.APPROVED


def test_a_manager_may_say_yes_to_what_a_lead_may(session, asked, person):
    assert decide(session, asked(), person(Role.MANAGER)).state is PlanState.APPROVED


def test_an_answer_needs_a_reason(session, asked, person):
    assert refusal_of(session, asked(), person(Role.LEAD), answer="  ") == "approval_reason_missing"


def test_a_plan_read_before_it_changed_is_not_decided(session, asked, person):
    plan = asked()

    assert refusal_of(session, plan, person(Role.LEAD), version=plan.version - 1) == "approval_not_waiting"


def test_a_second_answer_is_refused(session, asked, person):
    plan = decide(session, asked(), person(Role.LEAD))

    assert refusal_of(session, plan, person(Role.LEAD)) == "approval_not_waiting"


def test_lists_show_what_waits_and_what_was_decided_of_the_own_lender(session, asked, person):
    first, lead = asked(), person(Role.LEAD)
    decide(session, first, lead)
    second = asked()
    stranger = factories.actor_of(
        factories.staff(session, factories.lender(session, "spdb-puhui"), Role.LEAD)
    )

    assert approvals.waiting(session, actor=lead, now=NOW) == [second]
    assert approvals.decided(session, actor=lead, now=NOW) == [first]
    assert approvals.waiting(session, actor=stranger, now=NOW) == []


def test_a_replaced_plan_waits_no_more(session, asked, person):
    asked()
    newer = asked()

    assert approvals.waiting(session, actor=person(Role.LEAD), now=NOW) == [newer]
