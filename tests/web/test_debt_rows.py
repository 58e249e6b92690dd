"""Twenty random loans, computed once more from nothing but what the debt pages display."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import Instalment, Payment, Relief
from portal.vocabulary import PaymentKind, Product, ReliefKind, Role
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY
from tests.signing_in import sign_in_borrower, sign_in_staff
from tests.web import debt_page, recomputed

LOANS = 20
# What each of the loans has at least; the rest is chance.
KINDS = ("plain", "paid", "reversed", "relief", "capped", "card")


def add_payment(session, loan, number, on, amount, kind=PaymentKind.PAYMENT, reference=""):
    session.add(
        Payment(
            lender_id=loan.lender_id,
            created_at=NOW,
            loan_id=loan.id,
            payment_no=number,
            paid_on=on,
            amount=amount,
            currency=loan.currency,
            kind=kind,
            reference=reference,
        )
    )


def add_relief(session, loan, kind, first_day, **more):
    session.add(
        Relief(
            lender_id=loan.lender_id,
            created_at=NOW,
            loan_id=loan.id,
            kind=kind,
            first_day=first_day,
            actor="staff:test",
            **more,
        )
    )


def random_loan(session, borrower, chance, kind):
    """A loan of one kind with a history of chance."""
    card = kind == "card"
    loan = factories.loan(
        session,
        borrower,
        late=chance.randint(1, 4),
        instalment=chance.randint(900, 250_000),
        interest=chance.randint(0, 9_000),
        product=Product.CARD if card else Product.CONSUMER_LOAN,
    )
    loan.annual_rate_ppm = chance.randint(30_000, 160_000)
    loan.as_of = TODAY - timedelta(days=chance.randint(20, 110))
    rows = list(session.scalars(select(Instalment).where(Instalment.loan_id == loan.id)))
    for row in rows:
        if row.due_date > loan.as_of:
            # Now and then somebody paid ahead.
            row.principal_paid = chance.randint(1, row.principal) if chance.random() < 0.2 else 0
            row.interest_paid = 0
        if chance.random() < 0.3:
            row.fees = chance.randint(1, 2_000)
    if kind == "capped":
        for row in rows:
            row.interest = row.principal * 3 // 4
            row.interest_paid = min(row.interest_paid, row.interest)
    if kind != "plain":
        for number in range(chance.randint(1, 4)):
            on = loan.as_of + timedelta(days=chance.randint(-5, (TODAY - loan.as_of).days))
            add_payment(session, loan, f"{loan.contract_no}-P{number}", on, chance.randint(1, 180_000))
    if kind == "reversed":
        add_payment(session, loan, f"{loan.contract_no}-P9", loan.as_of + timedelta(days=2), 70_000)
        reference = f"{loan.contract_no}-P9" if chance.random() < 0.6 else ""
        amount = chance.randint(1, 70_000) if reference else chance.randint(1, 400_000)
        add_payment(
            session,
            loan,
            f"{loan.contract_no}-R",
            TODAY - timedelta(days=3),
            amount,
            PaymentKind.REVERSAL,
            reference,
        )
    if kind == "relief":
        first = TODAY - timedelta(days=chance.randint(3, 40))
        last = first + timedelta(days=chance.randint(0, 50)) if chance.random() < 0.7 else None
        add_relief(session, loan, ReliefKind.PENALTY_STOP, first, last_day=last)
        add_relief(session, loan, ReliefKind.DELINQUENCY_PAUSE, first, last_day=last)
        day = loan.as_of + timedelta(days=chance.randint(1, 12))
        add_relief(session, loan, ReliefKind.PENALTY_WAIVER, day, share_ppm=chance.randint(1, 1_000_000))
        add_relief(session, loan, ReliefKind.INTEREST_WAIVER, day, amount=chance.randint(1, 20_000))
    session.flush()
    return loan


@pytest.fixture
def loans(client, session):
    chance = random.Random(1)
    lender = factories.lender(session)
    borrower = factories.borrower(session, lender)
    made = [random_loan(session, borrower, chance, KINDS[at % len(KINDS)]) for at in range(LOANS)]
    case = factories.case(session, *made)
    lead = factories.staff(session, lender, Role.LEAD)
    session.commit()
    refs = {loan.contract_no: loan.ref for loan in made}
    session.commit()
    return borrower, lead, case.ref, refs


def test_twenty_random_loans_are_recomputed_from_nothing_but_what_their_pages_show(client, session, loans):
    borrower, _lead, _case, refs = loans
    sign_in_borrower(client, borrower)
    session.rollback()
    pages = [debt_page.read(client.get(f"/my/debts/{ref}?lang=en").text) for ref in refs.values()]

    for page in pages:
        recomputed.check(page)
    # Every kind of row was among them.
    instalments = [each for page in pages for each in page.instalments]
    assert any(each.since["Principal"] for each in instalments)
    assert any(sum(each.reduced.values()) for each in instalments)
    assert any(each.waived["Penalty"] for each in instalments)
    assert any(each.waived["Interest"] for each in instalments)
    assert any(each.share_fee for each in instalments)
    assert any(span.not_charged for each in instalments for span in each.spans)
    assert any(payment.amount < 0 for page in pages for payment in page.payments)


def test_staff_see_the_same_rows_and_they_add_up_to_all_loans_together(client, session, loans):
    _borrower, lead, case, refs = loans
    sign_in_staff(client, lead)
    session.rollback()
    pages = debt_page.read_all(client.get(f"/agent/cases/{case}/debt?lang=en").text)

    assert set(pages) == set(refs)
    for page in pages.values():
        recomputed.check(page)
