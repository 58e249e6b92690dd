"""What comes next, on the page of a case; and another choice, with a reason."""

import pytest

from portal.services import policies, strategies
from portal.vocabulary import NextStep, Role, StepReason
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    made = factories.late_borrower(session, lender)
    strategies.recompute(
        session, case=made, policy=policies.of(lender, NOW), actor=factories.nightly(lender), now=NOW
    )
    session.commit()
    return made


@pytest.fixture
def lead(session, lender, client):
    person = factories.staff(session, lender, Role.LEAD)
    session.commit()
    sign_in_staff(client, person)
    return person


def test_a_case_says_what_comes_next_and_why(client, lead, case):
    page = client.get(f"/agent/cases/{case.ref}")

    assert "What comes next" in page.text
    assert "nobody has spoken with the borrower about it yet" in page.text


def test_a_person_chooses_another_step_with_a_reason_and_gives_it_back(client, session, lead, case):
    chosen = {"step": "wait", "until": "2026-03-05", "reason": "On a ship until then"}
    client.get(f"/agent/cases/{case.ref}/strategy")
    client.post(f"/agent/cases/{case.ref}/strategy", chosen)
    session.expire_all()
    row = strategies.of_case(session, case=case)

    assert (row.step, row.reason, row.set_by) == (NextStep.WAIT, StepReason.SET_BY_PERSON, lead.id)
    assert "On a ship until then" in client.get(f"/agent/cases/{case.ref}/strategy").text
    session.rollback()
    client.post(f"/agent/cases/{case.ref}/strategy/release", {})
    session.expire_all()
    row = strategies.of_case(session, case=case)
    assert (row.step, row.reason, row.set_by) == (NextStep.CALL, StepReason.FIRST_CONTACT, None)


@pytest.mark.parametrize(
    "changed", [{"reason": " "}, {"until": "2026-03-01"}, {"until": "2026-04-03"}, {"step": "shout"}]
)
def test_no_choice_without_a_reason_a_day_ahead_and_a_known_step(client, session, lead, case, changed):
    chosen = {"step": "wait", "until": "2026-03-05", "reason": "On a ship"} | changed
    client.get(f"/agent/cases/{case.ref}/strategy")
    answer = client.post(f"/agent/cases/{case.ref}/strategy", chosen)

    assert answer.status_code == 422
    session.expire_all()
    assert strategies.of_case(session, case=case).set_by is None
