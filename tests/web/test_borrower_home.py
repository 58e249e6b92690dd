"""The start page: where things stand, what is next, what happened."""

import re

import pytest
from sqlalchemy import select

from portal import formats
from portal.infra.files import FileStore
from portal.models import Case, PlanInstalment
from portal.services import audit, consents, lenders
from portal.vocabulary import CaseState, Channel, Locale, ServiceReason
from portal.web.words.borrower_entry import EVENTS
from tests import agreements_made, factories
from tests.signing_in import sign_in_borrower, sign_in_staff


def enter(client, session, case):
    session.commit()
    sign_in_borrower(client, case.borrower)
    session.rollback()


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session))


def register(session, case, now):
    consents.register(
        session,
        case=case,
        reason=ServiceReason.CANNOT_COME,
        locale=Locale.EN,
        channel=Channel.PORTAL,
        actor=factories.actor_of(case.borrower),
        now=now,
    )


def steps(text):
    """State, label and address of every step."""
    found = re.findall(r'<li class="(done|current|later)".*?</li>', text, re.DOTALL)
    items = re.split(r'<li class="(?:done|current|later)"', text)[1:]
    labels = [re.search(r'step-label">([^<]+)', item)[1] for item in items]
    urls = [re.search(r'href="(/my[^"]*)"', item.split("</li>")[0]) for item in items]
    return [(state, label, url and url[1]) for state, label, url in zip(found, labels, urls, strict=True)]


def test_it_says_what_is_to_pay_how_late_and_for_how_many_loans(client, session, case):
    enter(client, session, case)
    text = client.get("/my?lang=en").text.replace("\u00a0", " ")

    assert "Test Borrower, this is where things stand" in text
    assert "¥ 2,036.00" in text  # two times 1,000 and 10, and 16.00 of penalty interest
    assert "35 days late · 1 loan" in text
    assert 'href="/my/debts#pay"' in text


def test_the_name_is_not_in_the_title(client, session, case):
    enter(client, session, case)

    assert "Test Borrower" not in re.search(r"<title>.*?</title>", client.get("/my?lang=en").text)[0]


def test_first_comes_the_visit_service(client, session, case):
    enter(client, session, case)

    first, *rest = steps(client.get("/my?lang=en").text)
    assert first == ("current", "Agree to the visit service", "/my/consents")
    assert {(state, url) for state, _, url in rest} == {("later", None)}
    assert [label for _, label, _ in rest][0] == "Send your documents"


def test_then_come_the_documents_where_the_pack_wants_them_first(client, session, case, now):
    register(session, case, now)
    enter(client, session, case)

    text = client.get("/my?lang=en").text
    found = steps(text)
    assert found[0][:2] == ("done", "Agree to the visit service")
    assert found[1] == ("current", "Send your documents", "/my/proofs")
    assert found[2] == ("later", "Choose a visit time", None)
    assert "Still needed:" in text
    assert "Proof of income" in text


def test_where_documents_may_come_along_the_visit_is_next_and_both_are_open(client, session, now):
    case = factories.late_borrower(session, factories.lender(session, "spdb-puhui"))
    register(session, case, now)
    enter(client, session, case)

    found = {label: (state, url) for state, label, url in steps(client.get("/my?lang=en").text)}
    assert found["Send your documents"] == ("later", "/my/proofs")
    assert found["Choose a visit time"] == ("current", "/my/visits")


def test_once_a_plan_is_looked_for_what_was_skipped_is_not_asked_for(client, session, case):
    case.state = CaseState.PLANNING
    enter(client, session, case)

    labels = [label for _, label, _ in steps(client.get("/my?lang=en").text)]
    assert labels == ["Find a plan that fits", "Sign the agreement", "Pay as agreed"]


def test_who_has_no_open_case_is_told_that_nothing_is_overdue(client, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()

    assert "nothing is overdue" in client.get("/my?lang=en").text
    assert "Nothing has happened yet" in client.get("/my/timeline?lang=en").text


def test_only_acts_with_a_sentence_are_shown_the_newest_first(client, session, case, now):
    actor = factories.actor_of(case.borrower)
    register(session, case, now)
    audit.record(session, actor=actor, action="something_internal", subject=case, case=case, now=now)
    consents.revoke(session, consent=consents.in_force(session, case=case), actor=actor, now=now)
    enter(client, session, case)

    text = client.get("/my/timeline?lang=en").text
    assert text.index("You took back a consent") < text.index("You agreed to the visit service")
    assert "something" not in text


def test_the_start_page_leaves_out_what_is_minor(client, session, case, now):
    audit.record(
        session,
        actor=factories.actor_of(case.borrower),
        action="borrower_signed_in",
        subject=case,
        case=case,
        now=now,
    )
    enter(client, session, case)

    assert str(EVENTS["borrower_signed_in"].sentence) == "You opened this page"
    assert "You opened this page" not in client.get("/my?lang=en").text
    assert "You opened this page" in client.get("/my/timeline?lang=en").text


def test_what_happened_to_others_is_not_shown(client, session, case, now):
    other = factories.late_borrower(session, lenders.get(session, case.lender_id))
    register(session, other, now)
    enter(client, session, case)

    assert "You agreed to the visit service" not in client.get("/my/timeline?lang=en").text


def test_staff_do_not_get_the_borrowers_pages(client, session):
    staff = factories.staff(session, factories.lender(session))
    session.commit()
    sign_in_staff(client, staff)
    session.rollback()

    assert client.get("/my").status_code == 403


def test_signed_out_the_way_in_is_shown(client):
    assert client.get("/my").headers["Location"] == "/"


def test_under_an_agreement_it_says_what_falls_due_next_and_not_the_old_debt(client, session, tmp_path):
    lender = factories.lender(session)
    agreement = agreements_made.sealed(session, lender, FileStore(tmp_path))
    case = session.get_one(Case, agreement.case_id)
    enter(client, session, case)

    shown = client.get("/my?lang=en").text

    first = session.scalars(select(PlanInstalment).order_by(PlanInstalment.number)).first()
    assert "Next payment as agreed" in shown
    assert formats.money(first.principal + first.interest, case.currency, Locale.EN) in shown
    assert f"/my/agreements/{agreement.ref}" in shown
    assert "To pay to be up to date" not in shown
