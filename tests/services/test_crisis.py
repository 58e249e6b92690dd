"""Somebody is not well: collecting stops at once, a lead is told, and only a lead lets it go on."""

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import Hold, Message
from portal.services import audit, cases, crisis, gate, strategies
from portal.vocabulary import (
    Action,
    ActionClass,
    HoldReason,
    Initiator,
    NextStep,
    Role,
    StepReason,
)
from tests import factories
from tests.factories import NOW, actor_of


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def caller(session, lender):
    return actor_of(factories.staff(session, lender, Role.CALLER))


@pytest.fixture
def lead(session, lender):
    return factories.staff(session, lender, Role.LEAD)


def alarm(session, case, actor):
    return crisis.raise_alarm(session, case=case, actor=actor, now=NOW)


def may_call(session, case, actor, initiator=Initiator.LENDER):
    return gate.judge(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=initiator,
        actor=actor,
        now=NOW,
    ).allowed


def test_what_the_lender_starts_stops_at_once(session, case, caller, lead):
    assert may_call(session, case, caller)

    alarm(session, case, caller)

    assert not may_call(session, case, caller)
    strategy = strategies.of_case(session, case=case)
    assert (strategy.step, strategy.reason) == (NextStep.NONE, StepReason.ON_HOLD)
    assert "crisis_raised" in [event.action for event in audit.timeline(session, case=case)]


def test_every_lead_is_told_at_once_and_the_message_names_no_borrower(session, case, caller, lead, lender):
    other = factories.staff(session, lender, Role.LEAD)
    factories.staff(session, lender, Role.MANAGER)

    alarm(session, case, caller)

    told = session.scalars(select(Message).where(Message.template == "crisis_raised")).all()
    assert {message.recipient for message in told} == {lead.email, other.email}
    assert all(message.not_before == NOW for message in told)
    assert all(case.ref in message.body and "Test Borrower" not in message.body for message in told)


def test_without_a_lead_the_manager_is_told(session, case, caller, lender):
    manager = factories.staff(session, lender, Role.MANAGER)

    alarm(session, case, caller)

    assert session.scalars(select(Message)).one().recipient == manager.email


def test_a_second_alarm_changes_nothing(session, case, caller, lead):
    first = alarm(session, case, caller)

    assert alarm(session, case, actor_of(case.borrower)) is first
    assert len(session.scalars(select(Message)).all()) == 1
    assert len(cases.holds_of(session, case)) == 1


def test_only_a_lead_or_manager_lets_contact_go_on_and_the_reason_is_kept(session, case, caller, lead):
    alarm(session, case, caller)

    with pytest.raises(Refused, match="crisis_not_yours"):
        crisis.end(session, case=case, reason="Fine", actor=caller, now=NOW)
    crisis.end(session, case=case, reason=" Spoke with her sister ", actor=actor_of(lead), now=NOW)

    hold = session.scalars(select(Hold)).one()
    assert (hold.end_reason, hold.ended_by) == ("Spoke with her sister", str(actor_of(lead)))
    assert may_call(session, case, caller)
    assert strategies.of_case(session, case=case).reason is not StepReason.ON_HOLD


def test_what_is_over_is_not_ended_again_nor_another_hold(session, case, lead):
    cases.hold(session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=actor_of(lead), now=NOW)

    with pytest.raises(Refused, match="crisis_over"):
        crisis.end(session, case=case, reason="Fine", actor=actor_of(lead), now=NOW)
    assert [hold.reason for hold in cases.holds_of(session, case)] == [HoldReason.HOSPITAL]


def test_leads_see_the_cases_it_goes_on_for_with_masked_names(session, lender, case, caller, lead):
    over = factories.late_borrower(session, lender)
    alarm(session, over, caller)
    crisis.end(session, case=over, reason="Fine", actor=actor_of(lead), now=NOW)
    alarm(session, case, caller)

    lines = crisis.going_on(session, actor=actor_of(lead), now=NOW)

    assert [(line.case, line.borrower) for line in lines] == [(case, "Test **")]
    assert crisis.count(session, actor=actor_of(lead), now=NOW) == 1
