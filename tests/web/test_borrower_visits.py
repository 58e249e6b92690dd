"""The borrower chooses a visit, sees who is coming, changes it, and says when the wrong person comes."""

import re
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.models import Consent, Message, Proof, Visit, VisitCell, VisitMove
from portal.services import audit, visits
from portal.vocabulary import (
    CaseState,
    Channel,
    ConsentPurpose,
    Locale,
    ProofKind,
    ProofState,
    Role,
    VisitState,
)
from tests import factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.signing_in import sign_in_borrower

THURSDAY = "2026-03-05"
NINE = "2026-03-05T01:00:00+00:00"
ELEVEN = "2026-03-05T03:00:00+00:00"
CHOICE = {"place": "branch", "discreet": "", "slot": NINE}


def ready_case(session, lender, *, consent=True, papers=True):
    """A case that may book: registered, consented, documents received."""
    case = factories.late_borrower(session, lender)
    case.state = CaseState.DOCUMENTS
    if consent:
        session.add(
            Consent(
                lender_id=lender.id,
                created_at=NOW,
                case_id=case.id,
                purpose=ConsentPurpose.VISIT_SERVICE,
                text_version="1",
                locale=Locale.EN,
                channel=Channel.PORTAL,
                actor="borrower:test",
            )
        )
    for kind in (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME) if papers else ():
        session.add(
            Proof(
                lender_id=lender.id,
                created_at=NOW,
                case_id=case.id,
                kind=kind,
                state=ProofState.RECEIVED,
                channel=Channel.PORTAL,
                received_on=date(2026, 3, 1),
                statement="stands in",
                actor="borrower:test",
            )
        )
    session.flush()
    return case


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
