"""From the borrower's words to the handler's decision, as pages."""

import re

import pytest
from sqlalchemy import select

from portal.models import Complaint
from portal.vocabulary import Role
from tests import factories
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower, sign_in_staff

COMPLAINT = {"topic": "conduct", "text": "They shouted at the door.", "about": ""}


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    case = factories.late_borrower(session, lender)
    session.commit()
    return case


@pytest.fixture
def handler(session, lender):
    handler = factories.staff(session, lender, Role.HANDLER)
    session.commit()
    return handler


@pytest.fixture
def complaint_url(client, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints?lang=en")
    return client.post("/my/complaints", COMPLAINT).headers["Location"]


def test_a_borrower_complains_and_reads_by_when_the_answer_comes(client, complaint_url):
    shown = client.get(complaint_url)

    assert "They shouted at the door." in shown.text
    assert "You will have our answer by 17 Mar 2026 at the latest" in shown.text


def test_a_complaint_without_words_is_sent_back_with_what_was_chosen(client, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints?lang=en")

    response = client.post("/my/complaints", COMPLAINT | {"text": ""})

    assert response.status_code == 422
    assert "Please fill this in." in response.text
    assert re.search(r'<input[^>]*checked[^>]*value="conduct"', response.text)


def test_the_same_form_sent_twice_files_one_complaint(client, session, case):
    sign_in_borrower(client, case.borrower)
    page = client.get("/my/complaints?lang=en")

    first = client.post("/my/complaints", COMPLAINT)
    client.page = page
    second = client.post("/my/complaints", COMPLAINT)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(session.scalars(select(Complaint)).all()) == 1


def test_other_entries_under_a_used_key_are_refused_and_file_nothing(client, session, case):
    sign_in_borrower(client, case.borrower)
    page = client.get("/my/complaints?lang=en")
    client.post("/my/complaints", COMPLAINT)
    client.page = page

    response = client.post("/my/complaints", COMPLAINT | {"text": "Something else altogether."})

    assert response.status_code == 409
    assert "This form was sent before with other entries" in response.text
    assert len(session.scalars(select(Complaint)).all()) == 1


def test_a_handler_claims_answers_and_decides_and_the_borrower_reads_it(
    app, client, session, case, handler, complaint_url
):
    ref = complaint_url.rsplit("/", 1)[1]
    desk = StrictClient(app)
    sign_in_staff(desk, handler)
    assert "due in 15 days" in desk.get("/agent/inbox?lang=en").text
    url = f"/agent/complaints/{ref}"
    desk.get(url)
    desk.follow(desk.post(f"{url}/owner"))
    desk.follow(desk.post(f"{url}/messages", {"body": "When was it?", "audience": "complainant"}))
    desk.follow(desk.post(f"{url}/messages", {"body": "Ask the lead.", "audience": "staff"}))
    desk.get(f"{url}/decision")
    decision = {"outcome": "upheld", "checked": "The recording", "grounds": "It is so", "redress": "Sorry"}
    desk.follow(desk.post(f"{url}/decision", decision))

    shown = client.get(complaint_url).text

    assert "When was it?" in shown
    assert "Ask the lead." not in shown
    assert "The complaint is right" in shown
    assert "12378" in shown


def test_a_visitor_complains_on_the_lenders_own_host(app, client, session, lender):
    lender.host = "localhost"
    session.commit()
    client.get("/complaints/new?lang=en")

    response = client.post(
        "/complaints", {"topic": "data", "text": "Wrong number", "name": "", "reply_to": "a@example.test"}
    )

    number = session.scalars(select(Complaint.number)).one()
    assert number in client.follow(response).text


def test_without_a_lender_no_lender_is_named(client, session, lender):
    session.commit()

    shown = client.get("/complaints/new?lang=en")

    assert "several lenders" in shown.text
    assert "pingan" not in shown.text


def test_another_borrowers_complaint_does_not_exist(client, session, lender, complaint_url):
    stranger = factories.late_borrower(session, lender)
    session.commit()
    sign_in_borrower(client, stranger.borrower)

    assert client.get(complaint_url).status_code == 404


def test_an_agent_may_not_open_the_inbox(client, session, lender):
    agent = factories.staff(session, lender, Role.AGENT)
    session.commit()
    sign_in_staff(client, agent)

    assert client.get("/agent/inbox").status_code == 403
