"""The timeline of both sides, a contested entry and a disputed debt, as pages."""

import re

import pytest
from sqlalchemy import select

from portal.models import Contact, Contest, Dispute, Hold
from portal.vocabulary import ContactOutcome, DisputeState, Role
from tests import factories
from tests.client import StrictClient
from tests.conftest import NOW
from tests.services.test_timelines import acted, called, newest
from tests.signing_in import sign_in_borrower, sign_in_staff

DISPUTE = {"kind": "paid", "words": "I paid in May."}


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    made = factories.late_borrower(session, lender)
    session.commit()
    return made


@pytest.fixture
def caller(session, lender):
    return factories.staff(session, lender, Role.CALLER, name="Carl Example", number="S77")


@pytest.fixture
def lead(session, lender):
    made = factories.staff(session, lender, Role.LEAD, name="Lena Example", number="S88")
    session.commit()
    return made


@pytest.fixture
def borrower(client, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my?lang=en")
    return client


@pytest.fixture
def staff(app, session, lead):
    client = StrictClient(app, session)
    sign_in_staff(client, lead)
    client.get("/agent?lang=en")
    return client


def test_both_sides_read_the_same_call_each_in_its_words(borrower, staff, session, case, caller):
    called(session, case, caller)
    session.commit()

    theirs, ours = borrower.get("/my/timeline").text, staff.get(f"/agent/cases/{case.ref}").text

    for shown in (theirs, ours):
        assert "I lost my job" in shown
        assert "2 Mar 2026 10:00" in shown
    assert "We called you" in theirs
    assert "We spoke with you. Our impression: you were worried." in theirs
    assert "Staff number S77" in theirs
    assert "Carl Example" not in theirs
    assert "Call to the borrower" in ours
    assert "Carl Example" in ours


def test_what_somebody_else_said_is_not_the_borrowers_to_read(borrower, staff, session, case, caller):
    called(session, case, caller, words="She moved out")
    session.scalars(select(Contact)).one().outcome = ContactOutcome.THIRD_PARTY
    session.commit()

    assert "Somebody else answered." in borrower.get("/my/timeline").text
    assert "She moved out" not in borrower.get("/my/timeline").text
    assert "She moved out" in staff.get(f"/agent/cases/{case.ref}").text


def entries(page):
    return page.text.count('class="timeline-title"')


def test_the_list_goes_on_and_is_filtered_on_both_sides(borrower, staff, session, case, caller):
    acted(session, case, 30)
    called(session, case, caller)
    session.commit()

    for client, url in ((borrower, "/my/timeline"), (staff, f"/agent/cases/{case.ref}")):
        plans = client.get(f"{url}?kind=plans")
        after = re.search(r'href="[^"]*\?([^"]*after=[0-9a-f]+[^"]*)"', plans.text)[1]
        assert (entries(plans), entries(client.get(f"{url}?{after.replace('&amp;', '&')}"))) == (25, 5)
        assert "I lost my job" not in plans.text
        assert "I lost my job" in client.get(f"{url}?kind=contacts").text
        assert entries(client.get(f"{url}?kind=nonsense")) == 25


def test_htmx_gets_the_list_alone(borrower, staff, session, case):
    acted(session, case, 1)
    session.commit()

    for client, url in ((borrower, "/my/timeline"), (staff, f"/agent/cases/{case.ref}")):
        part = client.http.get(url, headers={"HX-Request": "true"}).text
        assert "Budget" in part or "budget" in part
        assert "<html" not in part


def test_an_entry_is_contested_answered_and_read_by_both(borrower, staff, session, case, caller):
    called(session, case, caller)
    session.commit()
    entry = newest(session, case, "call_recorded").hash.hex()
    assert f"/my/timeline/{entry}/contest" in borrower.get("/my/timeline").text

    borrower.get(f"/my/timeline/{entry}/contest")
    sent = borrower.post(f"/my/timeline/{entry}/contest", {"words": "I said I found a job."})
    assert sent.status_code == 303
    assert f"/my/timeline/{entry}/contest" not in borrower.get("/my/timeline").text
    contest = session.scalars(select(Contest)).one()
    assert "I said I found a job." in staff.get(f"/agent/cases/{case.ref}").text
    assert case.borrower.borrower_no in staff.get("/agent/contests").text

    staff.get(f"/agent/contests/{contest.ref}")
    answered = staff.post(f"/agent/contests/{contest.ref}/answer", {"words": "We heard you wrong."})
    assert answered.status_code == 303
    theirs = borrower.get("/my/timeline").text
    assert "We heard you wrong." in theirs
    assert "Staff number S88" in theirs
    assert case.borrower.borrower_no not in staff.get("/agent/contests").text


def test_a_contest_without_words_is_sent_back_and_one_of_no_entry_is_not_found(borrower, session, case):
    acted(session, case, 1)
    session.commit()
    entry = newest(session, case, "budget_saved").hash.hex()

    borrower.get(f"/my/timeline/{entry}/contest")
    assert borrower.post(f"/my/timeline/{entry}/contest", {"words": "  "}).status_code == 422
    assert borrower.get("/my/timeline/00ff/contest").status_code == 404
    assert session.scalars(select(Contest)).all() == []


def disputed(borrower, session, case):
    page = borrower.get("/my/disputes/new").text
    loan = re.search(r'name="loan"[^>]*value="(\w+)"|value="(\w+)"[^>]*name="loan"', page)
    sent = borrower.post("/my/disputes", DISPUTE | {"loan": loan[1] or loan[2]})
    assert sent.status_code == 303
    return sent.headers["Location"], session.scalars(select(Dispute)).one()


def test_a_debt_is_disputed_from_its_page_and_the_day_of_the_answer_is_shown(borrower, session, case):
    assert "/my/disputes/new" in borrower.get("/my/debts").text

    url, dispute = disputed(borrower, session, case)

    assert "You will have our answer by 9 Mar 2026 at the latest" in borrower.get(url).text
    assert dispute.loan_id is not None  # the only loan there is
    assert session.scalars(select(Hold)).one().subject == dispute.ref


def test_a_late_answer_is_admitted_to_the_borrower_and_stands_out_for_staff(
    borrower, staff, session, case, set_time
):
    url, dispute = disputed(borrower, session, case)
    dispute.answer_by = NOW.date().replace(month=2)
    session.commit()

    assert "Our answer is late" in borrower.get(url).text
    assert "Late since 2 Feb 2026" in staff.get("/agent/disputes?folder=late").text
    assert "Late: 1" in staff.get("/agent").text


def test_a_lead_answers_and_the_borrower_reads_why(borrower, staff, session, case):
    url, dispute = disputed(borrower, session, case)
    staff.get(f"/agent/disputes/{dispute.ref}")
    answer = {"outcome": "upheld", "reasons": "Your payment went to another contract."}

    assert staff.post(f"/agent/disputes/{dispute.ref}/answer", answer).status_code == 303
    read = borrower.get(url).text
    assert "You are right" in read
    assert "Your payment went to another contract." in read
    assert "We are correcting our books." in read

    staff.get(f"/agent/disputes/{dispute.ref}")
    assert staff.post(f"/agent/disputes/{dispute.ref}/correction", {}).status_code == 303
    assert "We are correcting our books." not in borrower.get(url).text
    assert session.scalars(select(Hold.ended_at)).one() is not None


def test_the_borrower_takes_a_dispute_back(borrower, session, case):
    url, dispute = disputed(borrower, session, case)
    borrower.get(url)

    assert borrower.post(f"{url}/withdrawal", {}).status_code == 303
    session.refresh(dispute)
    assert dispute.state is DisputeState.WITHDRAWN


def test_a_caller_reads_a_dispute_and_finds_no_way_to_answer(app, borrower, session, case, caller):
    _, dispute = disputed(borrower, session, case)
    session.commit()
    client = StrictClient(app, session)
    sign_in_staff(client, caller)

    page = client.get(f"/agent/disputes/{dispute.ref}?lang=en")
    assert "I paid in May." in page.text
    assert "Send the answer" not in page.text
    assert client.post(f"/agent/disputes/{dispute.ref}/answer", {"outcome": "upheld"}).status_code == 403


def test_the_panel_of_a_case_says_what_confirms_it(staff, session, case):
    shown = staff.get(f"/agent/cases/{case.ref}").text

    for expected in (
        "Overdue confirmed on 2 Mar 2026",
        "2 paid · 2 late ·",
        "8 to come",
        "No nightly check yet",
    ):
        assert expected in " ".join(shown.split()), expected
