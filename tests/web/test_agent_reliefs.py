"""Relief on a case: who reads it, and how a manager takes one back."""

import pytest
from sqlalchemy import select

from portal.infra.files import FileStore
from portal.models import Relief
from portal.services import lenders, reliefs
from portal.vocabulary import ConcessionKind, ReliefKind, Role
from tests import factories
from tests.agreements_in_force import agreed, waiver
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.plain_papers import plain_papers  # noqa: F401  (a fixture)
from tests.signing_in import sign_in_staff


@pytest.fixture
def case(session, settings):
    made = factories.late_borrower(session, factories.lender(session), late=3)
    agreed(session, made, FileStore(settings.files), concessions=(waiver(ConcessionKind.PENALTY_WAIVER, 60),))
    return made


def enter(client, session, case, *roles):
    person = factories.staff(session, lenders.get(session, case.lender_id), *roles)
    session.commit()
    sign_in_staff(client, person)
    session.rollback()


def stop(session):
    session.expire_all()
    return session.scalars(select(Relief).where(Relief.kind == ReliefKind.PENALTY_STOP)).one()


def test_the_list_says_what_was_given_from_which_agreement(client, session, case):
    enter(client, session, case, Role.AUDITOR)

    page = client.get(f"/agent/cases/{case.ref}/reliefs").text

    assert "No penalty interest from a day on" in page
    assert "60% of what is owed on the first day" in page
    assert "from 2 Mar 2026 on" in page
    assert page.count("In force") == 2
    assert "Relief on these loans" in client.get(f"/agent/cases/{case.ref}").text


def test_a_manager_withdraws_with_a_reason_that_is_kept(client, session, case):
    enter(client, session, case, Role.MANAGER)
    address = f"/agent/reliefs/{stop(session).ref}"
    session.rollback()
    client.get(address)

    empty = client.post(f"{address}/withdrawal", {"reason": "  "})
    assert (empty.status_code, "field-error" in empty.text) == (422, True)
    answer = client.post(f"{address}/withdrawal", {"reason": "On the wrong loan"})

    assert answer.headers["Location"] == f"/agent/cases/{case.ref}/reliefs"
    assert stop(session).withdrawn_at is not None
    session.rollback()
    page = client.get(address).text
    assert "Test Staff withdrew it on" in page
    assert "On the wrong loan" in page
    assert "Withdraw it for good" not in page


def test_a_second_withdrawal_is_told(client, session, case):
    enter(client, session, case, Role.MANAGER)
    address = f"/agent/reliefs/{stop(session).ref}"
    session.rollback()
    client.get(address)
    other = factories.actor_of(factories.staff(session, lenders.get(session, case.lender_id), Role.MANAGER))
    reliefs.withdraw(session, relief=stop(session), case=case, reason="First", actor=other, now=NOW)
    session.commit()

    again = client.post(f"{address}/withdrawal", {"reason": "Second"})

    assert again.status_code == 409
    assert "This relief was withdrawn before." in again.text
    assert stop(session).withdrawal_reason == "First"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.LEAD, Role.CALLER])
def test_others_read_and_have_no_button(client, session, case, role):
    enter(client, session, case, role)
    address = f"/agent/reliefs/{stop(session).ref}"
    session.rollback()

    page = client.get(address)
    assert page.status_code == 200
    assert "Withdraw" not in page.text
    assert client.post(f"{address}/withdrawal", {"reason": "x"}).status_code == 403
