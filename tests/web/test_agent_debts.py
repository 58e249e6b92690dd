"""The debt of a case as staff see it: what confirms it, and every row behind its figures."""

from datetime import timedelta

import pytest

from portal.models import BookImport, JobRun
from portal.services import debts, lenders, policies
from portal.vocabulary import JobState, Product, Role
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY
from tests.signing_in import sign_in_staff
from tests.web import debt_page
from tests.web.debt_page import minor

DIGEST = "c786f94690337cd6" * 4


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    """A loan of an import, and a card that no import brought."""
    borrower = factories.borrower(session, lender)
    loan = factories.loan(session, borrower, late=2)
    brought = BookImport(
        lender_id=lender.id,
        created_at=NOW - timedelta(days=1),
        digest=DIGEST,
        as_of=loan.as_of,
        state=JobState.DONE,
        counts={},
        finished_at=NOW,
    )
    session.add(brought)
    session.flush()
    loan.import_id = brought.id
    made = factories.case(session, loan, factories.loan(session, borrower, late=1, product=Product.CARD))
    session.commit()
    return made


def opened(client, session, lender, case, role=Role.LEAD):
    staff = factories.staff(session, lender, role)
    session.commit()
    ref = case.ref
    sign_in_staff(client, staff)
    session.rollback()
    return client.get(f"/agent/cases/{ref}/debt?lang=en")


def test_each_loan_is_confirmed_with_contract_records_and_source(client, session, lender, case):
    text = opened(client, session, lender, case).text
    loan, card = debt_page.read_all(text).values()

    assert loan.facts["Contract"] == "¥ 12,000.00 at 14.6%, 12 payments since 14 Aug 2025"
    assert loan.facts["Repayment records"] == "0 entries"
    assert loan.facts["Late since"] == "26 Jan 2026"
    assert loan.facts["Overdue"] == "¥ 2,036.00"
    assert loan.facts["Loan book of"] == "2 Mar 2026"
    assert loan.facts["Mark of the file (SHA-256)"] == DIGEST
    assert "1 Mar 2026" in loan.facts["Imported"]
    assert loan.dpd == 35
    assert (card.facts["Imported"], card.facts["Mark of the file (SHA-256)"]) == ("Not by an import", "—")


def test_the_figures_above_are_the_sum_of_the_loans(client, session, lender, case):
    policy = policies.of(lenders.get(session, case.lender_id), NOW)
    debt = debts.debt_of(session, case=case, policy=policy, business_date=TODAY)
    loans = debt_page.read_all(opened(client, session, lender, case).text).values()

    assert sum(minor(each.parts["Total"][0]) for each in loans) == debt.overdue.total
    assert sum(minor(each.parts["Total"][1]) for each in loans) == debt.not_yet_due.total


def test_before_the_first_night_the_page_says_that_nothing_was_checked(client, session, lender, case):
    assert "No nightly run has checked the loan book yet" in opened(client, session, lender, case).text


def test_the_night_that_checked_the_book_is_named_with_its_time(client, session, lender, case):
    lender.aged_on = TODAY
    session.add(
        JobRun(
            job="nightly",
            lender_id=lender.id,
            slot=TODAY.isoformat(),
            state=JobState.DONE,
            started_at=NOW - timedelta(minutes=5),
            finished_at=NOW - timedelta(minutes=2),
            result={},
        )
    )
    session.commit()
    text = opened(client, session, lender, case).text

    assert "The nightly run checked the loan book for 2 Mar 2026." in text.replace("\u00a0", " ")
    assert "It was done on 2 Mar 2026" in text.replace("\u00a0", " ")


def test_the_page_of_the_case_leads_here_and_the_name_stays_masked(client, session, lender, case):
    ref = case.ref
    text = opened(client, session, lender, case).text

    assert "Test Borrower" not in text
    assert f"/agent/cases/{ref}/debt" in client.get(f"/agent/cases/{ref}").text


@pytest.mark.parametrize("page", ["debt", "simulator"])
def test_the_case_of_another_lender_does_not_exist(client, session, lender, case, page):
    stranger = factories.late_borrower(session, factories.lender(session, "spdb-puhui"))
    foreign = stranger.ref
    opened(client, session, lender, case)

    assert client.get(f"/agent/cases/{foreign}/{page}").status_code == 404
