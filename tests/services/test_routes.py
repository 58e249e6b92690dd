"""The stops of a day: whose, which, in which order."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from portal.models import ContactPoint
from portal.services import reveals, routes
from portal.vocabulary import ContactKind, Role, VisitState
from tests import factories
from tests.conftest import NOW

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def agent(session, lender):
    return factories.staff(session, lender, Role.AGENT, name="Ann Example")


def stop_at(session, lender, *crew, starts=NOW, **options):
    case = factories.late_borrower(session, lender)
    return factories.visit(session, case, crew=crew, starts=starts, **options)


def stops(session, agent, day=factories.TODAY):
    return routes.stops(session, actor=factories.actor_of(agent), day=day, zone=ZONE, now=NOW)


def test_stops_stand_in_the_order_of_their_windows(session, lender, agent):
    late = stop_at(session, lender, agent, starts=NOW + timedelta(hours=5))
    early = stop_at(session, lender, agent, starts=NOW + timedelta(hours=1))

    assert [stop.visit for stop in stops(session, agent)] == [early, late]


def test_only_the_stops_of_the_day_and_of_this_person_are_listed(session, lender, agent):
    other = factories.staff(session, lender, Role.AGENT, name="Ben Example")
    mine = stop_at(session, lender, agent, other)
    stop_at(session, lender, other)
    stop_at(session, lender, agent, starts=NOW + timedelta(days=1))

    found = stops(session, agent)

    assert [stop.visit for stop in found] == [mine]
    assert found[0].crew == ("Ann Example", "Ben Example")


def test_the_day_is_the_lenders(session, lender, agent):
    stop_at(session, lender, agent, starts=NOW.replace(hour=23))  # 07:00 on the 3rd in Shanghai

    assert stops(session, agent) == []


@pytest.mark.parametrize(
    ("state", "listed"),
    [
        (VisitState.PROPOSED, False),
        (VisitState.MOVED, False),
        (VisitState.AGREED, True),
        (VisitState.DONE, True),
        (VisitState.CANCELLED, True),
    ],
)
def test_what_was_only_proposed_or_moved_away_is_no_stop(session, lender, agent, state, listed):
    stop_at(session, lender, agent, state=state)

    assert bool(stops(session, agent)) is listed


def test_a_stop_masks_the_name_and_has_a_position_only_when_one_is_on_file(session, lender, agent):
    visit = stop_at(session, lender, agent)
    (stop,) = stops(session, agent)
    assert (stop.borrower, stop.contact.position) == ("Test **", None)

    home = session.query(ContactPoint).filter_by(borrower_id=visit.case.borrower_id, kind=ContactKind.ADDRESS)
    home.one().position = "25.03396,121.56447"
    session.flush()
    assert stops(session, agent)[0].contact.position is None

    reveals.show_contact(session, visit=visit, actor=factories.actor_of(agent), now=NOW)

    assert stops(session, agent)[0].contact.position == "25.03396,121.56447"


def test_a_longer_day_asks_the_database_no_more_often(session, lender, agent):
    def queries():
        session.flush()
        session.expunge_all()
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", listener)
        found = stops(session, agent)
        event.remove(session.get_bind(), "before_cursor_execute", listener)
        return len(found), len(count)

    for _ in range(3):
        stop_at(session, lender, agent)
    few = queries()
    for _ in range(27):
        stop_at(session, lender, agent)
    many = queries()

    assert (few[0], many[0]) == (3, 30)
    assert few[1] == many[1]
