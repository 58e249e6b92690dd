"""An agent works a visit on the tablet: each screen in its turn, none before."""

from datetime import timedelta

import pytest

from portal.domain import arrival_code
from portal.models import ChecklistAnswer, Finding, Visit, VisitMove
from portal.services import checklists
from portal.vocabulary import CaseState, ChecklistItem, Role, VisitState
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff

POSTS = ("identity", "checklist", "findings", "departure")


class Tablet:
    """The agent's browser, and the visit it is about."""

    def __init__(self, client, session, **options):
        self.client, self.session = client, session
        self.lender = factories.lender(session)
        self.agents = [
            factories.staff(session, self.lender, Role.AGENT, name=f"{name} Example")
            for name in ("Ann", "Ben")
        ]
        case = factories.late_borrower(session, self.lender)
        case.state = CaseState.BOOKED
        factories.ready_for_a_visit(session, case)
        visit = factories.visit(session, case, crew=self.agents, **options)
        self.url = f"/agent/visits/{visit.ref}"
        self.code = arrival_code.code_of_day(bytes.fromhex(visit.seed), factories.TODAY)
        session.commit()
        sign_in_staff(client, self.agents[0])

    def get(self, page="", lang="en"):
        return self.client.get(f"{self.url}{page}?lang={lang}")

    def post(self, page, **fields):
        return self.client.post(f"{self.url}/{page}", fields)

    def arrive(self, **fields):
        self.get()
        return self.post("arrival", **fields)

    def compare(self, code=None, **fields):
        self.get("/identity")
        return self.post("identity", **({"card_shown": "y", "code": code or self.code} | fields))

    def answer(self, *items, result="confirmed", note=""):
        self.get("/checklist")
        fields = {f"{item}-result": result for item in items} | {f"{item}-note": note for item in items}
        return self.client.post(f"{self.url}/checklist", fields)

    def come_to(self, page):
        self.arrive()
        self.compare()
        if page in {"checklist", "findings"}:
            self.answer(*checklists.ORDER[:2])
        if page == "findings":
            self.answer(*checklists.ORDER[2:])

    def visit(self):
        self.session.expire_all()
        found = self.session.query(Visit).one()
        self.session.rollback()
        return found

    def count(self, model):
        found = self.session.query(model).count()
        self.session.rollback()
        return found


@pytest.fixture
def tablet(client, session):
    return Tablet(client, session)


def test_the_brief_names_time_place_crew_and_purpose(tablet):
    text = tablet.get().text

    for expected in ("10:00", "12:00", "Ann Example", "Ben Example", "Find a plan together"):
        assert expected in text


def test_arriving_leads_to_the_identity_code(tablet):
    response = tablet.arrive()

    assert (response.status_code, response.headers["Location"]) == (303, f"{tablet.url}/identity")


def test_a_location_that_was_tapped_in_is_kept(tablet, session):
    tablet.arrive(latitude="25.0339", longitude="121.5645", accuracy="8.4")

    assert session.query(VisitMove).one().position == "25.03390,121.56450,8"


def test_a_location_that_is_none_is_refused(tablet):
    assert tablet.arrive(latitude="125", longitude="0", accuracy="1").status_code == 422


@pytest.mark.parametrize("page", POSTS)
def test_before_arrival_nothing_else_can_be_sent(tablet, page):
    tablet.get()

    assert tablet.post(page).status_code == 409
    assert tablet.client.get(f"{tablet.url}/{page}").headers["Location"] == tablet.url


@pytest.mark.parametrize("page", ["checklist", "findings"])
def test_before_the_code_nothing_but_leaving_can_be_sent(tablet, page):
    tablet.arrive()
    tablet.get("/identity")

    assert tablet.post(page, **{"name-result": "confirmed", "reason": "illness"}).status_code == 409
    assert tablet.client.get(f"{tablet.url}/{page}").headers["Location"] == f"{tablet.url}/identity"
    assert tablet.get("/departure").status_code == 200


def test_findings_wait_for_the_checklist(tablet):
    tablet.come_to("identity")
    tablet.get("/checklist")

    assert tablet.post("findings", reason="illness").status_code == 409
    assert tablet.count(Finding) == 0


def test_arriving_twice_is_refused(tablet):
    tablet.arrive()
    tablet.get("/identity")

    assert tablet.post("arrival").status_code == 409


def test_arriving_the_day_before_is_refused_with_the_reason(client, session):
    tablet = Tablet(client, session, starts=NOW + timedelta(days=1))
    assert "You can arrive on Tue 3 Mar" in tablet.get().text

    response = tablet.post("arrival")

    assert response.status_code == 409
    assert "on another day" in response.text


def test_what_the_gate_forbids_is_said_with_its_rule(tablet, set_time):
    set_time(NOW.replace(hour=13))  # 21:00 in Shanghai, visits end at 20:00

    response = tablet.arrive()

    assert response.status_code == 409
    assert "Visits only between 09:00 and 20:00" in response.text


def test_the_tablet_shows_half_of_the_code_and_the_borrower_gives_the_rest(tablet):
    tablet.arrive()
    page = tablet.get("/identity").text

    assert f"{tablet.code[:2]} ··" in page
    assert tablet.code not in page
    assert tablet.compare().headers["Location"] == f"{tablet.url}/checklist"


