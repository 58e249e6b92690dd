"""Approvals on the page: what changes, a reason for every answer, never the own request."""

import re
from decimal import Decimal

import pytest

from portal.domain.concessions import Concession
from portal.models import Plan
from portal.services import approvals, lenders
from portal.vocabulary import ConcessionKind, PlanState, Role
from tests import factories
from tests.at_the_table import budget_of, propose
from tests.signing_in import sign_in_staff

HALF_THE_PENALTY = (Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal("0.5")),)
HALF_THE_RATE = (Concession(ConcessionKind.INTEREST_REDUCTION, share=Decimal("0.5")),)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def person(session, case):
    lender = lenders.get(session, case.lender_id)
    return lambda *roles: factories.staff(session, lender, *roles)


@pytest.fixture
def asked(session, case, person):
    """A plan that waits for a yes."""

    def ask(by=None, given=HALF_THE_PENALTY):
        actor = factories.actor_of(by or person(Role.AGENT))
        budget = budget_of(session, case)
        plan = propose(
            session, case, budget, actor, periods=12, concessions=given, reason="The <b>factory</b> closed"
        )
        session.commit()
        return plan.ref

    return ask


def enter(client, session, person):
    session.commit()
    sign_in_staff(client, person)
    client.get("/agent?lang=en")


def answer(client, ref, decision, words="Seen the proof of income"):
    page = client.get(f"/agent/plans/{ref}/approval").text
    version = re.search(r'name="version" type="hidden" value="(\d+)"', page)[1]
    entries = {"decision": decision, "answer": words, "version": version}
    return client.post(f"/agent/plans/{ref}/approval", entries)


def state_of(session, ref):
    session.rollback()
    session.expire_all()
    found = session.query(Plan).filter_by(ref=ref).one().state
    session.rollback()
    return found


def test_a_lead_sees_what_changes_and_says_yes(client, session, asked, person):
    ref = asked()
    enter(client, session, person(Role.LEAD))

    assert "The &lt;b&gt;factory&lt;/b&gt; closed" in client.get("/agent/approvals").text
    page = client.get(f"/agent/plans/{ref}/approval").text
    assert page.count("<del>") >= 3
    assert "The lender gives up" in page
    response = answer(client, ref, "approve")

    page = client.follow(response)
    assert "Nothing is waiting" in page.text
    assert state_of(session, ref) is PlanState.APPROVED
    assert "Seen the proof of income" in client.get("/agent/approvals?decided=1").text


def test_the_agent_reads_the_answer_on_the_plan(client, session, asked, person):
    agent = person(Role.AGENT, Role.CALLER)
    ref = asked(by=agent)
    enter(client, session, person(Role.LEAD))
    answer(client, ref, "refuse", "The proof of income is missing")

    enter(client, session, agent)
    page = client.get(f"/agent/plans/{ref}").text

    assert "Not approved" in page
    assert "The proof of income is missing" in page


def test_an_answer_without_a_reason_is_asked_for_one(client, session, asked, person):
    ref = asked()
    enter(client, session, person(Role.LEAD))

    response = answer(client, ref, "approve", "")

    assert response.status_code == 422
    assert "Please fill this in" in response.text
    assert state_of(session, ref) is PlanState.WAITING_APPROVAL


def test_nobody_answers_their_own_request(client, session, asked, person):
    both = person(Role.AGENT, Role.LEAD)
    ref = asked(by=both)
    enter(client, session, both)

    page = client.get(f"/agent/plans/{ref}/approval")
    assert "You asked for this yourself" in page.text
    response = client.post(
        f"/agent/plans/{ref}/approval", {"decision": "approve", "answer": "Fine", "version": "1"}
    )

    assert response.status_code == 409
    assert state_of(session, ref) is PlanState.WAITING_APPROVAL


def test_what_only_a_manager_may_give_a_lead_cannot_answer(client, session, asked, person):
    ref = asked(given=HALF_THE_RATE)
    enter(client, session, person(Role.LEAD))
    page = client.get(f"/agent/plans/{ref}/approval")
    assert "decided by a manager" in page.text
    response = client.post(
        f"/agent/plans/{ref}/approval", {"decision": "approve", "answer": "Fine", "version": "1"}
    )
    assert response.status_code == 409

    enter(client, session, person(Role.MANAGER))
    assert answer(client, ref, "approve").status_code == 303
    assert state_of(session, ref) is PlanState.APPROVED


def test_an_answer_to_a_plan_that_changed_since_is_a_conflict(client, session, asked, person):
    ref, lead, other = asked(), person(Role.LEAD), person(Role.LEAD)
    enter(client, session, lead)
    client.get(f"/agent/plans/{ref}/approval")
    plan = session.query(Plan).filter_by(ref=ref).one()
    approvals.decide(
        session,
        plan=plan,
        version=plan.version,
        approved=False,
        answer="Not like this",
        actor=factories.actor_of(other),
        now=plan.created_at,
    )
    session.commit()

    response = client.post(
        f"/agent/plans/{ref}/approval", {"decision": "approve", "answer": "Fine", "version": "1"}
    )

    assert response.status_code == 409
    assert "answered or changed in the meantime" in response.text
    assert "Not like this" in response.text
    assert "Fine" in response.text
    assert state_of(session, ref) is PlanState.REFUSED


@pytest.mark.parametrize("role", [Role.AGENT, Role.CALLER, Role.HANDLER])
def test_other_roles_have_no_approvals(client, session, asked, person, role):
    ref = asked()
    enter(client, session, person(role))

    assert client.get("/agent/approvals").status_code == 403
    assert client.get(f"/agent/plans/{ref}/approval").status_code == 403


def test_another_lenders_request_does_not_exist(client, session, asked):
    ref = asked()
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.LEAD)
    enter(client, session, stranger)

    assert "Nothing is waiting" in client.get("/agent/approvals").text
    assert client.get(f"/agent/plans/{ref}/approval").status_code == 404
