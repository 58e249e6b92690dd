"""The borrower chooses a visit, sees who is coming, changes it, and says when the wrong person comes."""

import re
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal.models import Decision, Message, Visit, VisitCell, VisitMove
from portal.services import audit
from portal.vocabulary import (
    CaseState,
    Role,
    VisitState,
)
from tests import factories
from tests.booking import ready_case
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower

THURSDAY = "2026-03-05"
NINE = "2026-03-05T01:00:00+00:00"
ELEVEN = "2026-03-05T03:00:00+00:00"
CHOICE = {"place": "branch", "discreet": "", "slot": NINE}


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    for name in ("Ann Example", "Ben Example"):
        factories.staff(session, made, Role.AGENT, name=name)
    return made


@pytest.fixture
def case(session, lender):
    made = ready_case(session, lender)
    session.commit()
    return made


@pytest.fixture
def borrower(client, case):
    sign_in_borrower(client, case.borrower)
    return client


def booked(borrower, session, **changes):
    borrower.get("/my/visits/new?place=branch&lang=en")
    response = borrower.post("/my/visits", CHOICE | changes)
    assert response.status_code == 303, response.text
    session.expire_all()
    ref = response.headers["Location"].rpartition("/")[2]
    found = session.scalars(select(Visit).where(Visit.ref == ref)).one()
    session.commit()
    return found


def test_first_comes_the_place_then_the_times(borrower):
    places = borrower.get("/my/visits/new?lang=en")
    times = borrower.get("/my/visits/new?place=home")

    assert "1 Te••••" in places.text
    assert "1 Test Road" not in places.text + times.text
    assert f'value="{NINE}"' in times.text
    assert "09:00–11:00" in times.text


def test_days_within_the_lead_time_are_not_offered(borrower):
    page = borrower.get("/my/visits/new?place=branch&lang=en").text

    days = re.findall(r"day=(2026-\d\d-\d\d)", page)

    assert days[0] == THURSDAY


def test_a_booking_leads_to_who_is_coming(borrower, session, case):
    visit = booked(borrower, session)

    page = borrower.get(f"/my/visits/{visit.ref}").text

    assert "Ann Example" in page
    assert "Ben Example" in page
    assert "Thu 5 Mar 09:00–11:00" in page
    session.expire_all()
    assert visit.state is VisitState.ASSIGNED
    assert visit.case.state is CaseState.BOOKED
    assert session.query(VisitCell).count() == 2 * 8


def test_the_code_appears_on_the_day_and_not_before(borrower, session, case, set_time, settings):
    visit = booked(borrower, session)
    code = re.compile(r'class="big-code"[^>]*>(\d{4})<')

    assert not code.search(borrower.get(f"/my/visits/{visit.ref}").text)
    set_time(datetime(2026, 3, 5, 1, 5, tzinfo=UTC))

    assert code.search(borrower.get(f"/my/visits/{visit.ref}").text)


def test_without_consent_the_page_says_what_comes_first(client, session, lender):
    case = ready_case(session, lender, consent=False, papers=False)
    session.commit()
    sign_in_borrower(client, case.borrower)

    page = client.get("/my/visits/new?lang=en").text

    assert "Please agree to the visit service first" in page
    assert "Some documents are still missing" in page


def test_a_booking_past_the_closed_page_is_refused_and_the_decision_kept(client, session, lender):
    case = ready_case(session, lender, papers=False)
    session.commit()
    sign_in_borrower(client, case.borrower)
    client.get("/my/visits/new?place=branch&lang=en")

    response = client.post("/my/visits", CHOICE)

    assert response.status_code == 422
    assert "All required documents have been received before a visit." in response.text
    session.expire_all()
    assert [decision.allowed for decision in session.scalars(select(Decision))] == [False]
    assert session.query(Visit).count() == 0


def test_nobody_at_home_knows_means_another_place_and_a_neutral_message(borrower, session):
    assert "please choose another place" in borrower.get("/my/visits/new?place=home&discreet=y&lang=en").text

    visit = booked(borrower, session, discreet="1")
    message = session.scalars(select(Message)).one()
    calendar = borrower.http.get(f"/my/visits/{visit.ref}/calendar.ics").text

    assert message.body == "Your appointment is booked: Thu 5 Mar 09:00–11:00."
    assert "SUMMARY:Appointment" in calendar
    assert "LOCATION" not in calendar


def test_a_home_visit_where_nobody_knows_is_refused_by_the_gate_too(borrower, session):
    borrower.get("/my/visits/new?place=branch&lang=en")

    response = borrower.post("/my/visits", CHOICE | {"place": "home", "discreet": "1"})

    assert response.status_code == 422
    assert (
        "Nobody at home knows: no letter, no visit to the home and no SMS that names the debt."
        in response.text
    )


