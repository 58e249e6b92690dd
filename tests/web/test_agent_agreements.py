"""Staff offer and sign agreements, and see to the follow-ups."""

from datetime import timedelta

import pytest

from portal.infra.files import FileStore
from portal.models import Agreement, FollowUp, Lender, Plan, Signature, VisitCrew
from portal.vocabulary import AgreementState, FollowUpState, PlanState, Role
from tests import factories
from tests.agreements_made import borrower_of, code_of, home_visit, offered, planned_case, sealed, sign
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.signing_in import sign_in_staff


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lender(session, client):
    return factories.lender(session)


@pytest.fixture
def lead(session, lender, client):
    made = factories.staff(session, lender, Role.LEAD, name="Lead Example")
    session.commit()
    sign_in_staff(client, made)
    return made


def test_an_approved_plan_becomes_an_agreement_with_one_press(session, lender, lead, client):
    plan = factories.approved_plan(session, planned_case(session, lender))
    session.commit()
    client.get("/agent/followups")
    page = client.follow(client.post(f"/agent/plans/{plan.ref}/agreement"))
    agreement = session.query(Agreement).one()
    assert f"Agreement {agreement.number}" in page.text
    assert "not yet" in page.text


def test_a_plan_that_is_not_approved_is_refused_in_words(session, lender, lead, client):
    plan = factories.approved_plan(session, planned_case(session, lender), state=PlanState.DRAFT)
    session.commit()
    client.get("/agent/followups")
    page = client.post(f"/agent/plans/{plan.ref}/agreement")
    assert page.status_code == 409
    assert "for an approved plan only" in page.text


def test_signing_for_the_lender_with_a_code_by_e_mail(session, lender, lead, client, folder):
    agreement = offered(session, lender, folder, by=lead)
    sign(session, agreement, borrower_of(session, agreement), folder)
    session.commit()
    url = f"/agent/agreements/{agreement.ref}"
    client.get(url)
    page = client.follow(client.post(f"{url}/code"))
    assert "We sent six digits to your work e-mail address." in page.text
    code = code_of(session)
    session.rollback()
    page = client.follow(client.post(f"{url}/signature", {"code": code, "typed": "Lead Example"}))
    assert "Signed and sealed" in page.text
    assert page.text.count("2 Apr 2026") >= 1
    session.expire_all()
    assert session.get_one(Agreement, agreement.id).state is AgreementState.SEALED
    assert session.get_one(Plan, agreement.plan_id).state is PlanState.AGREED
    assert session.query(Signature).count() == 2


def test_too_many_codes_are_refused_in_words(session, lender, lead, client, folder):
    agreement = offered(session, lender, folder, by=lead)
    session.commit()
    url = f"/agent/agreements/{agreement.ref}"
    answers = []
    for _ in range(4):
        client.get(url)
        answers.append(client.post(f"{url}/code").status_code)
    assert answers == [303, 303, 303, 409]


def test_who_may_only_read_may_not_sign(session, lender, lead, client, folder):
    client.app.config["WTF_CSRF_ENABLED"] = False
    agreement = offered(session, lender, folder, by=lead)
    people = {role: factories.staff(session, lender, role) for role in (Role.CALLER, Role.AUDITOR)}
    people[Role.HANDLER] = factories.staff(session, lender, Role.HANDLER)
    session.commit()
    url = f"/agent/agreements/{agreement.ref}"
    for role, person in people.items():
        sign_in_staff(client, person)
        assert client.http.post(f"{url}/signature").status_code == 403
        assert client.http.post(f"{url}/code").status_code == 403
        answer = client.get(url)
        assert answer.status_code == (403 if role is Role.HANDLER else 200)
        assert "Send me the code" not in answer.text


def test_an_agent_sees_the_agreements_of_their_own_cases_only(session, lender, lead, client, folder):
    own = factories.staff(session, lender, Role.AGENT)
    other = factories.staff(session, lender, Role.AGENT)
    agreement = offered(session, lender, folder, by=lead, case=planned_case(session, lender, owner=own))
    session.commit()
    for person, status in ((own, 200), (other, 404)):
        sign_in_staff(client, person)
        assert client.get(f"/agent/agreements/{agreement.ref}").status_code == status


def test_the_lenders_original_is_for_staff_of_this_lender(session, lender, lead, client, folder):
    agreement = sealed(session, lender, folder, by=lead)
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.MANAGER)
    session.commit()
    url = f"/agent/agreements/{agreement.ref}/original"
    assert client.get(url).data.startswith(b"%PDF-")
    sign_in_staff(client, stranger)
    assert client.get(url).status_code == 404


def test_an_empty_list_says_what_will_appear(lead, client):
    assert "No follow-up is due" in client.get("/agent/followups").text


def test_what_is_due_and_what_is_late_stands_in_the_list_and_leaves_it_when_done(
    session, lead, client, folder, set_time
):
    agreement = sealed(session, session.get_one(Lender, lead.lender_id), folder, by=lead)
    session.commit()
    assert "due on Thu 2 Apr" not in client.get("/agent/followups").text
    set_time(NOW + timedelta(days=10))
    assert "due on Thu 2 Apr" in client.get("/agent/followups").text
    set_time(NOW + timedelta(days=34))
    page = client.get("/agent/followups")
    assert "3 days late" in page.text
    assert "Lead Example" in page.text
    assert "Test Borrower" not in page.text
    first = session.query(FollowUp).filter_by(agreement_id=agreement.id, number=1).one()
    session.rollback()
    url = f"/agent/followups/{first.ref}"
    client.get(url)
    assert client.post(f"{url}/outcome").status_code == 422
    page = client.follow(client.post(f"{url}/outcome", {"note": "The plan still fits."}))
    assert "3 days late" not in page.text
    session.expire_all()
    assert session.get_one(FollowUp, first.id).state is FollowUpState.DONE
    session.rollback()
    assert "The plan still fits." in client.get(url).text


def test_follow_ups_are_not_for_callers(session, lender, lead, client):
    caller = factories.staff(session, lender, Role.CALLER)
    session.commit()
    sign_in_staff(client, caller)
    assert client.get("/agent/followups").status_code == 403


def test_the_agent_who_is_there_goes_back_to_the_visit_others_to_the_case(session, lead, client, folder):
    lender = session.get_one(Lender, lead.lender_id)
    agent = factories.staff(session, lender, Role.AGENT)
    case = planned_case(session, lender)
    visit = home_visit(session, case)
    session.add(
        VisitCrew(lender_id=lender.id, created_at=NOW, visit_id=visit.id, staff_id=agent.id, position=1)
    )
    plan = factories.approved_plan(session, case, visit=visit)
    agreement = offered(session, lender, folder, by=lead, case=case, plan=plan)
    session.commit()
    url = f"/agent/agreements/{agreement.ref}"
    assert f'href="/agent/cases/{case.ref}"' in client.get(url).text
    sign_in_staff(client, agent)
    assert f'href="/agent/visits/{visit.ref}"' in client.get(url).text
