"""The doors of both portals, each alone: what stands behind one does not make up for it."""

import pytest
from flask_login import login_user
from werkzeug.exceptions import Forbidden

from portal.vocabulary import Role
from portal.web import access
from tests import factories


@pytest.fixture
def asks_as(app, session):
    """Ask a door as somebody who is signed in."""

    def ask(door, person):
        session.commit()
        with app.test_request_context():
            login_user(access._person(factories.actor_of(person)))
            return door()

    return ask


@pytest.fixture
def lender(session):
    return factories.lender(session)


def test_the_door_of_the_staff_lets_staff_in_and_no_borrower(asks_as, session, lender):
    assert asks_as(access.only_staff, factories.staff(session, lender, Role.AGENT)) is None
    with pytest.raises(Forbidden):
        asks_as(access.only_staff, factories.borrower(session, lender))


def test_the_door_of_the_borrowers_lets_borrowers_in_and_no_staff(asks_as, session, lender):
    assert asks_as(access.only_borrowers, factories.borrower(session, lender)) is None
    with pytest.raises(Forbidden):
        asks_as(access.only_borrowers, factories.staff(session, lender, Role.AGENT))
