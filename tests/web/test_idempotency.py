"""Every form counts once: the same request again gets the first answer again, whoever lost that one."""

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.models import Complaint, ComplaintMove, IdempotencyRecord
from portal.web.transactions import commits
from tests import factories
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower

COMPLAINT = {"topic": "conduct", "text": "They shouted at the door.", "about": ""}
VISITORS = COMPLAINT | {"reply_to": "someone@example.test"}
# Ends a session and creates nothing.
WITHOUT_KEY = {"components/navigation.html: url"}
TEMPLATES = Path("portal/templates")


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    made.host = "localhost"  # visitors are this lender's
    session.commit()
    return made


@pytest.fixture
def case(session, lender):
    made = factories.late_borrower(session, lender)
    session.commit()
    return made


def count(session, kind):
    found = session.scalar(select(func.count()).select_from(kind))
    session.rollback()
    return found


def key_of(page) -> str:
    return re.search(r'name="idempotency_key"[^>]*value="([^"]+)"', page.text)[1]


def post_forms():
    """Yield (where, text) of every form of the templates that posts."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = path.read_text("utf-8")
        for form in re.findall(r"<form\b(?:(?!</form>).)*</form>", text, flags=re.S):
            if re.search(r'method="post"', form):
                action = re.search(r'action="(?:{{ )?(.*?)(?: }})?"', form)
                yield f"{path.relative_to(TEMPLATES)}: {action[1] if action else ''}", form


def test_every_form_that_posts_carries_a_key():
    without = {where for where, form in post_forms() if "hidden(" not in form}

    assert without == WITHOUT_KEY


def test_a_form_that_is_only_a_button_carries_a_key_of_its_own(app):
    with app.test_request_context():
        macros = app.jinja_env.get_template("components/forms.html").module
        buttons = [str(macros.post_button("Go", "/there")) for _ in range(2)]
        buttons.append(str(macros.confirm("Go", "Sure?", "/there", "Yes")))

    keys = [re.findall(r'name="idempotency_key" value="(\w{26})"', each) for each in buttons]
    assert all(len(each) == 1 for each in keys)
    assert len({each for (each,) in keys}) == 3


def test_the_same_form_again_gets_the_first_answer_again(client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints")

    first, again = (client.post("/my/complaints", COMPLAINT) for _ in range(2))

    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert count(session, Complaint) == 1


def test_sent_again_by_htmx_it_leads_to_the_same_place(client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints")
    first = client.post("/my/complaints", COMPLAINT)

    again = client.post("/my/complaints", COMPLAINT, headers={"HX-Request": "true"})

    assert (again.status_code, again.headers["HX-Redirect"]) == (204, first.headers["Location"])
    assert count(session, Complaint) == 1


def test_other_entries_under_a_used_key_are_refused_in_words(client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints?lang=en")
    client.post("/my/complaints", COMPLAINT)

    response = client.post("/my/complaints", COMPLAINT | {"text": "Something else"})

    assert response.status_code == 409
    assert "sent before with other entries" in re.search(r"<main.*</main>", response.text, flags=re.S)[0]
    assert count(session, Complaint) == 1


def test_a_corrected_form_may_use_its_key_again(client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints")
    key = key_of(client.page)
    assert client.post("/my/complaints", COMPLAINT | {"text": ""}).status_code == 422
    assert key_of(client.page) == key

    assert client.post("/my/complaints", COMPLAINT).status_code == 303
    assert count(session, Complaint) == 1


def test_a_key_means_something_to_one_person_at_one_place_only(app, client, session, lender, case):
    other = factories.late_borrower(session, lender)
    session.commit()
    answers = []
    for borrower in (case.borrower, other.borrower):
        each = StrictClient(app, session)
        sign_in_borrower(each, borrower)
        each.get("/my/complaints")
        filed = each.post("/my/complaints", COMPLAINT | {"idempotency_key": "one"})
        added = each.post(f"{filed.headers['Location']}/messages", {"idempotency_key": "one", "body": "More"})
        answers += [filed.headers["Location"], added.status_code]

    assert answers[0] != answers[2]
    assert answers[1] == answers[3] == 303
    assert count(session, Complaint) == 2


def test_the_record_of_an_answer_names_its_lender_and_holds_no_text(client, session, lender, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints")
    location = client.post("/my/complaints", COMPLAINT).headers["Location"]

    record = session.scalars(select(IdempotencyRecord)).one()

    assert (record.lender_id, record.location, record.status) == (lender.id, location, 303)
    assert (record.actor, record.endpoint) == (f"borrower:{case.borrower.ref}", "/my/complaints")
    assert len(record.parameters) == 32


def test_a_visitor_whose_address_changes_between_two_tries_is_still_the_same(client, session, lender):
    client.get("/complaints/new")
    answers = [
        client.post("/complaints", VISITORS, environ_base={"REMOTE_ADDR": address})
        for address in ("192.0.2.1", "198.51.100.7")
    ]

    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert count(session, Complaint) == 1


def test_visitors_behind_one_proxy_learn_nothing_of_each_other(app, session, lender):
    answers = []
    for _visitor in range(2):
        each = StrictClient(app, session)
        each.get("/complaints/new")
        answers.append(each.post("/complaints", VISITORS | {"idempotency_key": "guessed"}))

    assert [each.status_code for each in answers] == [303, 303]
    assert answers[0].headers["Location"] != answers[1].headers["Location"]
    assert count(session, Complaint) == 2


def test_an_answer_that_is_a_page_by_itself_is_not_kept(app, client, session, lender):
    shown = []
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/look", "public.look", commits(lambda: f"{shown.append(1)}"), methods=["POST"])

    for _look in range(2):
        assert client.http.post("/look", data={"idempotency_key": "one"}).status_code == 200

    assert len(shown) == 2
    assert count(session, IdempotencyRecord) == 0


def test_a_double_click_acts_once_and_both_get_the_answer(app, client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/complaints")
    url = client.post("/my/complaints", COMPLAINT).headers["Location"]
    client.get(url)
    fields, ready, answers = client._hidden_fields(), threading.Barrier(4), []
    cookie = client.http.get_cookie("portal_session").value
    session.commit()

    def click():
        own = app.test_client()
        own.set_cookie("portal_session", cookie)
        ready.wait()
        answers.append(own.post(f"{url}/withdrawal", data=fields))

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()

    assert [(each.status_code, each.headers.get("Location")) for each in answers] == [(303, url)] * 4
    assert count(session, ComplaintMove) == 1
