"""The database itself refuses what reaches a borrower without a decision of the gate."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.models import Contact, Lender
from portal.services import notifications
from portal.vocabulary import Channel, ContactOutcome
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session))


def without_decision(session, table, row):
    """Take the decision away from a row that is there, past every service and model."""
    session.flush()
    session.execute(text(f"UPDATE {table} SET decision_id = NULL WHERE id = :id"), {"id": row.id})


def test_a_message_to_a_borrower_needs_one(session, case):
    message = notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=NOW, case=case, code="123456"
    )
    assert message.decision_id is not None
    with pytest.raises(IntegrityError):
        without_decision(session, "message", message)


def test_a_visit_needs_one(session, case):
    visit = _visit(session, case)
    assert visit.decision_id is not None
    with pytest.raises(IntegrityError):
        without_decision(session, "visit", visit)


def test_a_contact_needs_one(session, case):
    contact = Contact(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        channel=Channel.PHONE,
        inbound=False,
        at=NOW,
        outcome=ContactOutcome.REACHED,
    )
    session.add(contact)
    with pytest.raises(IntegrityError, match="decision_id"):
        session.flush()


def _visit(session, case):
    lender = session.get_one(Lender, case.lender_id)
    crew = [factories.staff(session, lender), factories.staff(session, lender)]
    return factories.visit(session, case, crew=crew)
