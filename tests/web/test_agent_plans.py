"""The table: budget and plan inside a visit, within what is affordable, and only for its crew."""

import re

import pytest

from portal.models import Budget, Plan
from portal.services import cases, lenders
from portal.vocabulary import ConcessionKind, PlanState, Role, VisitState
from tests import at_the_table, factories
from tests.signing_in import sign_in_staff

ENTRIES = {"adults": "1", "children": "0", "wages": "7,000.00", "rent": "1800", "food": "1600"}


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def table(session, client, case):
    """A visit that came to the budget, its agent signed in."""
    agent = factories.staff(session, lenders.get(session, case.lender_id))
    visit = at_the_table.visit_of(session, case, agent)
    session.commit()
    sign_in_staff(client, agent)
    client.get("/agent?lang=en")
    return f"/agent/visits/{visit.ref}"


def with_budget(client, table, **entries):
    client.get(f"{table}/budget")
    return client.post(f"{table}/budget", ENTRIES | entries)


def chosen(client, table, query):
    """Pick a plan and return the form's hidden entries."""
    page = client.get(f"{table}/plan?{query}")
    assert page.status_code == 200, page.text[:500]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)) | dict(
        re.findall(r'<input name="(\w+)" type="hidden" value="([^"]*)"', page.text)
    )


def test_budget_then_plan_then_ready_to_sign(client, session, table):
    response = with_budget(client, table)
    assert response.headers["Location"] == f"{table}/plan"
    page = client.follow(response)
    assert "You can afford" in page.text
    assert "¥\u00a02,331.00" in page.text

    response = client.post(f"{table}/plan", chosen(client, table, "choice=soonest"))

    page = client.follow(response)
    session.expire_all()
    plan = session.query(Plan).one()
    assert plan.state is PlanState.APPROVED
    assert plan.largest_month <= session.query(Budget).one().affordable == 233_100
    assert "Ready to sign" in page.text
    assert "Prepare the agreement" in page.text


def test_an_entry_that_is_no_amount_is_told_at_its_line_and_kept(client, session, table):
    response = with_budget(client, table, wages="7,0,0")

    assert response.status_code == 422
    assert "Please write an amount in digits" in response.text
    assert 'value="7,0,0"' in response.text
    assert session.query(Budget).count() == 0


@pytest.mark.parametrize("entries", [{"adults": "0"}, {"adults": "x"}, {"children": "-1"}, {"adults": "99"}])
def test_a_household_needs_a_sensible_number_of_people(client, session, table, entries):
    response = with_budget(client, table, **entries)

    assert response.status_code == 422
    assert session.query(Budget).count() == 0


def test_a_plan_beyond_the_budget_has_no_button_and_is_refused_when_sent(client, session, table):
    with_budget(client, table)
    page = client.get(f"{table}/plan?months=1&choice=own")
    assert "More than you can afford" in page.text
    assert "Propose this plan" not in page.text

    response = client.post(f"{table}/plan", {"method": "equal_instalment", "periods": "1"})

    assert response.status_code == 422
    assert "The dearest month of this plan is" in response.text
    session.expire_all()
    assert session.query(Plan).count() == 0


def test_ten_percent_is_the_agents_own_and_eleven_asks_for_a_reason(client, session, table):
    with_budget(client, table)
    assert "You may give this yourself" in client.get(f"{table}/plan?penalty=10&choice=soonest").text
    entries = chosen(client, table, "penalty=11&choice=soonest")

    refused = client.post(f"{table}/plan", entries)
    assert refused.status_code == 422
    assert "Please write a reason" in refused.text

    page = client.follow(client.post(f"{table}/plan", entries | {"reason": "The factory closed"}))
    session.expire_all()
    plan = session.query(Plan).one()
    assert plan.state is PlanState.WAITING_APPROVAL
    assert "Waiting for approval" in page.text
    assert "Prepare the agreement" not in page.text


def test_what_was_chosen_is_what_is_proposed(client, session, table):
    with_budget(client, table)
    entries = chosen(client, table, "penalty=5&months=9&first_due=2026-03-20&choice=own")

    client.post(f"{table}/plan", entries)

    session.expire_all()
    plan = session.query(Plan).one()
    assert (plan.periods, plan.first_due_on.isoformat()) == (9, "2026-03-20")
    concession = at_the_table.concessions_of(session, plan)[ConcessionKind.PENALTY_WAIVER]
    assert concession.share_ppm == 50_000


@pytest.mark.parametrize("query", ["penalty=101", "grace=-1", "months=x", "first_due=soon"])
def test_terms_that_make_no_sense_are_told_and_compare_nothing(client, table, query):
    with_budget(client, table)

    response = client.get(f"{table}/plan?{query}")

    assert response.status_code == 422
    assert "Choose this plan" not in response.text
    assert "field-error" in response.text


