"""Numbers and addresses on the staff's pages: masked until asked for, each look recorded."""

import pytest

from portal.models import ContactPoint, Lender
from portal.models.audit_entry import AuditEntry
from portal.services import reveals, throttles
from portal.vocabulary import ContactKind, PlaceKind, Role
from tests import factories
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.signing_in import sign_in_staff
from tests.web import everything
from tests.web.test_agent_visits import Tablet

FULL = {
    "id_no": "A900001234",
    "phone": "+886900000001",
    "email": "borrower1@example.test",
    "address": "1 Test Road",
}


@pytest.fixture
def case(session):
    made = factories.late_borrower(session, factories.lender(session))
    session.commit()
    return made


def enter(client, session, case, *roles):
    person = factories.staff(session, _lender(session, case), *roles)
    session.commit()
    sign_in_staff(client, person)
    client.get(f"/agent/cases/{case.ref}?lang=en")
    return person


def _lender(session, case):
    return session.get_one(Lender, case.lender_id)


def looks(session, action="value_revealed"):
    session.rollback()
    found = [
        (entry.actor, entry.subject, entry.facts.get("field"))
        for entry in session.query(AuditEntry).filter_by(action=action).order_by(AuditEntry.id)
    ]
    session.rollback()
    return found


@pytest.mark.parametrize("field", list(FULL))
def test_without_scripts_the_page_comes_again_with_the_one_value(client, session, case, field):
    caller = enter(client, session, case, Role.CALLER)
    assert not [value for value in FULL.values() if value in client.page.text]

    answer = client.post(f"/agent/cases/{case.ref}/reveals", {"field": field})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert [name for name, value in FULL.items() if value in answer.text] == [field]
    assert looks(session) == [(f"staff:{caller.ref}", f"case/{case.ref}", field)]
    again = client.get(f"/agent/cases/{case.ref}").text
    assert FULL[field] not in again
    assert "Looked at in full" in again


def test_with_scripts_only_the_value_comes_to_stand_in_its_place(client, session, case):
    enter(client, session, case, Role.LEAD)
    token = client._hidden_fields()["csrf_token"]

    answer = client.http.post(
        f"/agent/cases/{case.ref}/reveals",
        data={"field": "phone"},
        headers={"HX-Request": "true", "X-CSRFToken": token},
    )

    assert answer.text.lstrip().startswith('<span id="value-phone"')
    assert FULL["phone"] in answer.text
    assert "<form" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_asked_for_by_its_address_the_page_is_masked(client, session, case):
    enter(client, session, case, Role.CALLER)

    answer = client.get(f"/agent/cases/{case.ref}/reveals?lang=zh_Hant&field=phone")

    assert answer.headers["Location"] == f"/agent/cases/{case.ref}"
    assert looks(session) == []


@pytest.mark.parametrize("field", ["", "name", "password_hash"])
def test_what_is_no_such_value_does_not_exist(client, session, case, field):
    enter(client, session, case, Role.CALLER)

    assert client.post(f"/agent/cases/{case.ref}/reveals", {"field": field}).status_code == 404


def test_an_auditor_is_offered_no_look_and_gets_none(client, session, case):
    enter(client, session, case, Role.AUDITOR)

    assert 'value="phone"' not in client.page.text
    client.get("/agent")
    assert client.post(f"/agent/cases/{case.ref}/reveals", {"field": "phone"}).status_code == 403


def test_a_case_of_somebody_else_shows_nothing(client, session, case):
    agent = factories.staff(session, _lender(session, case), Role.AGENT)
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.CALLER)
    session.commit()

    for person in (agent, stranger):
        sign_in_staff(client, person)
        client.get("/agent")
        answer = client.post(f"/agent/cases/{case.ref}/reveals", {"field": "phone"})
        assert answer.status_code == 404
    assert looks(session) == []


