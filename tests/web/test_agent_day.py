"""My day: what waits, for each role."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.models import Proof
from portal.vocabulary import ProofState, Role
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff


@pytest.fixture
def lender(session):
    return factories.lender(session)


def day_of(client, session, lender, *roles):
    person = factories.staff(session, lender, *roles)
    session.commit()
    sign_in_staff(client, person)
    return person


def test_an_agent_sees_how_many_stops_and_the_next_one(client, session, lender):
    agent = day_of(client, session, lender, Role.AGENT)
    for hours in (4, 2):
        factories.visit(
            session,
            factories.late_borrower(session, lender),
            crew=[agent],
            starts=NOW + timedelta(hours=hours),
        )
    session.commit()

    text = client.get("/agent?lang=en").text

    assert "Next: 12:00, Test **" in text
    assert 'href="/agent/route"' in text
    assert "Documents to check" not in text


def test_a_caller_sees_documents_to_check_and_no_route(client, session, lender):
    factories.ready_for_a_visit(session, factories.late_borrower(session, lender))
    session.query(Proof).first().state = ProofState.RECEIVED
    day_of(client, session, lender, Role.CALLER)

    text = client.get("/agent?lang=en").text

    assert "Documents to check" in text
    assert '<p class="figure">1</p>' in text
    assert "Stops today" not in text


def test_who_has_nothing_waiting_is_told_so(client, session, lender):
    day_of(client, session, lender, Role.ADMIN)

    assert "Nothing waits for you here" in client.get("/agent?lang=en").text


@pytest.mark.parametrize("role", list(Role))
def test_every_card_leads_to_a_page_the_person_may_open(client, session, lender, role):
    day_of(client, session, lender, role)
    page = client.get("/agent?lang=en").text.partition('<ul class="cards">')[2].partition("</main>")[0]

    links = [part.partition('"')[0] for part in page.split('href="')[1:]]
    links = [link for link in links if link.startswith("/agent")]

    assert all(client.get(link).status_code == 200 for link in links), links


def test_more_work_asks_the_database_no_more_often(client, session, lender):
    agent = day_of(client, session, lender, *Role)

    def queries():
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        engine = client.app.extensions["installation"].engine
        event.listen(engine, "before_cursor_execute", listener)
        client.get("/agent")
        event.remove(engine, "before_cursor_execute", listener)
        return len(count)

    def stops(number):
        for _ in range(number):
            case = factories.late_borrower(session, lender)
            factories.ready_for_a_visit(session, case)
            factories.visit(session, case, crew=[agent])
        session.commit()

    stops(3)
    client.get("/agent")
    few = queries()
    stops(27)

    assert queries() == few