def test_another_address_has_to_be_written(borrower):
    borrower.get("/my/visits/new?place=other_address&lang=en")

    response = borrower.post("/my/visits", CHOICE | {"place": "other_address", "companion": "My aunt"})

    assert response.status_code == 422
    assert "Please write the address where we should meet." in response.text
    assert "My aunt" in response.text


@pytest.mark.parametrize("slot", ["", "tomorrow", "2026-03-05T01:07:00+00:00", "2026-03-03T01:00:00+00:00"])
def test_a_time_that_is_not_offered_is_refused(borrower, slot):
    borrower.get("/my/visits/new?place=branch")

    assert borrower.post("/my/visits", CHOICE | {"slot": slot}).status_code == 422


def test_a_visit_is_moved_and_its_time_given_back(borrower, session):
    visit = booked(borrower, session)
    page = borrower.get(f"/my/visits/{visit.ref}/move?lang=en")
    assert f'value="{NINE}"' in page.text  # its own time stands in no way

    response = borrower.post(f"/my/visits/{visit.ref}/move", {"slot": "2026-03-06T01:00:00+00:00"})

    assert response.status_code == 303
    session.expire_all()
    old, new = session.scalars(select(Visit).order_by(Visit.id))
    assert (old.state, new.state) == (VisitState.MOVED, VisitState.ASSIGNED)
    assert new.moved_from_id == old.id
    assert {cell.visit_id for cell in session.scalars(select(VisitCell))} == {new.id}


def test_a_late_move_is_possible_and_noted(borrower, session, set_time):
    visit = booked(borrower, session)
    set_time(datetime(2026, 3, 5, 0, 30, tzinfo=UTC))
    assert "rather late, and it is all right" in borrower.get(f"/my/visits/{visit.ref}/move?lang=en").text

    borrower.post(f"/my/visits/{visit.ref}/move", {"slot": "2026-03-09T01:00:00+00:00"})

    session.expire_all()
    query = select(VisitMove.reason).where(VisitMove.to_state == VisitState.MOVED)
    assert session.scalars(query).one() == "late"


def test_a_visit_is_cancelled_at_any_time(borrower, session, set_time):
    visit = booked(borrower, session)
    set_time(datetime(2026, 3, 5, 0, 30, tzinfo=UTC))
    borrower.get(f"/my/visits/{visit.ref}")

    response = borrower.follow(borrower.post(f"/my/visits/{visit.ref}/cancellation"))

    assert "The visit is cancelled" in response.text
    session.expire_all()
    assert visit.state is VisitState.CANCELLED
    assert session.query(VisitCell).count() == 0


def test_the_wrong_person_at_the_door_stops_the_visit_and_tells_the_lead(
    borrower, session, lender, set_time, case
):
    lead = factories.staff(session, lender, Role.LEAD, name="Lead Example")
    session.commit()
    visit = booked(borrower, session)
    set_time(datetime(2026, 3, 5, 1, 5, tzinfo=UTC))
    borrower.get(f"/my/visits/{visit.ref}?lang=en")

    page = borrower.follow(borrower.post(f"/my/visits/{visit.ref}/alert"))

    assert "The visit is stopped" in page.text
    session.expire_all()
    assert visit.state is VisitState.STOPPED
    told = session.scalars(select(Message).where(Message.template == "visit_alert")).one()
    assert told.recipient == lead.email
    assert case.ref in told.body
    assert "visit_alert" in [event.action for event in audit.timeline(session, case=case)]


def test_another_borrowers_visit_does_not_exist(borrower, session, lender, client):
    visit = booked(borrower, session)
    other = ready_case(session, lender)
    session.commit()
    stranger = StrictClient(borrower.app)
    sign_in_borrower(stranger, other.borrower)

    for path in ("", "/move", "/calendar.ics"):
        assert stranger.http.get(f"/my/visits/{visit.ref}{path}").status_code == 404
    stranger.get("/my/visits")
    assert stranger.post(f"/my/visits/{visit.ref}/cancellation").status_code == 404


def test_two_browsers_take_the_same_slot_and_one_is_shown_others(app, session, lender):
    """Two people are all there are, so that one window holds one visit."""
    people = [ready_case(session, lender).borrower for _ in range(2)]
    session.commit()
    browsers = [StrictClient(app) for _ in people]
    for browser, person in zip(browsers, people, strict=True):
        sign_in_borrower(browser, person)
        browser.get("/my/visits/new?place=branch&lang=en")
    start, answers = threading.Barrier(2), []

    def take(browser):
        start.wait()
        answers.append(browser.post("/my/visits", CHOICE))

    threads = [threading.Thread(target=take, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (303, 409)
    assert "Someone was faster" in second.text
    others = re.findall(r'name="slot"[^>]*value="([^"]+)"', second.text)
    assert len(others) == 3
    assert ELEVEN in others
    assert NINE not in others
    assert session.query(Visit).count() == 1