def test_without_the_card_no_code_counts(tablet):
    tablet.arrive()

    assert tablet.compare(card_shown="").status_code == 422
    assert tablet.visit().state is VisitState.ARRIVED


def test_a_wrong_code_says_that_the_codes_differ_and_five_tries_are_all(tablet):
    tablet.arrive()
    wrong = "0000" if tablet.code != "0000" else "1111"
    for _ in range(5):
        response = tablet.compare(wrong)
        assert response.status_code == 422
        assert "The codes differ" in response.text
        assert tablet.code not in response.text

    assert tablet.compare(wrong).status_code == 429
    assert tablet.compare().status_code == 429
    assert tablet.visit().state is VisitState.ARRIVED


def test_nothing_on_the_checklist_is_ticked_before(tablet):
    tablet.come_to("checklist")

    page = tablet.get("/checklist").text

    assert page.count("checked") == 2  # the two that were answered
    assert 'type="checkbox"' not in page


def test_only_name_and_identity_document_are_open_at_first(tablet):
    tablet.come_to("identity")

    page = tablet.get("/checklist").text

    assert 'name="name-result"' in page
    assert 'name="address-result"' not in page
    assert "checked" not in page


def test_a_wrong_person_closes_everything_but_leaving(tablet):
    tablet.come_to("identity")
    tablet.answer(ChecklistItem.NAME)
    tablet.answer(ChecklistItem.IDENTITY_DOCUMENT, result="different", note="Brother")

    page = tablet.get("/checklist").text

    assert "Say nothing about the loan" in page
    assert 'name="address-result"' not in page
    assert tablet.post("checklist", **{"address-result": "confirmed"}).status_code == 422


def test_one_answer_can_be_saved_at_once_and_says_so(tablet):
    tablet.come_to("checklist")
    tablet.get("/checklist")
    token = tablet.client._hidden_fields()["csrf_token"]

    response = tablet.client.http.post(
        f"{tablet.url}/checklist",
        data={"address-result": "confirmed", "address-note": ""},
        headers={"HX-Request": "true", "X-CSRFToken": token},
    )

    assert response.status_code == 200
    assert response.text.strip().startswith('<p id="saved-address"')
    assert "Saved 10:00" in response.text


def test_a_difference_without_a_note_is_not_saved_yet(tablet):
    tablet.come_to("checklist")
    tablet.get("/checklist")
    token = tablet.client._hidden_fields()["csrf_token"]

    response = tablet.client.http.post(
        f"{tablet.url}/checklist",
        data={"address-result": "different", "address-note": ""},
        headers={"HX-Request": "true", "X-CSRFToken": token},
    )

    assert response.status_code == 422
    assert "Not saved yet." in response.text
    assert tablet.count(ChecklistAnswer) == 2


def test_the_whole_checklist_can_be_sent_as_one_form(tablet):
    tablet.come_to("checklist")

    response = tablet.answer(*checklists.ORDER[2:], result="not_seen")

    assert response.headers["Location"] == f"{tablet.url}/findings"
    assert tablet.count(ChecklistAnswer) == len(ChecklistItem)


def test_an_answer_the_list_does_not_know_is_refused(tablet):
    tablet.come_to("checklist")

    assert tablet.answer(ChecklistItem.ADDRESS, result="maybe").status_code == 422


def test_findings_ask_for_a_reason_and_lead_to_the_budget(tablet):
    tablet.come_to("findings")
    tablet.get("/findings")
    assert tablet.post("findings").status_code == 422

    response = tablet.post("findings", reason="illness", difficulties="Works less")

    assert response.headers["Location"] == f"{tablet.url}/budget"
    assert "Works less" in tablet.get("/findings").text


def test_leaving_ends_the_visit_for_good(tablet):
    tablet.come_to("identity")
    tablet.get("/departure")
    assert tablet.post("departure").status_code == 422

    response = tablet.post("departure", outcome="no_agreement", note="Sleeps on it")

    assert response.headers["Location"] == tablet.url
    page = tablet.get().text
    assert "This visit is over" in page
    assert "Sleeps on it" in page
    assert tablet.post("departure", outcome="stopped").status_code == 409
    assert tablet.visit().state is VisitState.DONE


def test_an_outcome_that_does_not_fit_cannot_be_chosen(tablet):
    tablet.arrive()
    tablet.get("/departure")

    assert tablet.post("departure", outcome="agreement").status_code == 422


def test_a_visit_of_others_does_not_exist(tablet, client, session):
    other = factories.staff(session, tablet.lender, Role.AGENT, name="Other Example")
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.AGENT)
    session.commit()

    for person in (other, stranger):
        sign_in_staff(client, person)
        assert client.get(tablet.url).status_code == 404
        for page in ("arrival", *POSTS):
            client.get("/agent")
            assert client.post(f"{tablet.url}/{page}").status_code == 404


@pytest.mark.parametrize("lang", ["en", "zh_Hant", "zh_Hans"])
def test_every_screen_reads_in_every_language(tablet, lang):
    tablet.come_to("findings")

    for page in ("", "/checklist", "/findings", "/departure"):
        assert tablet.get(page, lang).status_code == 200
