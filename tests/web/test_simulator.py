"""What if I paid: an address that changes nothing, for the borrower and for staff at the case."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from portal.models import Payment
from portal.models.audit_entry import AuditEntry
from portal.services import debts, lenders, policies, simulations
from portal.vocabulary import Product, Role
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY
from tests.signing_in import sign_in_borrower, sign_in_staff
from tests.web import simulator_page

PAGES = ("borrower", "staff")


@pytest.fixture(params=PAGES)
def here(request, client, session):
    """The address of the simulator of a case with two loans, two payments and one payment late."""
    lender = factories.lender(session)
    borrower = factories.borrower(session, lender)
    older = factories.loan(session, borrower, late=2)
    newer = factories.loan(session, borrower, late=1, instalment=50_000, product=Product.CARD)
    case = factories.case(session, older, newer)
    caller = factories.staff(session, lender, Role.CALLER)
    session.commit()
    address = "/my/simulator" if request.param == "borrower" else f"/agent/cases/{case.ref}/simulator"
    sign_in_borrower(client, borrower) if request.param == "borrower" else sign_in_staff(client, caller)
    session.rollback()
    return address


@pytest.fixture
def debt(here, session):
    found = session.scalars(select(factories.Case)).one()
    policy = policies.of(lenders.get(session, found.lender_id), NOW)
    return debts.debt_of(session, case=found, policy=policy, business_date=TODAY)


def test_the_form_stands_without_an_answer_before_an_amount_is_entered(client, here):
    page = client.get(f"{here}?lang=en")

    assert page.status_code == 200
    assert "What the payment meets" not in page.text
    assert simulator_page.value(page.text, "start") == TODAY.isoformat()
    assert simulator_page.errors(page.text) == {}


def test_a_payment_today_shows_what_it_meets_and_what_is_left(client, here, debt):
    tried = simulations.pay_once(debt, amount=102_500, loan=None)
    text = client.get(f"{here}?lang=en&amount=1025.00&often=once").text

    assert simulator_page.before_and_after(text) == {
        "Due now": (debt.overdue.total, debt.overdue.total - 102_500),
        "Days late": (35, 5),
        "Each day adds": (80, 40),
        "Owed in all": (debt.total.total, debt.total.total - 102_500),
    }
    assert tried.left.total == debt.total.total - 102_500
    assert "Penalty interest ¥\u00a014.00" in text.replace("&nbsp;", "\u00a0")
    assert "nothing is agreed by this" in text


def test_the_chosen_loan_gets_the_payment(client, here, debt):
    card = debt.loans[1]
    text = client.get(f"{here}?lang=en&amount=100&often=once&loan={card.loan.ref}").text

    assert card.loan.contract_no in text[text.index("What the payment meets") :]
    assert debt.loans[0].loan.contract_no not in text[text.index("What the payment meets") :]
    assert simulator_page.before_and_after(text)["Days late"] == (35, 35)


def test_payments_every_month_are_told_month_by_month(client, here, debt):
    first = TODAY + timedelta(days=3)
    tried = simulations.pay_monthly(debt, amount=250_000, first=first, loan=None)
    text = client.get(f"{here}?lang=en&amount=2500&often=monthly&start={first}").text

    months = simulator_page.table(text, "Month by month")
    assert len(months) == len(tried.months) + 2  # with the head and the total
    total = [simulator_page.minor(cell) for cell in months["Total"][:5]]
    paid = tried.paid
    assert total == [paid.penalty, paid.fees, paid.interest, paid.principal, paid.total]
    assert simulator_page.minor(list(months.values())[-2][-1]) == 0


def test_a_payment_that_never_ends_is_told_plainly_with_the_amount_that_does(client, here, debt):
    tried = simulations.pay_monthly(debt, amount=1_000, first=TODAY, loan=None)
    text = client.get(f"{here}?lang=en&amount=10&often=monthly&start={TODAY}").text

    assert "With this amount it never ends" in text
    assert f"{tried.enough / 100:,.2f} a month on, it ends" in text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("amount=0", "amount"),
        ("amount=", "amount"),
        ("amount=-5", "amount"),
        ("amount=abc", "amount"),
        ("amount=1.234", "amount"),
        ("amount=99999999", "amount"),
        ("amount=99999999&often=monthly", "amount"),
        ("amount=9" + "9" * 40, "amount"),
        ("amount=100&often=monthly&start=2026-03-01", "start"),
        ("amount=100&often=monthly&start=2036-03-03", "start"),
        ("amount=100&often=monthly&start=someday", "start"),
    ],
)
def test_what_cannot_be_tried_is_said_at_the_field_and_nothing_is_lost(client, here, query, field):
    page = client.get(f"{here}?lang=en&{query}")

    assert page.status_code == 422
    assert list(simulator_page.errors(page.text)) == [field]
    assert 'id="result"' not in page.text
    entered = dict(each.split("=", 1) for each in query.split("&"))
    assert simulator_page.value(page.text, field) == entered[field]


@pytest.mark.parametrize("query", ["loan=nothing", "often=never"])
def test_an_unknown_choice_is_refused(client, here, query):
    page = client.get(f"{here}?lang=en&amount=100&{query}")

    assert page.status_code == 422
    assert 'id="result"' not in page.text


def test_htmx_gets_the_form_and_its_answer_alone(client, here):
    page = client.fragment(f"{here}?lang=en&amount=100")

    assert page.text.lstrip().startswith('<div id="simulation">')
    assert "<html" not in page.text
    assert 'id="result"' in page.text


def test_trying_leaves_no_trace(client, session, here):
    counts = [session.scalar(select(func.count()).select_from(each)) for each in (AuditEntry, Payment)]
    session.rollback()
    client.get(f"{here}?amount=100")
    client.get(f"{here}?amount=100&often=monthly")

    assert counts == [
        session.scalar(select(func.count()).select_from(each)) for each in (AuditEntry, Payment)
    ]


def test_the_figures_are_the_same_in_every_language(client, here):

    amounts = [
        re.findall(r"[0-9,]+\.[0-9]{2}", client.get(f"{here}?lang={lang}&amount=2500&often=monthly").text)
        for lang in ("en", "zh_Hant", "zh_Hans")
    ]

    assert len(amounts[0]) > 20
    assert amounts[0] == amounts[1] == amounts[2]


def test_without_a_case_there_is_nothing_to_try(client, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()

    assert "Nothing is overdue" in client.get("/my/simulator?lang=en").text


@pytest.mark.parametrize("loans", [1, 7])
@pytest.mark.parametrize(
    "page", ["/my/debts", "/my/simulator?amount=100", "/my/simulator?amount=9000&often=monthly"]
)
def test_the_borrowers_pages_ask_the_same_few_questions_whatever_the_number_of_loans(
    client, session, installation, page, loans
):
    borrower = factories.borrower(session, factories.lender(session))
    factories.case(session, *(factories.loan(session, borrower, late=2) for _ in range(loans)))
    session.commit()
    sign_in_borrower(client, borrower)
    session.rollback()

    assert _questions(client, installation, page) <= 8


@pytest.mark.parametrize("loans", [1, 7])
@pytest.mark.parametrize("page", ["debt", "simulator?amount=100"])
def test_the_pages_of_staff_ask_the_same_few_questions_whatever_the_number_of_loans(
    client, session, installation, page, loans
):
    lender = factories.lender(session)
    borrower = factories.borrower(session, lender)
    case = factories.case(session, *(factories.loan(session, borrower, late=2) for _ in range(loans)))
    caller = factories.staff(session, lender, Role.CALLER)
    session.commit()
    ref = case.ref
    sign_in_staff(client, caller)
    session.rollback()

    assert _questions(client, installation, f"/agent/cases/{ref}/{page}") <= 8


def _questions(client, installation, page):
    """How many queries a page asks about debts: those of the session and of who is signed in come before."""
    statements = []
    event.listen(installation.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert client.get(page).status_code == 200
    about = [each for each in statements if "FROM" in each]
    return len(about)
