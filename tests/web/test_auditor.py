"""An auditor reads everything of a lender and writes nothing; nobody is shown a form that is not theirs."""

import pytest

from portal.services import complaints
from portal.vocabulary import ComplaintTopic, Locale, Role
from tests import factories
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.signing_in import sign_in_staff
from tests.web import everything

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Acts on one's own account: the password, the authenticator, the sessions.
OWN_ACCOUNT = "portal.agent.account"
# Pages that are there to do something; what they lead to is read elsewhere.
FOR_AN_ACT = {
    "agent.route",
    "agent.visit_identity",
    "agent.visit_plan",
    "agent.visit_departure",
    "agent.new_proof",
    "agent.new_decision",
    "agent.new_person",
    "agent.profile",
    "agent.hide_on_case",
    "agent.hide_at_visit",
    "agent.case_preferences",
}


@pytest.fixture
def made(session, settings):
    return everything.make(session, settings)


def staff_pages(app, method):
    return {
        rule.endpoint: app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("agent.") and method in rule.methods
    }


def test_no_act_names_the_auditor(app):
    named = {
        endpoint
        for endpoint, view in staff_pages(app, "POST").items()
        if Role.AUDITOR in view.roles and view.__module__ != OWN_ACCOUNT
    }
    assert not named


def test_every_page_that_is_not_for_an_act_is_open_to_the_auditor(app):
    closed = {
        endpoint for endpoint, view in staff_pages(app, "GET").items() if Role.AUDITOR not in view.roles
    }
    assert closed == FOR_AN_ACT


def test_an_auditor_opens_every_page_of_every_case(app, client, made):
    sign_in_staff(client, made.staff[Role.AUDITOR])

    for endpoint, url in made.pages(app):
        view = app.view_functions[endpoint]
        if endpoint in everything.DOCUMENTS or view.__module__ == OWN_ACCOUNT:
            continue
        expected = {403} if endpoint in FOR_AN_ACT else {200}
        if endpoint == "agent.approval":
            expected = {200, 404}  # most plans need nobody's yes
        assert client.http.get(url).status_code in expected, url


@pytest.mark.parametrize("role", list(Role))
def test_whoever_sees_a_form_or_a_link_may_use_it(app, client, made, role):
    sign_in_staff(client, made.staff[role])
    adapter = app.url_map.bind("localhost")
    seen = 0

    def allowed(url, method):
        endpoint, _values = adapter.match(url.partition("?")[0], method)
        return not endpoint.startswith("agent.") or role in app.view_functions[endpoint].roles

    for endpoint, url in made.pages(app):
        if role not in app.view_functions[endpoint].roles or endpoint in everything.DOCUMENTS:
            continue
        page = client.http.get(url)
        if page.status_code != 200:
            continue
        seen += 1
        for action in everything.forms(page.text):
            assert allowed(action, "POST"), f"{url} shows a form to {action}"
        for link in everything.links(page.text):
            assert allowed(link, "GET"), f"{url} links to {link}"
    assert seen >= 2


def test_the_record_of_a_visit_says_what_was_answered_and_found(client, made):
    sign_in_staff(client, made.staff[Role.AUDITOR])
    ref = made.refs["visits"][-1]

    visit = client.get(f"/agent/visits/{ref}?lang=en").text
    checklist = client.get(f"/agent/visits/{ref}/checklist").text
    findings = client.get(f"/agent/visits/{ref}/findings").text
    budget = client.get(f"/agent/visits/{ref}/budget").text

    assert "Record of this visit" in visit
    assert "We have arrived" not in visit
    assert checklist.count("Confirmed") == 7
    assert "Less income" in findings
    assert "7,000.00" in budget


def test_a_visit_that_has_not_begun_has_an_empty_record(client, made):
    sign_in_staff(client, made.staff[Role.AUDITOR])
    ref = made.visits[0].ref

    assert "The crew has not arrived." in client.get(f"/agent/visits/{ref}?lang=en").text
    for page in ("checklist", "findings", "budget"):
        assert "Nothing here yet" in client.get(f"/agent/visits/{ref}/{page}").text


def test_the_file_of_a_case_leads_to_its_papers(client, made):
    sign_in_staff(client, made.staff[Role.AUDITOR])

    text = "".join(client.get(f"/agent/cases/{ref}").text for ref in made.refs["cases"])

    for kind in ("visits", "plans", "agreements", "proofs"):
        for ref in made.refs[kind]:
            assert f"/agent/{kind}/{ref}" in text, kind


def test_an_auditors_day_counts_what_there_is_to_read(client, made):
    sign_in_staff(client, made.staff[Role.AUDITOR])

    text = client.get("/agent?lang=en").text

    for card in ("Open cases", "Documents not checked yet", "Plans waiting for approval", "Follow-ups late"):
        assert card in text
    assert f'<p class="figure">{len(made.refs["cases"])}</p>' in text


def test_a_complaint_about_the_auditor_stays_closed_to_them(client, session, made):
    auditor = made.staff[Role.AUDITOR]
    about = complaints.file(
        session,
        lender=made.lender,
        case=None,
        topic=ComplaintTopic.CONDUCT,
        text="The auditor was rude",
        locale=Locale.EN,
        about=auditor,
        actor=factories.visitor(made.lender),
        now=NOW,
    )
    sign_in_staff(client, auditor)

    assert client.get(f"/agent/complaints/{about.ref}").status_code == 404
    assert about.number not in client.get("/agent/inbox").text


def test_who_has_the_role_but_does_not_come_along_works_on_nothing(client, session, made):
    both = factories.staff(session, made.lender, Role.AGENT, Role.AUDITOR)
    session.commit()
    sign_in_staff(client, both)
    ref = made.visits[0].ref

    page = client.get(f"/agent/visits/{ref}?lang=en").text

    assert "We have arrived" not in page
    assert f"/agent/visits/{ref}/" not in "".join(everything.forms(page))
    client.get("/agent")
    assert client.post(f"/agent/visits/{ref}/arrival").status_code == 404
