"""What I owe: figures that add up to the cent, how they came about, how to pay, and nobody else's."""

import re
from datetime import timedelta
from decimal import Decimal

import html5lib
import pytest

from portal.models import Payment, PaymentAccount
from portal.services import debts, lenders, policies
from portal.vocabulary import PaymentKind, Product
from tests import factories
from tests.client import NAMESPACE
from tests.conftest import NOW
from tests.signing_in import sign_in_borrower
from tests.web import debt_page


@pytest.fixture
def case(client, session):
    """A loan two payments late and a card one payment late."""
    borrower = factories.borrower(session, factories.lender(session))
    loan = factories.loan(session, borrower, late=2)
    card = factories.loan(session, borrower, late=1, instalment=33_333, interest=777, product=Product.CARD)
    made = factories.case(session, loan, card)
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()
    return made


def owed(session, case):
    policy = policies.of(lenders.get(session, case.lender_id), NOW)
    found = debts.debt_of(session, case=case, policy=policy, business_date=factories.TODAY)
    session.rollback()
    return found


def tables(text):
    """Every table as rows of texts, the total last."""
    tree = html5lib.parse(text)
    return [
        [
            ["".join(cell.itertext()).strip() for cell in row if cell.tag[-2:] in ("td", "th")]
            for row in table.iter(f"{NAMESPACE}tr")
        ]
        for table in tree.iter(f"{NAMESPACE}table")
    ]


def minor(written):
    digits = re.sub(r"[^0-9.]", "", written)
    return int(Decimal(digits or 0) * 100)


def test_every_column_of_every_table_adds_up_to_its_total(client, case):
    found = tables(client.get("/my/debts?lang=en").text)

    assert len(found) == 5  # parts and rows of two loans, and all together
    for _head, *rows, total in found:
        for column in range(1, len(total)):
            assert sum(minor(row[column]) for row in rows) == minor(total[column]) >= 0


def test_loans_add_up_to_all_loans_together_and_to_the_start_page(client, session, case):
    found = tables(client.get("/my/debts?lang=en").text)
    parts = [table for table in found if table[0][1] == "Due now"]

    first, second, together = [[minor(cell) for cell in table[-1][1:]] for table in parts]
    assert [left + right for left, right in zip(first, second, strict=True)] == together
    assert together[0] == owed(session, case).overdue.total
    start = client.get("/my?lang=en").text
    assert parts[-1][-1][1] in start.replace("&nbsp;", "\u00a0")


def test_the_rows_behind_a_figure_add_up_to_it(client, case):
    found = tables(client.get("/my/debts?lang=en").text)
    parts = [table for table in found if table[0][1] == "Due now"][:2]
    rows = [table for table in found if table[0][0] == "Was due on"]

    for part, lines in zip(parts, rows, strict=True):
        by_part = {row[0]: minor(row[1]) for row in part[1:]}
        for column, name in enumerate(lines[0][1:-1], start=1):
            assert minor(lines[-1][column]) == by_part.get(name, 0)
        assert minor(lines[-1][-1]) == by_part["Total"]


def test_the_penalty_interest_is_the_product_that_is_shown(client, session, case):
    text = client.get("/my/debts?lang=en").text.replace("\u00a0", " ")

    assert "¥ 1,000.00 × 14.6% × 35 days ÷ 365" in text
    assert "¥ 14.00" in text  # 1,000.00 × 0.146 × 35 ÷ 365
    assert owed(session, case).loans[0].overdue.penalty == 1_400 + 200
    assert "¥ 0.80" in text  # tomorrow: 2,000.00 × 0.146 ÷ 365


def test_a_card_has_late_fees_and_no_daily_penalty(client, session, case):
    card = owed(session, case).loans[1]

    assert card.daily == 0
    assert card.overdue.penalty == 1_706  # 5 % of 341.10, half up
    assert "For each payment that was late, once" in client.get("/my/debts?lang=en").text


def test_the_page_of_a_loan_lists_every_open_payment(client, session, case):
    loan = owed(session, case).loans[0].loan
    ref, contract_no = loan.ref, loan.contract_no
    session.rollback()
    text = client.get(f"/my/debts/{ref}?lang=en").text

    parts, late, to_come, *_rows = tables(text)
    assert contract_no in text
    assert (len(late) - 2, len(to_come) - 2) == (2, 8)
    assert minor(late[-1][-1]) == minor(parts[-1][1])
    assert minor(to_come[-1][-1]) == minor(parts[-1][2])


def test_the_loan_of_another_borrower_does_not_exist(client, session, case):
    other = factories.late_borrower(session, lenders.get(session, case.lender_id))
    session.commit()
    foreign = owed(session, other).loans[0].loan.ref
    session.rollback()

    assert client.get(f"/my/debts/{foreign}").status_code == 404
    assert client.get("/my/debts/nothing").status_code == 404


def test_only_the_lenders_own_account_is_shown_with_a_reference_for_each_loan(client, session, case):
    factories.lender(session, "spdb-puhui")
    session.query(PaymentAccount).filter(PaymentAccount.lender_id != case.lender_id).update(
        {"number": "999-FOREIGN"}
    )
    session.commit()
    text = client.get("/my/debts?lang=en").text

    assert "000-111-222" in text
    assert "999-FOREIGN" not in text
    for part in owed(session, case).loans:
        assert f">{part.loan.contract_no}</span>" in text
    assert text.count('src="data:image/svg+xml') == 2


def test_without_an_account_nobody_is_told_to_pay_anywhere(client, session, case):
    session.query(PaymentAccount).update({"active": False})
    session.commit()

    assert "Please ask us for the account" in client.get("/my/debts?lang=en").text


def test_consequences_come_from_texts_with_a_version(client, case):
    text = client.get("/my/debts?lang=en").text

    for version in ("interest-2026-1", "credit-register-2026-1", "court-2026-1", "help-2026-1"):
        assert f"Text {version}" in text


def test_without_a_case_nothing_is_overdue(client, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()

    assert "Nothing is overdue" in client.get("/my/debts?lang=en").text


def test_figures_are_the_same_in_every_language(client, case):
    amounts = [
        re.findall(r"[0-9,]+\.[0-9]{2}", client.get(f"/my/debts?lang={lang}").text)
        for lang in ("en", "zh_Hant", "zh_Hans")
    ]

    assert amounts[0] == amounts[1] == amounts[2]


def test_what_was_paid_is_listed_and_lowers_the_debt(client, session, case, now):
    before = owed(session, case)
    loan = before.loans[0].loan
    ref, was_due = loan.ref, before.loans[0].overdue.total
    paid = Payment(
        lender_id=case.lender_id,
        created_at=now,
        loan_id=loan.id,
        payment_no="P-1",
        paid_on=factories.TODAY,
        amount=50_000,
        currency=loan.currency,
        kind=PaymentKind.PAYMENT,
        reference="",
    )
    loan.as_of = factories.TODAY - timedelta(days=1)
    session.add(paid)
    session.commit()

    shown = debt_page.read(client.get(f"/my/debts/{ref}?lang=en").text)
    assert minor(shown.parts["Total"][0]) == was_due - 50_000
    (history,) = shown.payments
    assert (history.number, history.on, history.kind) == ("P-1", factories.TODAY, "Payment")
    assert history.met == [(3, "Penalty", 1_400), (3, "Interest", 1_000), (3, "Principal", 47_600)]
