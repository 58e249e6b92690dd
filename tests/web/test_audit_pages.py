"""The audit record: filtered, page by page, as a file, and checked."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from portal.agent import audit as audit_page
from portal.formats import spreadsheet_text
from portal.jobs import anchors as job
from portal.services import audit, complaints
from portal.vocabulary import CaseState, ComplaintTopic, Locale, Role
from portal.web.spreadsheets import BYTE_ORDER_MARK
from tests import factories, tampering
from tests.conftest import NOW
from tests.signing_in import sign_in_staff

MOST_QUERIES = 8


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def auditor(client, session, lender):
    made = factories.staff(session, lender, Role.AUDITOR, name="Ada Example")
    session.commit()
    sign_in_staff(client, made)
    return made


def add(session, lender, number, *, actor=None, action="case_moved", **options):
    for count in range(number):
        audit.record(
            session,
            actor=actor or factories.nightly(lender),
            action=action,
            subject=options.get("subject", f"thing/{count}"),
            case=options.get("case"),
            now=options.get("now", NOW),
            **options.get("facts", {}),
        )
    session.commit()


def shown(page):
    return page.text.count("<time ")


def test_an_entry_is_shown_in_words_with_the_name_of_who_acted(client, session, lender, auditor):
    lead = factories.staff(session, lender, Role.LEAD, name="Lena Example")
    case = factories.case(session, factories.loan(session, factories.borrower(session, lender)))
    facts = {"after": CaseState.CONTACTING, "document": "ab" * 32, "count": 3}
    add(
        session, lender, 1, actor=factories.actor_of(lead), subject=f"case/{case.ref}", case=case, facts=facts
    )

    text = client.get("/agent/audit?lang=en").text

    for expected in (
        "The case moved on",
        "Getting in touch",
        "count: 3",
        "document: abababababab…",
        "Lena Example",
        f'href="/agent/cases/{case.ref}"',
        "2 Mar 2026",
    ):
        assert expected in text, expected
    assert "Member of staff added" in text


def test_an_act_without_a_sentence_is_named(client, session, lender, auditor):
    add(session, lender, 1, action="moon_landed", subject="moon_rock/1")

    text = client.get("/agent/audit?lang=en").text

    assert "Moon landed" in text
    assert "Moon rock" in text
    assert "The portal (nightly)" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=case_moved", 3),
        ("action=nothing", 0),
        ("who=system&action=case_moved", 2),
        ("who=borrower", 0),
        ("who={lead}", 1),
        ("about={case}", 1),
        ("about=thing/1", 1),
        ("about=%25", 0),
        ("begin=2026-03-05", 2),
        ("begin=2026-03-05&end=2026-03-04", 0),
        ("action=case_moved&end=2026-03-04", 1),
        ("begin=nonsense&action=case_moved", 3),
        ("after=nonsense&action=case_moved", 3),
    ],
)
def test_the_record_can_be_filtered(client, session, lender, auditor, query, found):
    lead = factories.staff(session, lender, Role.LEAD)
    case = factories.case(session, factories.loan(session, factories.borrower(session, lender)))
    add(session, lender, 1, actor=factories.actor_of(lead), subject=f"case/{case.ref}", case=case)
    midnight_in_shanghai = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    add(session, lender, 2, now=midnight_in_shanghai)

    page = client.get(f"/agent/audit?{query.format(lead=f'staff:{lead.ref}', case=case.ref)}")

    assert shown(page) == found


def test_pages_follow_each_other_without_gap_or_repetition(client, session, lender, auditor):
    add(session, lender, 60, action="case_moved")
    end = audit.length_of(session, lender_id=lender.id)

    first = client.get("/agent/audit?action=case_moved&lang=en")
    second = client.get(f"/agent/audit?action=case_moved&after={end - 24}")
    last = client.get(f"/agent/audit?action=case_moved&after={end - 49}")

    assert f"after={end - 24}&amp;action=case_moved" in first.text
    assert [shown(each) for each in (first, second, last)] == [25, 25, 10]
    assert 'rel="next"' not in last.text


def test_a_longer_record_asks_the_database_no_more_often(client, session, lender, auditor):
    def queries():
        count = []
        listener = lambda _c, _cursor, statement, *_: count.append(statement)  # noqa: E731
        engine = client.app.extensions["installation"].engine
        event.listen(engine, "before_cursor_execute", listener)
        client.get("/agent/audit")
        event.remove(engine, "before_cursor_execute", listener)
        return [each for each in count if "audit_" in each or "job_run" in each or "FROM staff" in each]

    add(session, lender, 3)
    client.get("/agent/audit")
    few = queries()
    for _ in range(10):
        person = factories.staff(session, lender)
        add(session, lender, 5, actor=factories.actor_of(person))
    many = queries()

    assert len(few) == len(many) <= MOST_QUERIES


def test_the_list_is_a_file_that_runs_nothing(client, session, lender, auditor):
    staff = factories.staff(session, lender, name="=HYPERLINK(1)")
    add(session, lender, 3, actor=factories.actor_of(staff), facts={"count": 1})
    add(session, lender, 2, action="case_opened")

    response = client.get("/agent/audit.csv?action=case_moved")

    text = response.get_data(as_text=True)
    assert text.startswith(BYTE_ORDER_MARK)
    assert response.headers["Content-Disposition"] == "attachment; filename=audit-pingan-bank.csv"
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))
    assert [row["action"] for row in rows] == ["case_moved"] * 3
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert rows[0]["facts"] == '{"count": 1}'
    assert rows[0]["time"] == "2026-03-02T02:00:00+00:00"
    assert [int(row["number"]) for row in rows] == sorted((int(row["number"]) for row in rows), reverse=True)


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1"])
def test_a_cell_that_begins_like_a_formula_is_text(cell):
    assert spreadsheet_text(cell) == f"'{cell}"
    assert spreadsheet_text("a=1") == "a=1"


@pytest.mark.usefixtures("auditor")
def test_the_state_names_length_anchor_and_last_check(client, session, lender, installation):
    assert "Not checked yet" in client.get("/agent/audit?lang=en").text

    job.run(installation, now=NOW)
    text = client.get("/agent/audit").text

    length = audit.length_of(session, lender_id=lender.id)
    assert f"{length} entries" in text
    assert f"2 Mar 2026, with {length} entries" in " ".join(text.split())
    assert f"all {length} entries fit together" in text


def test_a_problem_of_the_night_stands_on_the_page(client, session, lender, auditor, installation, owner):
    with owner.begin() as connection:
        tampering.edit(connection, lender.id, 2)
    job.run(installation, now=NOW)

    text = client.get("/agent/audit?lang=en").text

    assert "Not whole" in text
    assert "entry 2 was changed" in text


@pytest.mark.usefixtures("auditor")
def test_the_chain_is_checked_on_demand(client, session, lender, owner):
    whole = client.get("/agent/audit/verification?lang=en").text
    assert "The record is whole" in whole
    assert "more than two nights old" in whole

    session.commit()
    with owner.begin() as connection:
        tampering.swap(connection, lender.id, 2)

    broken = client.get("/agent/audit/verification").text
    assert "The record is not whole" in broken
    assert "entry 2 is out of place" in broken


@pytest.mark.usefixtures("auditor")
def test_of_a_long_chain_the_page_checks_what_is_new_and_names_the_command(
    client, session, lender, installation, monkeypatch
):
    job.run(installation, now=NOW)
    anchored = audit.length_of(session, lender_id=lender.id)
    add(session, lender, 4)
    monkeypatch.setattr(audit_page, "MOST_AT_ONCE", 5)

    text = client.get("/agent/audit/verification?lang=en").text

    assert f"Entries {anchored + 1} to {anchored + 4}" in text
    assert "portal audit verify --lender pingan-bank" in text


@pytest.mark.parametrize("role", [Role.AGENT, Role.CALLER, Role.LEAD, Role.HANDLER])
@pytest.mark.parametrize("address", ["/agent/audit", "/agent/audit.csv", "/agent/audit/verification"])
def test_the_record_is_for_auditors_managers_and_admins(client, session, lender, role, address):
    person = factories.staff(session, lender, role)
    session.commit()
    sign_in_staff(client, person)

    assert client.get(address).status_code == 403


@pytest.mark.parametrize("address", ["/agent/audit", "/agent/audit.csv"])
def test_nobody_reads_about_a_complaint_that_they_may_not_see(client, session, lender, address):
    case = factories.case(session, factories.loan(session, factories.borrower(session, lender)))
    manager = factories.staff(session, lender, Role.MANAGER, name="Mia Example")
    admin = factories.staff(session, lender, Role.ADMIN)
    auditor = factories.staff(session, lender, Role.AUDITOR)
    filed = complaints.file(
        session,
        lender=lender,
        case=case,
        topic=ComplaintTopic.CONDUCT,
        text="Rude",
        locale=Locale.EN,
        actor=factories.visitor(lender),
        about=manager,
        now=NOW,
    )
    session.commit()
    seen = {}
    for person in (manager, admin, auditor):
        sign_in_staff(client, person)
        text = client.get(f"{address}?action=complaint_filed").get_data(as_text=True)
        seen[person.ref] = filed.ref in text

    assert seen == {manager.ref: False, admin.ref: False, auditor.ref: True}


def test_another_lenders_record_does_not_show(client, session, lender, auditor):
    other = factories.lender(session, "spdb-puhui")
    with factories.of_lender(session, other.id):
        add(session, other, 3, action="moon_landed")

    assert "Moon landed" not in client.get("/agent/audit").text
    assert "moon_landed" not in client.get("/agent/audit.csv").get_data(as_text=True)


def test_the_record_after_two_years_still_says_its_times_whole(client, session, lender, auditor):
    add(session, lender, 1, now=NOW + timedelta(days=700))

    assert "31 Jan 2028" in client.get("/agent/audit?lang=en").text