def test_too_many_looks_are_refused_in_words(client, session, case, monkeypatch):
    limit = throttles.Limit(name="reveal", most=2, minutes=60)
    monkeypatch.setattr(reveals, "LOOKS", limit)
    enter(client, session, case, Role.CALLER)
    url = f"/agent/cases/{case.ref}/reveals"
    token = client._hidden_fields()["csrf_token"]
    for _ in range(2):
        client.post(url, {"field": "phone"})

    whole = client.post(url, {"field": "phone"})
    part = client.http.post(
        url, data={"field": "phone"}, headers={"HX-Request": "true", "X-CSRFToken": token}
    )

    assert (whole.status_code, part.status_code) == (429, 409)
    for answer in (whole, part):
        assert "You have looked at 2 numbers and addresses in this hour" in answer.text
        assert FULL["phone"] not in answer.text
    assert part.text.lstrip().startswith('<span id="value-phone"')
    assert len(looks(session)) == 2


def test_the_crew_presses_once_and_sees_where_to_go_all_day(client, session):
    tablet = Tablet(client, session)
    page = tablet.get().text
    assert "Show address and telephone" in page
    assert not [value for value in FULL.values() if value in page]
    assert "tel:" not in page

    page = client.follow(tablet.post("contact")).text

    for shown in (FULL["address"], f'href="tel:{FULL["phone"]}"'):
        assert shown in page
    assert "Show address and telephone" not in page
    assert FULL["address"] in tablet.get().text
    assert f"tel:{FULL['phone']}" in client.get("/agent/route").text
    assert looks(session, "contact_shown") == [
        (f"staff:{tablet.agents[0].ref}", tablet.url.removeprefix("/agent/").replace("visits", "visit"), None)
    ]


def test_from_the_route_the_button_leads_back_to_the_route(client, session):
    tablet = Tablet(client, session)
    page = client.get("/agent/route?lang=en").text
    assert "Show address and telephone" in page
    assert FULL["address"] not in page

    answer = client.post(f"{tablet.url}/contact", {"page": "route"})

    assert answer.headers["Location"].startswith("/agent/route#")
    page = client.follow(answer).text
    assert FULL["address"] in page


def test_the_day_before_each_look_is_one_of_its_own(client, session, set_time):
    tablet = Tablet(client, session)
    set_time(NOW.replace(day=1))
    page = tablet.get().text
    assert "Show address and telephone" not in page
    assert tablet.post("contact").status_code == 409
    tablet.get()

    page = tablet.post("reveals", field="phone").text

    assert FULL["phone"] in page
    assert FULL["address"] not in page
    assert looks(session) == [
        (f"staff:{tablet.agents[0].ref}", tablet.url[7:].replace("visits", "visit"), "phone")
    ]


def test_on_the_checklist_the_number_on_file_is_compared_in_full(client, session):
    tablet = Tablet(client, session)
    tablet.come_to("checklist")
    page = tablet.get("/checklist").text
    assert not [value for value in FULL.values() if value in page]

    page = client.post(f"{tablet.url}/reveals", {"field": "id_no", "page": "checklist"}).text

    assert FULL["id_no"] in page
    assert 'id="checklist"' in page
    assert FULL["id_no"] not in tablet.get("/checklist").text


def test_at_a_branch_no_address_is_asked_for(client, session):
    tablet = Tablet(client, session)
    visit = tablet.visit()
    visit.place_kind = PlaceKind.BRANCH
    session.commit()
    assert "Show the telephone number" in tablet.get().text

    page = client.follow(tablet.post("contact")).text

    assert f"tel:{FULL['phone']}" in page
    assert FULL["address"] not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", list(Role))
def test_no_page_shows_what_nobody_asked_for(app, client, session, settings, role):
    made = everything.make(session, settings)
    sign_in_staff(client, made.staff[role])
    seen = 0

    for endpoint, url in made.pages(app):
        if role in app.view_functions[endpoint].roles and endpoint not in everything.DOCUMENTS:
            answer = client.http.get(url)
            said = answer.text + str(answer.headers)
            assert not [canary for canary in everything.CANARIES if canary in said], url
            seen += answer.status_code == 200
    assert seen >= 2
    assert session.query(ContactPoint).filter_by(kind=ContactKind.PHONE).first().value == everything.PHONE
