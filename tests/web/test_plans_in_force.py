"""A plan in force on the pages: what was paid, what is late by plan and by contract, what settles it."""

from datetime import date

import pytest

from portal.infra.files import FileStore
from portal.models import Borrower, Plan, PlanInstalment
from portal.services import lenders
from portal.vocabulary import Role
from tests import factories
from tests.agreements_in_force import agreed, amounts_of, pay
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.factories import TODAY
from tests.plain_papers import plain_papers  # noqa: F401  (a fixture)
from tests.signing_in import sign_in_borrower, sign_in_staff


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def plan(session, case, settings):
    """A plan agreed on 5 January, whose first two instalments fell due since."""
    agreement = agreed(session, case, FileStore(settings.files))
    plan = session.get_one(Plan, agreement.plan_id)
    agreement.effective_on, plan.start_on = date(2026, 1, 5), date(2026, 1, 2)
    plan.first_due_on = date(2026, 2, 1)
    for row in session.query(PlanInstalment).filter_by(plan_id=plan.id):
        row.due_on = date(2026, row.number + 1, 1)
    pay(session, case, amounts_of(session, agreement)[0] // 2, date(2026, 2, 10))
    session.flush()
    return plan


def as_borrower(client, session, case):
    session.commit()
    sign_in_borrower(client, session.get_one(Borrower, case.borrower_id))
    session.rollback()


def as_staff(client, session, case):
    person = factories.staff(session, lenders.get(session, case.lender_id), Role.LEAD)
    session.commit()
    sign_in_staff(client, person)
    session.rollback()


def test_staff_see_both_counts_of_days_late_by_name(client, session, case, plan):
    as_staff(client, session, case)

    for page in (f"/agent/plans/{plan.ref}", f"/agent/cases/{case.ref}"):
        text = client.get(page).text
        assert "Days late by the plan" in text
        assert "Days late by the contract" in text
    text = " ".join(client.get(f"/agent/plans/{plan.ref}").text.split())
    assert "To review with the borrower" not in text
    assert "Late, partly paid" in text
    assert "Settling it early" in text


def test_a_broken_plan_comes_up_for_review_and_goes_on(client, session, case, plan):
    for row in session.query(PlanInstalment).filter_by(plan_id=plan.id, number=1):
        row.due_on = date(2026, 1, 30)
    as_staff(client, session, case)

    page = client.get(f"/agent/plans/{plan.ref}").text
    assert "To review with the borrower" in page
    assert "The plan is 31 days late." in page
    assert "Nothing ends by itself." in page
    assert "Plan to review" in client.get(f"/agent/cases/{case.ref}").text


def test_the_borrower_sees_each_instalment_and_what_settles_the_plan(client, session, case, plan):
    as_borrower(client, session, case)

    page = client.get(f"/my/plans/{plan.ref}?lang=en").text
    assert "What you have paid" in page
    assert "is late. If you cannot pay it now, call us" in page
    assert page.count("Still to come") == 4
    assert "This amount stands until 9 Mar 2026" in page
    assert "Interest of the running instalment (1 of 31 days)" in " ".join(page.split())


def test_home_asks_for_the_rest_of_the_next_instalment(client, session, case, plan):
    first, second, third, *_ = amounts_of_plan(session, plan)
    pay(session, case, first - first // 2 + second + 500, TODAY)
    as_borrower(client, session, case)

    page = client.get("/my?lang=en").text
    assert money(third - 500) in page
    assert f"{money(500)} of it is paid already." in page
    assert "payment 3 of 6" in page
    assert "As long as you pay as agreed" in page


def test_home_says_kindly_what_is_late(client, session, case, plan):
    late = sum(amounts_of_plan(session, plan)[:2]) - amounts_of_plan(session, plan)[0] // 2
    as_borrower(client, session, case)

    page = " ".join(client.get("/my?lang=en").text.replace("\u00a0", "~").split()).replace("~", "\u00a0")
    assert f"Besides, {money(late)} is late, since 29 days." in page
    assert "As long as you pay as agreed" not in page


def amounts_of_plan(session, plan):
    rows = session.query(PlanInstalment).filter_by(plan_id=plan.id).order_by(PlanInstalment.number)
    return [row.principal + row.interest for row in rows]


def money(minor):
    return f"¥\u00a0{minor / 100:,.2f}"