def test_more_than_anybody_may_give_is_told(client, table):
    with_budget(client, table)

    assert "Nobody may give this much" in client.get(f"{table}/plan?grace=7").text


def test_a_household_without_money_left_sees_that_no_plan_fits(client, table):
    with_budget(client, table, wages="2000")

    page = client.get(f"{table}/plan")

    assert "No plan fits this budget" in page.text
    assert "Choose this plan" not in page.text


def test_htmx_gets_the_comparison_alone(client, table):
    with_budget(client, table)

    fragment = client.fragment(f"{table}/plan?penalty=5").text

    assert fragment.lstrip().startswith('<div id="comparison"')
    assert "<h1" not in fragment


def test_before_the_identity_is_known_nothing_opens(client, session, case):
    agent = factories.staff(session, lenders.get(session, case.lender_id))
    visit = at_the_table.visit_of(session, case, agent, state=VisitState.ARRIVED, answered=False)
    session.commit()
    sign_in_staff(client, agent)

    for page in ("budget", "plan"):
        response = client.get(f"/agent/visits/{visit.ref}/{page}")
        assert response.headers["Location"].endswith("/identity")
    response = client.post(f"/agent/visits/{visit.ref}/budget", ENTRIES)
    assert response.status_code in {400, 409}
    session.expire_all()
    assert session.query(Budget).count() == 0


def test_no_plan_before_the_budget_of_this_visit(client, table):
    assert client.get(f"{table}/plan").headers["Location"] == f"{table}/budget"


@pytest.mark.parametrize("page", ["budget", "plan"])
def test_another_lenders_or_another_crews_visit_does_not_exist(client, session, table, case, page):
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"))
    colleague = factories.staff(session, lenders.get(session, case.lender_id))
    session.commit()

    for person in (stranger, colleague):
        sign_in_staff(client, person)
        assert client.get(f"{table}/{page}").status_code == 404


@pytest.mark.parametrize("page", ["budget", "plan"])
def test_a_caller_has_no_place_at_the_table(client, session, table, case, page):
    caller = factories.staff(session, lenders.get(session, case.lender_id), Role.CALLER)
    session.commit()
    sign_in_staff(client, caller)

    assert client.get(f"{table}/{page}").status_code == 403


def test_a_plan_of_another_lender_does_not_exist(client, session, table):
    with_budget(client, table)
    client.post(f"{table}/plan", chosen(client, table, "choice=soonest"))
    session.expire_all()
    ref = session.query(Plan).one().ref
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.MANAGER)
    session.commit()
    sign_in_staff(client, stranger)

    assert client.get(f"/agent/plans/{ref}").status_code == 404


@pytest.mark.parametrize("frequency", ["weekly", "fortnightly", "monthly"])
@pytest.mark.parametrize("kind", ["equal_instalment", "equal_principal", "stepped"])
def test_every_kind_and_frequency_is_compared_and_proposed(client, session, table, kind, frequency):
    with_budget(client, table)

    client.post(f"{table}/plan", chosen(client, table, f"kind={kind}&frequency={frequency}&choice=soonest"))

    session.expire_all()
    plan = session.query(Plan).one()
    assert (plan.method, plan.frequency) == (kind, frequency)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=lump_sum&months=2", "A plan of one payment has one instalment."),
        ("months=37", "A plan for these loans has 1 to 36 instalments."),
        ("first_due=2027-01-01", "The first payment is due after today"),
        ("grace=7", "Nobody may give this much"),
        ("frequency=daily", "Not a valid choice"),
        ("months=0", "Please write a number from 1"),
    ],
)
def test_what_cannot_be_is_said_at_its_entry_and_the_entries_stay(client, table, query, sentence):
    with_budget(client, table)

    page = client.get(f"{table}/plan?penalty=5&{query}")

    assert page.status_code == 422
    assert page.text.count(sentence) >= 2  # above, and at the entry
    assert "field-error" in page.text
    assert 'value="5"' in page.text
    assert "Choose this plan" not in page.text


def test_a_contract_above_the_cap_needs_a_lower_rate(client, session, case, table):
    with_budget(client, table)
    for loan in cases.loans_of(session, case):
        loan.annual_rate_ppm = 300_000
    session.commit()

    page = client.get(f"{table}/plan")
    assert page.status_code == 422
    assert "rate of 30% a year is above the 24%" in page.text
    assert client.get(f"{table}/plan?reduction=20").status_code == 200


def test_each_plan_names_its_rates_dearest_month_and_last_difference(client, table):
    with_budget(client, table)

    page = client.get(f"{table}/plan?frequency=weekly").text

    for name in ("APR, nominal", "APR, effective", "Dearest month", "Difference of the last", "Last payment"):
        assert page.count(name) == 3
    assert "a week" in page
