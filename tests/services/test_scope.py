"""Who sees what: not yours does not exist."""

from datetime import timedelta

import pytest

from portal.models import Case
from portal.services import cases, scope
from portal.vocabulary import Role
from tests import factories
from tests.factories import NOW, actor_of


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def sees(session, person, case, now=NOW):
    return session.scalar(scope.cases(actor_of(person), now=now).where(Case.id == case.id)) is case


def test_a_borrower_sees_their_own_case_and_no_other(session, lender, case):
    stranger = factories.late_borrower(session, lender)

    assert sees(session, case.borrower, case)
    assert not sees(session, case.borrower, stranger)


@pytest.mark.parametrize("role", [Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR, Role.ADMIN])
def test_who_works_on_the_whole_book_sees_every_case_of_the_lender(session, lender, case, role):
    assert sees(session, factories.staff(session, lender, role), case)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_of_another_lender_sees_it(session, case, role):
    other = factories.lender(session, "spdb-puhui")

    assert not sees(session, factories.staff(session, other, role), case)


def test_an_agent_sees_a_case_from_the_day_before_their_visit(session, lender, case):
    agent = factories.staff(session, lender, Role.AGENT)
    assert not sees(session, agent, case)

    visit = factories.visit(session, case, crew=[agent])

    assert sees(session, agent, case, now=visit.window_start - timedelta(hours=20))
    assert not sees(session, agent, case, now=visit.window_start - timedelta(days=3))
    assert not sees(session, factories.staff(session, lender, Role.AGENT), case, now=visit.window_start)


def test_a_handler_sees_complaints_and_not_the_book(session, lender, case):
    handler = factories.staff(session, lender, Role.HANDLER)

    assert cases.find(session, case.ref, actor=actor_of(handler), now=NOW) is None
