"""The pages of calls: the list, one call with its script, what came of it, and the next one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.models import Complaint, Contact, ContactPoint, Decision, Hold, Promise
from portal.services import audit, call_numbers, cases, crisis, policies, promises, strategies
from portal.vocabulary import ContactKind, ContactOutcome, HoldReason, Locale, PromiseState, Role
from tests import factories
from tests.factories import NOW, TODAY, actor_of
from tests.signing_in import sign_in_borrower, sign_in_staff

HTMX = {"HX-Request": "true"}
REACHED = {"outcome": "reached", "result": "informed", "attitude": "cooperative"}


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def caller(client, session, lender):
    made = factories.staff(session, lender, Role.CALLER, name="Cara Example")
    session.commit()
    sign_in_staff(client, made)
    return made


def waiting(session, lender):
    """A case whose next step is a call."""
    case = factories.late_borrower(session, lender)
    strategies.recompute(
        session,
        case=case,
        policy=policies.of(lender, NOW),
        actor=factories.nightly(lender),
        now=NOW,
    )
    session.commit()
    return case


@pytest.fixture
def case(session, lender):
    return waiting(session, lender)


def on_the_phone(client, case):
    client.get(f"/agent/calls/{case.ref}?lang=en")
    return client.follow(client.post(f"/agent/calls/{case.ref}/attempts"))


def confirmed(client, case):
    on_the_phone(client, case)
    return client.follow(client.post(f"/agent/calls/{case.ref}/party", {"last_four": "1234"}))


def test_the_list_says_who_comes_next_and_why(client, case, caller):
    text = client.get("/agent/calls?lang=en").text

    assert "Newly overdue: nobody has spoken with the borrower about it yet." in text
    assert "Test **" in text
    assert "Test Borrower" not in text
    assert f"/agent/calls/{case.ref}" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reason=first_contact", True),
        ("reason=promise_broken", False),
        ("bucket=M2", True),
        ("bucket=M1", False),
        ("step=sms", False),
        ("search=B0001", True),
        ("search=Z", False),
    ],
)
def test_the_list_is_filtered_by_its_address(client, case, caller, query, found):
    assert (case.ref in client.get(f"/agent/calls?{query}").text) is found


def test_the_list_takes_few_queries_however_long_it_is(client, session, lender, caller, app):
    for _ in range(3):
        waiting(session, lender)
    client.get("/agent/calls")
    engine, seen = app.extensions["installation"].engine, []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    client.get("/agent/calls")

    frame = ("web_session", "staff", "staff_role", "lender")  # who asks, of which lender
    own = [each for each in seen if each.startswith("SELECT") and "set_config" not in each]
    own = [
        each for each in own if not any(f"FROM {table} " in f"{each} ".replace("\n", " ") for table in frame)
    ]
    assert 0 < len(own) <= 8, own


def test_taking_the_next_call_opens_it_and_nobody_else_gets_it(client, session, lender, case, caller):
    client.get("/agent/calls?lang=en")
    opened = client.follow(client.post("/agent/calls"))

    assert "I am calling now" in client.get(opened.request.path + "?lang=en").text
    assert strategies.of_case(session, case=case).claimed_by == caller.id
    sign_in_staff(client, factories.staff(session, lender, Role.CALLER))
    assert "Cara Example is on this case right now" in client.get(f"/agent/calls/{case.ref}?lang=en").text


def test_before_the_call_there_is_no_number_no_name_and_no_debt(client, case, caller):
    text = client.get(f"/agent/calls/{case.ref}?lang=en").text

    assert "•••• 001" in text
    for hidden in ("+8869", "Test Borrower", "¥\xa02,", "L00001"):
        assert hidden not in text


def test_on_the_phone_there_is_the_number_and_the_script_but_no_debt(client, session, case, caller):
    text = on_the_phone(client, case).text

    assert "+886900000001" in text
    assert "My name is Cara Example. I am calling from pingan-bank en." in text
    assert "May I speak with Test Borrower?" in text
    for hidden in ("¥\xa02,", "L00001", "loan with", "days late"):
        assert hidden not in text
    assert session.scalars(select(Decision)).one().allowed
    assert "value_revealed" in [each.action for each in audit.timeline(session, case=case)]


@pytest.mark.parametrize(
    ("locale", "greeting"),
    [(Locale.EN, "Good day."), (Locale.ZH_HANT, "您好"), (Locale.ZH_HANS, "您好")],
)
def test_the_script_is_in_the_borrowers_language(client, session, case, caller, locale, greeting):
    case.borrower.locale = locale
    session.commit()

    assert greeting in on_the_phone(client, case).text


def test_what_is_said_to_others_and_to_a_machine_says_nothing_of_money(client, case, caller):
    text = on_the_phone(client, case).text
    others = text[text.index("Somebody else answers") : text.index("Last contacts")].lower()

    for word in ("loan", "debt", "pay", "money", "overdue", "late", "bank"):
        assert word not in others


def test_once_the_borrower_is_confirmed_the_debt_and_the_rest_of_the_script_open(client, case, caller):
    text = confirmed(client, case).text

    for shown in ("¥\xa02,", "L00001", "May I ask what happened?", "penalty interest is added"):
        assert shown in text


@pytest.mark.parametrize(
    ("approved", "said", "unsaid"),
    [
        (("legal_claim",), "the lender can go to court", "penalty interest is added"),
        ((), "Name no consequence", "the lender can go to court"),
    ],
)
def test_the_script_names_only_consequences_that_the_pack_approves(
    client, monkeypatch, lender, case, caller, approved, said, unsaid
):
    pack = policies.of(lender, NOW)
    pack = replace(pack, message=replace(pack.message, consequences=approved))
    monkeypatch.setattr(policies, "of", lambda _lender, _now: pack)

    text = confirmed(client, case).text

    assert said in text
    assert unsaid not in text


def test_wrong_last_four_keep_everything_closed(client, case, caller):
    on_the_phone(client, case)

    answer = client.post(f"/agent/calls/{case.ref}/party", {"last_four": "9999"})

    assert answer.status_code == 422
    assert "This is not what is on file. Say nothing about a loan." in answer.text
    assert "¥\xa02," not in answer.text


def test_a_forbidden_call_lists_every_rule_its_source_and_when_it_would_be_possible(
    client, session, case, caller, set_time
):
    cases.hold(session, case=case, reason=HoldReason.HOSPITAL, subject=None, actor=actor_of(caller), now=NOW)
    set_time(NOW.replace(hour=15))
    text = client.get(f"/agent/calls/{case.ref}?lang=en").text

    assert "No contact while a hold is in force. In force now: Hospital stay." in text
    assert "Calls, messages and letters only between 08:00 and 22:00" in text
    assert text.count("Source:") >= 2
    assert "Waiting alone does not change this." in text
    assert "I am calling now" not in text


def test_a_call_forced_past_the_page_is_refused_and_the_refusal_kept(client, session, case, caller, set_time):
    client.get(f"/agent/calls/{case.ref}?lang=en")
    set_time(NOW.replace(hour=15))

    answer = client.post(f"/agent/calls/{case.ref}/attempts")

    assert answer.status_code == 409
    assert "From 3 Mar 2026" in answer.text
    assert "+8869" not in answer.text
    assert not session.scalars(select(Decision)).one().allowed


def test_saving_leads_to_the_next_call_by_itself(client, session, lender, case, caller):
    other = waiting(session, lender)
    on_the_phone(client, case)

    answer = client.post(f"/agent/calls/{case.ref}/contacts", {"outcome": "no_answer"})

    assert answer.headers["Location"] == f"/agent/calls/{other.ref}"
    assert session.scalars(select(Contact)).one().outcome == ContactOutcome.NO_ANSWER


def test_htmx_gets_the_next_call_in_place(client, session, lender, case, caller):
    other = waiting(session, lender)
    on_the_phone(client, case)
    fields = client._hidden_fields() | {"outcome": "busy"}
    session.commit()

    saved = client.http.post(f"/agent/calls/{case.ref}/contacts", data=fields, headers=HTMX)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"/agent/calls/{other.ref}")
    fragment = client.http.get(saved.headers["Location"], headers=HTMX)

    assert fragment.text.strip().startswith('<div id="call">')
    assert "Written down: Busy." in fragment.text
    assert fragment.headers["HX-Push-Url"] == f"/agent/calls/{other.ref}"


def test_when_nobody_is_left_the_list_says_so(client, case, caller):
    on_the_phone(client, case)

    answer = client.follow(client.post(f"/agent/calls/{case.ref}/contacts", {"outcome": "no_answer"}))

    assert answer.request.path == "/agent/calls"
    assert "Nobody else is to be called at the moment." in answer.text


def test_a_conversation_is_written_down_with_promise_reason_words_and_attitude(client, session, case, caller):
    confirmed(client, case)
    said = REACHED | {
        "result": "promise",
        "promise_amount": "500.00",
        "promise_on": (TODAY + timedelta(days=5)).isoformat(),
        "reason": "job_loss",
        "words": "New work from April.",
        "attitude": "worried",
    }

    assert client.post(f"/agent/calls/{case.ref}/contacts", said).status_code == 303

    promise = session.scalars(select(Promise)).one()
    assert (promise.amount, promise.due_on) == (50_000, TODAY + timedelta(days=5))
    text = client.get(f"/agent/cases/{case.ref}?lang=en").text
    for shown in ("Call to the borrower", "New work from April.", "Worried", "Lost work"):
        assert shown in text, shown


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"result": "", "attitude": ""}, "Please choose one."),
        ({"result": "promise"}, "Please write an amount in digits"),
        ({"result": "promise", "promise_amount": "much", "promise_on": "2026-03-05"}, "in digits"),
        ({"result": "promise", "promise_amount": "5", "promise_on": "soon"}, "Please write a day."),
        ({"result": "promise", "promise_amount": "5", "promise_on": "2027-03-05"}, "2 Apr 2026"),
        ({"result": "dispute"}, "Please note what the borrower said."),
        ({"result": "hardship"}, "Please write a day."),
        ({"call_back_on": "2026-03-04", "call_back_at": "23:00"}, "between 08:00 and 22:00"),
        ({"reason": "misled"}, "Please note what the borrower said."),
        ({"reason": "misled", "words": "They said it was free."}, "A complaint about how the loan was sold?"),
        ({"consent": "y"}, "Please choose one."),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_stays(client, session, case, caller, said, sentence):
    confirmed(client, case)
    said = REACHED | {"words": ""} | said | {"call_back_at": said.get("call_back_at", "")}

    answer = client.post(f"/agent/calls/{case.ref}/contacts", said)

    assert answer.status_code == 422
    assert "Please look at this again" in answer.text
    assert sentence in answer.text
    assert session.scalars(select(Contact)).all() == []


def test_a_complaint_about_the_sale_is_a_draft_until_the_caller_has_seen_it(client, session, case, caller):
    confirmed(client, case)
    said = REACHED | {"reason": "misled", "words": "They said it was free.", "complain": "yes"}

    draft = client.post(f"/agent/calls/{case.ref}/contacts", said)
    assert draft.status_code == 422
    assert "This is a draft." in draft.text
    assert draft.text.count("They said it was free.") == 2
    assert session.scalars(select(Complaint)).all() == []

    client.post(f"/agent/calls/{case.ref}/contacts", said | {"complaint": "I was told it was free."})
    assert session.scalars(select(Complaint)).one().text == "I was told it was free."


def test_each_number_is_offered_or_has_its_reason(client, session, case, caller):
    wrong = call_numbers.number_to_call(session, case=case)
    for end in ("222", "333"):
        session.add(
            ContactPoint(
                lender_id=case.lender_id,
                created_at=NOW,
                borrower_id=case.borrower_id,
                kind=ContactKind.PHONE,
                main=False,
                value=f"+886911222{end}",
                value_index=end.encode(),
            )
        )
    session.commit()
    on_the_phone(client, case)
    client.post(f"/agent/calls/{case.ref}/contacts", {"outcome": "wrong_number"})

    text = client.get(f"/agent/calls/{case.ref}?lang=en").text
    assert "Not •••• 001:" in text
    assert "A number that proved to be somebody else&#39;s" in text
    assert text.count('name="number"') == 2
    third = call_numbers.of_borrower(session, case=case)[2]
    client.post(f"/agent/calls/{case.ref}/attempts", {"number": third.ref})
    assert third.value in client.get(f"/agent/calls/{case.ref}?lang=en").text
    assert wrong.value not in client.get(f"/agent/calls/{case.ref}?lang=en").text


def test_a_promise_beyond_the_budget_is_answered_with_a_smaller_one(client, session, case, caller):
    factories.budget(session, case)
    confirmed(client, case)
    said = REACHED | {
        "result": "promise",
        "promise_amount": "2000.00",
        "promise_on": "2026-03-05",
        "words": "I try.",
    }

    answer = client.post(f"/agent/calls/{case.ref}/contacts", said)

    assert answer.status_code == 422
    assert "A promise of up to ¥\xa01,100.00 can be kept." in answer.text
    assert "I try." in answer.text


def test_reached_cannot_be_said_before_the_borrower_is_confirmed(client, session, case, caller):
    on_the_phone(client, case)

    assert client.post(f"/agent/calls/{case.ref}/contacts", REACHED).status_code == 422
    assert session.scalars(select(Contact)).all() == []


def test_a_case_given_back_is_free_again(client, session, case, caller):
    client.get("/agent/calls")
    client.follow(client.post("/agent/calls"))

    client.post(f"/agent/calls/{case.ref}/release")

    assert strategies.of_case(session, case=case).claimed_by is None


def test_an_auditor_reads_and_changes_nothing(client, session, lender, case):
    sign_in_staff(client, factories.staff(session, lender, Role.AUDITOR))

    assert "Take the next call" not in client.get("/agent/calls?lang=en").text
    page = client.get(f"/agent/calls/{case.ref}?lang=en").text
    assert "I am calling now" not in page
    assert "<form" not in page[page.index('id="call"') : page.index('id="keys"')]


def test_promises_are_listed_by_state_with_what_was_paid(client, session, lender, case, caller):
    promises.make(
        session, case=case, contact=None, amount=50_000, due_on=TODAY, actor=actor_of(caller), now=NOW
    )
    session.commit()

    text = client.get("/agent/promises?lang=en").text
    assert "500.00" in text
    assert "2 Mar 2026" in text
    assert "500.00" not in client.get("/agent/promises?state=kept").text


def test_a_promise_is_taken_back_on_its_list(client, session, case, caller):
    promise = promises.make(
        session, case=case, contact=None, amount=50_000, due_on=TODAY, actor=actor_of(caller), now=NOW
    )
    client.get("/agent/promises")

    client.post(f"/agent/promises/{promise.ref}/withdrawal")

    assert promise.state is PromiseState.WITHDRAWN


def test_the_borrower_sees_the_promise_on_the_start_page(client, session, case, caller):
    promises.make(
        session, case=case, contact=None, amount=50_000, due_on=TODAY, actor=actor_of(caller), now=NOW
    )
    session.commit()
    sign_in_borrower(client, case.borrower)

    text = client.get("/my?lang=en").text
    assert "You promised to pay ¥\xa0500.00 by 2 Mar 2026." in text


def test_the_button_stands_on_every_staff_page_and_knows_whose_case_it_is(client, case, caller):
    for path in ("/agent", "/agent/cases", "/agent/account"):
        assert 'href="/agent/crisis"' in client.get(path).text
    assert f'href="/agent/crisis?case={case.ref}"' in client.get(f"/agent/calls/{case.ref}").text


def test_one_press_stops_everything_and_shows_the_number_to_give(client, session, case, caller):
    page = client.get(f"/agent/crisis?case={case.ref}&lang=en").text
    assert "12356" in page

    done = client.follow(client.post(f"/agent/cases/{case.ref}/crisis"))

    assert "Contact has stopped" in done.text
    assert [hold.reason for hold in cases.holds_of(session, case)] == [HoldReason.CRISIS]
    assert "I am calling now" not in client.get(f"/agent/calls/{case.ref}?lang=en").text


def test_the_card_is_in_the_borrowers_language(client, session, case, caller):
    case.borrower.locale = Locale.ZH_HANS
    session.commit()

    assert 'lang="zh-Hans"' in client.get(f"/agent/crisis?case={case.ref}&lang=en").text


def test_a_caller_finds_the_case_by_its_number(client, case, caller):
    text = client.get("/agent/crisis?search=B0001&lang=en").text

    assert f"/agent/crisis?case={case.ref}" in text
    assert "No case begins with this" in client.get("/agent/crisis?search=nobody&lang=en").text


def test_a_lead_sees_it_on_the_day_page_and_ends_it_with_a_reason(client, session, lender, case, caller):
    crisis.raise_alarm(session, case=case, actor=actor_of(caller), now=NOW)
    sign_in_staff(client, factories.staff(session, lender, Role.LEAD))
    assert "Not well: contact stopped" in client.get("/agent?lang=en").text
    client.get(f"/agent/crisis?case={case.ref}&lang=en")

    assert client.post(f"/agent/cases/{case.ref}/crisis/end", {"reason": " "}).status_code == 422
    client.post(f"/agent/cases/{case.ref}/crisis/end", {"reason": "Her sister is with her."})

    assert session.scalars(select(Hold)).one().end_reason == "Her sister is with her."


def test_a_borrower_may_only_look_and_nobody_is_told(client, session, case):
    sign_in_borrower(client, case.borrower)
    assert "/my/support" in client.get("/my").text

    text = client.get("/my/support?lang=en").text

    assert "12356" in text
    assert "nobody is told that you opened this page" in text
    assert cases.holds_of(session, case) == []


def test_a_borrower_who_wants_quiet_gets_it(client, session, case):
    sign_in_borrower(client, case.borrower)
    client.get("/my/support")

    text = client.follow(client.post("/my/support")).text

    assert [hold.reason for hold in cases.holds_of(session, case)] == [HoldReason.CRISIS]
    assert "We know, and have stopped" in client.get("/my/support?lang=en").text
    assert text
