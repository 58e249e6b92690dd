"""The borrower's side: a budget of one's own, and the plan in words and row by row."""

from decimal import Decimal

import pytest

from portal.domain.concessions import Concession
from portal.models import Borrower, Budget, Plan
from portal.services import lenders
from portal.vocabulary import ConcessionKind, PlanState
from tests import factories
from tests.at_the_table import budget_of, propose
from tests.signing_in import sign_in_borrower

ENTRIES = {"adults": "2", "children": "1", "wages": "９，０００", "rent": "1800", "food": "2600"}


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


def enter(client, session, case):
    session.commit()
    sign_in_borrower(client, session.get_one(Borrower, case.borrower_id))
    session.rollback()
    client.get("/my/budget?lang=en")


def planned(session, case, **named):
    agent = factories.staff(session, lenders.get(session, case.lender_id))
    return propose(session, case, budget_of(session, case), factories.actor_of(agent), **named)


def test_a_budget_is_saved_and_explained(client, session, case):
    enter(client, session, case)
    assert "Why we ask for this" in client.get("/my/budget").text

    page = client.follow(client.post("/my/budget", ENTRIES))

    budget = session.query(Budget).one()
    assert (budget.income, budget.actor.partition(":")[0]) == (900_000, "borrower")
    assert budget.affordable == (900_000 - 562_500 - 101_000) * 9 // 10
    assert "¥\u00a02,128.50" in page.text
    assert "so ¥\u00a05,625.00 is counted" in page.text
    assert 'value="9000.00"' in page.text


def test_the_same_form_sent_twice_counts_once(client, session, case):
    enter(client, session, case)
    client.get("/my/budget")

    first, second = client.http.post, None
    fields = client._hidden_fields() | ENTRIES
    assert first("/my/budget", data=fields).status_code == 303
    second = client.http.post("/my/budget", data=fields)

    assert second.status_code == 303
    assert session.query(Budget).count() == 1


def test_a_month_that_leaves_nothing_says_so_kindly(client, session, case):
    enter(client, session, case)

    page = client.follow(client.post("/my/budget", ENTRIES | {"wages": "100"}))

    assert "This month leaves nothing over" in page.text
    assert "The month lacks" in page.text


def test_without_a_plan_the_list_says_how_one_comes(client, session, case):
    enter(client, session, case)

    assert "A plan starts with your budget" in client.get("/my/plans").text


def test_a_plan_stands_in_words_and_row_by_row(client, session, case):
    ref = planned(session, case, periods=6).ref
    enter(client, session, case)

    assert "Ready to sign" in client.get("/my/plans").text
    page = client.get(f"/my/plans/{ref}").text
    assert "each month, 6 times" in page
    assert page.count('<tr role="row">') == 8
    assert "You can afford ¥\u00a02,331.00 a month" in page
    assert "APR, nominal" in page
    assert "APR, effective" in page


def test_a_plan_that_waits_says_for_what(client, session, case):
    waived = (Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(1)),)
    ref = planned(session, case, concessions=waived).ref
    enter(client, session, case)

    page = client.get(f"/my/plans/{ref}").text

    assert "needs the yes of a second person" in page
    assert "Penalty interest waived" in page


def test_a_draft_and_somebody_elses_plan_do_not_exist(client, session, case):
    draft = planned(session, case)
    draft.state = PlanState.DRAFT
    other = factories.case(
        session, factories.loan(session, factories.borrower(session, lenders.get(session, case.lender_id)))
    )
    foreign = planned(session, other)
    enter(client, session, case)

    assert session.query(Plan).count() == 2
    session.rollback()
    for plan_ref in (draft.ref, foreign.ref):
        session.rollback()
        assert client.get(f"/my/plans/{plan_ref}").status_code == 404


def test_with_no_case_nothing_is_asked(client, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, borrower)

    assert "No budget is needed now" in client.get("/my/budget?lang=en").text
    assert "No plan yet" in client.get("/my/plans").text
