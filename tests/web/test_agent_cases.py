"""The list of cases, and the file of one."""

import pytest
from sqlalchemy import event

from portal.services import cases
from portal.vocabulary import CaseState, HoldReason, Role
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def lead(client, session, lender):
    made = factories.staff(session, lender, Role.LEAD, name="Lena Example")
    session.commit()
    sign_in_staff(client, made)
    return made


def made_cases(session, lender, number, **options):
    made = [
        factories.case(session, factories.loan(session, factories.borrower(session, lender)), **options)
        for _ in range(number)
    ]
    session.commit()
    return made


def numbers(page):
    return page.text.count("/agent/cases/01")


def test_a_case_is_listed_with_its_figures_and_a_masked_name(client, session, lender, lead):
    (case,) = made_cases(session, lender, 1, owner=lead)

    text = client.get("/agent/cases?lang=en").text

    for expected in ("B0001 · Test **", "2,020.00", "35", "Lena Example", case.ref):
        assert expected in text
    assert "Test Borrower" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=planning", 1),
        ("state=confirmed", 2),
        ("bucket=M2", 2),
        ("bucket=M1", 1),
        ("search=B0002", 1),
        ("search=b00", 3),
        ("search=l00003", 1),
        ("search=%25", 0),
        ("search=Test", 0),
        ("state=planning&bucket=M2", 0),
        ("state=nonsense", 3),
    ],
)
@pytest.mark.usefixtures("lead")
def test_the_list_can_be_filtered(client, session, lender, query, found):
    made_cases(session, lender, 2)
    late = factories.loan(session, factories.borrower(session, lender), late=1)
    factories.case(session, late, state=CaseState.PLANNING)
    session.commit()

    assert numbers(client.get(f"/agent/cases?{query}")) == found


def test_pages_follow_each_other_without_gap_or_repetition(client, session, lender, lead):
    made = made_cases(session, lender, 30)

    first = client.get("/agent/cases?lang=en&search=B")
    second = client.get(f"/agent/cases?search=B&after={made[5].ref}")

    assert f"after={made[5].ref}" in first.text
    assert "search=B" in first.text.split(f"after={made[5].ref}")[1][:20]
    assert (numbers(first), numbers(second)) == (25, 5)
    assert made[4].ref in second.text
    assert made[5].ref not in second.text.replace(f"after={made[5].ref}", "")


def test_no_case_and_no_hit_read_differently(client, lead):
    assert "No cases yet" in client.get("/agent/cases?lang=en").text
    assert "No case fits" in client.get("/agent/cases?search=X").text


def test_a_longer_list_asks_the_database_no_more_often(client, session, lender, lead):
    def queries():
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        engine = client.app.extensions["installation"].engine
        event.listen(engine, "before_cursor_execute", listener)
        shown = numbers(client.get("/agent/cases"))
        event.remove(engine, "before_cursor_execute", listener)
        return shown, len(count)

    made_cases(session, lender, 3, owner=lead)
    client.get("/agent/cases")
    few = queries()
    made_cases(session, lender, 27, owner=lead)
    many = queries()

    assert (few[0], many[0]) == (3, 25)
    assert few[1] == many[1]


def test_a_file_shows_loans_holds_owner_and_what_happened(client, session, lender, lead):
    (case,) = made_cases(session, lender, 1, owner=lead)
    actor = factories.actor_of(lead)
    cases.move(session, case=case, to=CaseState.CONTACTING, actor=actor, now=NOW)
    cases.hold(session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=actor, now=NOW)
    session.commit()

    text = client.get(f"/agent/cases/{case.ref}?lang=en").text

    for expected in (
        "L00001",
        "2 Mar 2026",
        "2,020.00",
        "Contact on hold: Hospital stay",
        "The case moved on",
        "Getting in touch",
        "Lena Example",
        "•••• 001",
    ):
        assert expected in text, expected
    assert "+8869000" not in text
    assert "A900001234" not in text


@pytest.mark.parametrize("role", [Role.AGENT, Role.HANDLER, Role.ADMIN])
def test_the_list_is_for_those_who_work_on_the_whole_book(client, session, lender, role):
    person = factories.staff(session, lender, role)
    session.commit()
    sign_in_staff(client, person)

    assert client.get("/agent/cases").status_code == 403


def test_an_agent_opens_the_case_of_their_visit_and_no_other(client, session, lender):
    agent = factories.staff(session, lender, Role.AGENT)
    own, other = made_cases(session, lender, 2)
    factories.visit(session, own, crew=[agent])
    session.commit()
    sign_in_staff(client, agent)

    assert client.get(f"/agent/cases/{own.ref}").status_code == 200
    assert client.get(f"/agent/cases/{other.ref}").status_code == 404


def test_a_case_of_another_lender_does_not_exist(client, session, lead):
    ref = made_cases(session, factories.lender(session, "spdb-puhui"), 1)[0].ref

    assert client.get(f"/agent/cases/{ref}").status_code == 404
    assert ref not in client.get("/agent/cases").text
