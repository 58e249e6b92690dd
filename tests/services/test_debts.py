from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.domain.allocation import DebtParts
from portal.models import Payment
from portal.services import cases, debts, policies
from portal.vocabulary import PaymentKind, Product
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY


@pytest.fixture
def lender(session):
    return factories.lender(session)


def debt_of(session, case, lender, day=TODAY) -> debts.Debt:
    return debts.debt_of(session, case=case, policy=policies.of(lender, NOW), business_date=day)


def test_the_parts_of_a_loan_are_computed_from_its_rows(session, lender):
    found = debt_of(session, factories.late_borrower(session, lender, late=2), lender).loans[0]

    # Overdue for 35 and 5 days: 1,000.00 × 14.6 % × days ÷ 365 is 14.00 and 2.00.
    assert found.overdue == DebtParts(principal=200_000, interest=2_000, penalty=1_600)
    assert found.not_yet_due == DebtParts(principal=800_000, interest=8_000)
    assert [line.unpaid.penalty for line in found.due_lines] == [1_400, 200]
    assert (found.dpd, found.overdue_since) == (35, TODAY - timedelta(days=35))
    assert found.daily == 80  # on 2,000.00 of overdue principal
    assert len(found.later_lines) == 8


def test_the_sums_add_up_to_the_cent(session, lender):
    borrower = factories.borrower(session, lender)
    case = factories.case(
        session,
        factories.loan(session, borrower, late=1, instalment=33_333, interest=333),
        factories.loan(session, borrower, late=4, instalment=77_777, interest=777),
        factories.loan(session, borrower, late=3, instalment=12_345, product=Product.CARD),
    )
    found = debt_of(session, case, lender)

    for part in found.loans:
        assert part.overdue == sum((line.unpaid for line in part.due_lines), DebtParts())
        assert part.not_yet_due == sum((line.unpaid for line in part.later_lines), DebtParts())
        assert part.total == part.overdue + part.not_yet_due
    assert found.overdue == sum((part.overdue for part in found.loans), DebtParts())
    assert found.total.total == sum(part.total.total for part in found.loans)
    assert found.daily == sum(part.daily for part in found.loans)
    assert found.dpd == 95


def test_tomorrow_costs_what_the_page_says_today(session, lender):
    case = factories.late_borrower(session, lender, late=2)
    today, tomorrow = (debt_of(session, case, lender, TODAY + timedelta(days=days)) for days in (0, 1))

    assert tomorrow.overdue.penalty - today.overdue.penalty == today.daily


def test_no_penalty_rate_is_above_the_cap_of_the_pack(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    loan.annual_rate_ppm, loan.penalty_multiplier_ppm = 230_000, 1_500_000
    found = debt_of(session, factories.case(session, loan), lender).loans[0]

    assert found.terms.penalty_ppm == 240_000


def test_a_card_in_taiwan_has_fixed_late_fees(session):
    lender = factories.lender(session, "taiwan", preset="tw")
    loan = factories.loan(
        session, factories.borrower(session, lender), late=4, currency="TWD", product=Product.CARD
    )
    found = debt_of(session, factories.case(session, loan), lender)

    assert found.overdue.penalty == 30_000 + 40_000 + 50_000
    assert found.daily == 0


def test_a_payment_after_the_book_lowers_the_debt_once(session, lender):
    case = factories.late_borrower(session, lender, late=1)
    loan = cases.loans_of(session, case)[0]
    before = debt_of(session, case, lender, TODAY + timedelta(days=1))
    session.add(
        Payment(
            lender_id=loan.lender_id,
            created_at=NOW,
            loan_id=loan.id,
            payment_no="P1",
            paid_on=TODAY + timedelta(days=1),
            amount=40_000,
            currency=loan.currency,
            kind=PaymentKind.PAYMENT,
            reference="",
        )
    )
    session.flush()
    after = debt_of(session, case, lender, TODAY + timedelta(days=1))

    assert before.total.total - after.total.total == 40_000
    assert after.loans[0].receipts[0].amount == 40_000


def test_three_queries_whatever_the_number_of_loans(session, lender, installation):
    borrower = factories.borrower(session, lender)
    case = factories.case(session, *(factories.loan(session, borrower, late=2) for _ in range(6)))
    session.commit()
    statements: list[str] = []
    event.listen(installation.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    debt_of(session, case, lender)

    assert len([each for each in statements if "FROM" in each]) == 3
