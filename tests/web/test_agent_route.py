"""The route list of a day."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.models import ContactPoint
from portal.vocabulary import ContactKind, Role
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def agent(client, session, lender):
    made = factories.staff(session, lender, Role.AGENT, name="Ann Example")
    session.commit()
    sign_in_staff(client, made)
    return made


def stop(session, lender, agent, **options):
    visit = factories.visit(session, factories.late_borrower(session, lender), crew=[agent], **options)
    session.commit()
    return visit


def test_a_stop_shows_window_masked_name_and_crew(client, session, lender, agent):
    visit = stop(session, lender, agent)

    text = client.get("/agent/route?lang=en").text

    for expected in ("10:00–12:00", "Test **", "Ann Example", "Find a plan together", visit.ref):
        assert expected in text
    assert "Test Borrower" not in text


def test_the_way_there_is_offered_only_when_a_position_is_on_file(client, session, lender, agent):
    visit = stop(session, lender, agent)
    assert "geo:" not in client.get("/agent/route").text

    session.query(ContactPoint).filter_by(kind=ContactKind.ADDRESS).one().position = "25.03396,121.56447"
    session.commit()

    page = client.get("/agent/route").text
    assert "geo:" not in page
    assert "tel:" not in page

    client.post(f"/agent/visits/{visit.ref}/contact", {"page": "route"})

    page = client.get("/agent/route").text
    assert 'href="geo:25.03396,121.56447"' in page
    assert 'href="tel:+8869000' in page


def test_where_nobody_at_home_knows_the_list_says_so(client, session, lender, agent):
    stop(session, lender, agent, discreet=True)

    assert "Nobody at home knows" in client.get("/agent/route?lang=en").text


def test_another_day_is_one_link_away(client, session, lender, agent):
    stop(session, lender, agent, starts=NOW + timedelta(days=1))

    today, tomorrow = client.get("/agent/route?lang=en").text, client.get("/agent/route?date=2026-03-03").text

    assert "No stops on this day" in today
    assert "date=2026-03-03" in today
    assert "Test **" in tomorrow


@pytest.mark.parametrize("day", ["", "never", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_a_day_that_does_not_exist_is_today(client, agent, day):
    assert "Mon 2 Mar" in client.get(f"/agent/route?lang=en&date={day}").text


@pytest.mark.parametrize("role", [Role.CALLER, Role.LEAD, Role.HANDLER, Role.AUDITOR])
def test_the_route_is_for_agents(client, session, lender, role):
    person = factories.staff(session, lender, role)
    session.commit()
    sign_in_staff(client, person)

    assert client.get("/agent/route").status_code == 403


def test_a_longer_route_asks_the_database_no_more_often(client, session, lender, agent):
    def queries():
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        engine = client.app.extensions["installation"].engine
        event.listen(engine, "before_cursor_execute", listener)
        page = client.get("/agent/route").text
        event.remove(engine, "before_cursor_execute", listener)
        return page.count("stop-number"), len(count)

    for _ in range(3):
        stop(session, lender, agent)
    client.get("/agent/route")
    few = queries()
    for _ in range(27):
        stop(session, lender, agent)
    many = queries()

    assert (few[0], many[0]) == (3, 30)
    assert few[1] == many[1]
