"""Collection messages, texts of a lender's own, reminders, and what a borrower wishes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from portal import formats
from portal.domain import message_rules
from portal.domain.actor import system
from portal.domain.message_rules import Problem, Text
from portal.domain.preferences import Hours, Wishes
from portal.domain.refusals import Refused
from portal.infra.delivery import NotDelivered, OutboxFolder
from portal.jobs import outbox as job
from portal.jobs import reminders as reminder_job
from portal.models import Contact, Decision, Message, PaymentAccount, Preference, Promise, Strategy
from portal.services import (
    audit,
    cases,
    dead_letters,
    lenders,
    message_templates,
    messages,
    notifications,
    outbox,
    policies,
    preferences,
    reminders,
    strategies,
)
from portal.vocabulary import (
    ActionClass,
    Channel,
    HoldReason,
    Locale,
    MessageState,
    NextStep,
    PromiseState,
    Role,
    StepReason,
)
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY, actor_of

NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
MORNING = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)  # 08:00 there


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def folder(installation) -> OutboxFolder:
    return OutboxFolder(installation.settings.outbox)


def send(session, case, template="overdue_reminder", *, channel=Channel.SMS, now=NOW, **facts):
    actor = system(case.lender_id, "reminders")
    return messages.send_collection(
        session, case=case, template=template, channel=channel, actor=actor, now=now, **facts
    )


def wish(session, case, *, now=NOW, actor=None, version=0, **wishes):
    return preferences.save(
        session,
        borrower=case.borrower,
        wishes=Wishes(**{"locale": case.borrower.locale} | wishes),
        version=version,
        case=case,
        today=TODAY,
        actor=actor or actor_of(case.borrower),
        now=now,
    )


def policy_of(session, case):
    return policies.of(lenders.get(session, case.lender_id), NOW)


@pytest.mark.parametrize("locale", Locale)
def test_a_reminder_says_amount_days_account_consequence_and_hotline(session, case, locale):
    case.borrower.locale = locale
    message = send(session, case)
    policy, loan = policy_of(session, case), cases.loans_of(session, case)[0]
    first, rest = message.body.split("\n", 1)
    for told in ("2,020.00", str(loan.dpd), "000-111-222", loan.contract_no):
        assert told in rest
        assert told not in first  # of a locked screen
    assert message_templates.consequence(policy, locale) in rest
    assert policy.contacts.hotline in first
    assert message.locale is locale
    assert (message.state, message.not_before, message.action_class) == (
        MessageState.WAITING,
        NOW,
        ActionClass.COLLECTION,
    )
    assert session.get_one(Decision, message.decision_id).allowed


def test_at_night_a_reminder_is_queued_for_the_first_minute_of_the_borrowers_morning(
    session, installation, folder, case
):
    message = send(session, case, now=NIGHT)
    assert (message.state, message.not_before) == (MessageState.WAITING, MORNING)
    session.commit()
    assert job.run(installation, carrier=folder, now=MORNING - timedelta(seconds=1)) == 0
    assert job.run(installation, carrier=folder, now=MORNING) == 1
    session.expire_all()
    decision = session.get_one(Decision, session.get_one(Message, message.id).decision_id)
    assert (decision.allowed, decision.created_at) == (True, MORNING)


def test_a_borrower_of_another_zone_has_another_morning(session, case):
    case.borrower.timezone = "America/New_York"
    message = send(session, case)  # 21:00 there
    assert message.not_before == NOW
    message = send(session, case, now=NOW + timedelta(hours=1))
    assert message.not_before == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def test_what_waiting_does_not_change_is_withheld_and_no_failure(session, installation, folder, case):
    actor = system(case.lender_id, "complaints")
    cases.hold(session, case=case, reason=HoldReason.COMPLAINT, subject=None, actor=actor, now=NOW)
    message = send(session, case)
    assert message.state is MessageState.WITHHELD
    assert not session.get_one(Decision, message.decision_id).allowed
    session.commit()
    assert job.run(installation, carrier=folder, now=NOW) == 0


@pytest.mark.parametrize(
    "wishes",
    [
        {"opted_out": frozenset({Channel.SMS})},
        {"nobody_at_home_knows": True},
        {"represented_by": "Adviser Example"},
    ],
)
def test_what_the_borrower_said_after_it_was_written_holds_a_message_back(
    session, installation, folder, case, wishes
):
    message = send(session, case)
    wish(session, case, **wishes)
    session.commit()
    assert job.run(installation, carrier=folder, now=NOW) == 1  # the word that the wishes changed
    session.expire_all()
    message = session.get_one(Message, message.id)
    assert message.state is MessageState.WITHHELD
    assert message.problem.startswith("withheld by the contact gate")
    assert "message_withheld" in {each.action for each in audit.timeline(session, case=case)}
    assert not session.scalars(select(Contact)).all()


def test_where_nobody_at_home_knows_the_neutral_text_goes(session, case):
    wish(session, case, nobody_at_home_knows=True)
    message = send(session, case)
    assert (message.template, message.state) == ("neutral_reminder", MessageState.WAITING)
    for told in ("2,020.00", "000-111-222", "pingan"):
        assert told not in message.body


def test_without_an_account_to_pay_into_nothing_is_written(session, case):
    for account in session.scalars(select(PaymentAccount)):
        account.active = False
    session.flush()
    with pytest.raises(Refused, match="no_payment_account"):
        send(session, case)
    assert not session.scalars(select(Message)).all()


@pytest.mark.parametrize("template", ["promise_reminder", "promise_broken"])
def test_a_message_about_a_promise_names_amount_and_day(session, case, template):
    case.borrower.locale = Locale.EN
    message = send(session, case, template, amount=12_300, date=date(2026, 3, 9))
    assert "123.00" in message.body
    assert "9 Mar 2026" in message.body


def test_a_service_message_that_nobody_just_asked_for_waits_for_the_morning_and_is_never_refused(
    session, installation, folder, case
):
    wish(session, case, opted_out=frozenset({Channel.SMS, Channel.EMAIL}), now=NIGHT)
    actor = system(case.lender_id, "complaints")
    cases.hold(session, case=case, reason=HoldReason.CRISIS, subject=None, actor=actor, now=NIGHT)
    late = notifications.notify(
        session, borrower=case.borrower, template="proof_complete", case=case, now=NIGHT
    )
    code = notifications.notify(
        session,
        borrower=case.borrower,
        template="code_entry",
        now=NIGHT,
        asked_just_now=True,
        code="482913",
    )
    session.commit()
    assert (late.not_before, code.not_before) == (MORNING, NIGHT)
    assert job.run(installation, carrier=folder, now=NIGHT) == 2  # the code, and the receipt of the wishes
    assert job.run(installation, carrier=folder, now=MORNING) == 1
    session.expire_all()
    late = session.get_one(Message, late.id)
    assert late.state is MessageState.SENT
    assert session.get_one(Decision, late.decision_id).allowed


# ---- texts of the lender's own


def save(session, case, body, *, name="code_entry", channel=Channel.SMS, seen=0, subject=None):
    admin = factories.staff(session, lenders.get(session, case.lender_id), Role.ADMIN)
    return message_templates.save(
        session,
        lender_id=case.lender_id,
        name=name,
        channel=channel,
        locale=case.borrower.locale,
        text=Text(subject=subject, body=body),
        seen=seen,
        policy=policy_of(session, case),
        actor=actor_of(admin),
        now=NOW,
    )


def code(session, case):
    return notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=NOW, asked_just_now=True, code="482913"
    )


def test_a_lenders_own_version_is_sent_the_newest_first_and_the_older_stays(session, case):
    save(session, case, "One {code}")
    newest = save(session, case, "Two {code}", seen=1)
    message = code(session, case)
    assert (message.body, message.template_id) == ("Two 482913", newest.id)
    assert [each.body for each in versions(session, case)] == ["Two {code}", "One {code}"]


def versions(session, case):
    which = {"name": "code_entry", "channel": Channel.SMS, "locale": case.borrower.locale}
    return message_templates.versions(session, lender_id=case.lender_id, **which)


@pytest.mark.parametrize(
    ("body", "seen", "refusal"),
    [
        ("No gap", 0, "message_text"),
        ("{code} {{ 7 * 7 }}", 0, "message_text"),
        ("{code} {secret}", 0, "message_text"),
        ("Anything {code}", 1, "message_text_stale"),
    ],
)
def test_a_text_that_is_wrong_or_stale_changes_nothing(session, case, body, seen, refusal):
    with pytest.raises(Refused, match=refusal):
        save(session, case, body, seen=seen)
    assert versions(session, case) == []


def test_a_forbidden_phrase_of_the_pack_is_refused_when_saved(session, case):
    (phrase, *_rest) = message_templates.forbidden(policy_of(session, case))
    with pytest.raises(Refused) as refused:
        save(session, case, f"{{code}} {phrase.words.upper()}")
    assert [each.problem for each in refused.value.facts["found"]] == [Problem.FORBIDDEN]
    assert refused.value.facts["found"][0].heading == phrase.heading


def test_a_version_that_the_rules_of_now_forbid_gives_way_to_the_shipped_text(session, case, monkeypatch):
    save(session, case, "Quickly {code}")
    phrase = message_rules.Phrase(heading="threats", words="quickly")
    monkeypatch.setattr(message_templates, "forbidden", lambda _policy: (phrase,))
    message = code(session, case)
    assert "Quickly" not in message.body
    assert "482913" in message.body
    assert message.template_id is None


def test_forbidden_words_that_come_with_a_fact_stop_a_collection_message(session, case, monkeypatch):
    phrase = message_rules.Phrase(heading="threats", words="000-111-222")
    monkeypatch.setattr(message_templates, "forbidden", lambda _policy: (phrase,))
    with pytest.raises(Refused, match="message_text"):
        send(session, case)


@pytest.mark.parametrize("pack", policies.codes())
def test_the_shipped_texts_fit_every_shipped_pack(session, pack):
    of = factories.lender(session, f"shipped-{pack}", preset=pack)
    assert message_templates.problems_of_shipped(policies.of(of, NOW)) == []


# ---- what nobody took


class Full:
    def __init__(self, *, down=False):
        self.down, self.asked = down, 0

    def deliver(self, _letter):
        self.asked += 1
        raise NotDelivered("the gateway answered 503", gateway_down=self.down)


def test_what_was_given_up_is_sent_again_once_under_its_own_reference(session, installation, folder, case):
    message = code(session, case)
    at = NOW
    session.commit()
    for _try in range(outbox.MOST_TRIES):
        assert job.run(installation, carrier=Full(), now=at) == 0
        at += timedelta(hours=3)
    session.expire_all()
    lead = actor_of(factories.staff(session, lenders.get(session, case.lender_id), Role.LEAD))
    (line,) = dead_letters.page_of(session, filters=dead_letters.Filters(), after=None, actor=lead).lines
    assert (line.message.ref, dead_letters.count(session, lender_id=case.lender_id)) == (message.ref, 1)
    dead_letters.send_again(session, message=line.message, actor=lead, now=at)
    with pytest.raises(Refused, match="message_not_failed"):
        dead_letters.send_again(session, message=line.message, actor=lead, now=at)
    session.commit()
    assert job.run(installation, carrier=folder, now=at) == 1
    assert [each.ref for each in folder.letters(limit=9)] == [message.ref]


def test_a_gateway_that_is_down_costs_one_message_a_try_and_the_others_none(session, installation, case):
    for _each in range(5):
        code(session, case)
    session.commit()
    gateway = Full(down=True)
    assert job.run(installation, carrier=gateway, now=NOW) == 0
    assert gateway.asked == 1
    session.expire_all()
    rows = session.scalars(select(Message).order_by(Message.id)).all()
    assert [each.attempts for each in rows] == [1, 0, 0, 0, 0]
    assert all(each.claimed_until is None for each in rows)


# ---- reminders


def due(session, case, step=NextStep.SMS, reason=StepReason.PHONE_FAILED, **values):
    row = strategies.recompute(
        session, case=case, policy=policy_of(session, case), actor=system(case.lender_id, "x"), now=NOW
    )
    row.step, row.reason, row.due, row.earliest_at = step, reason, True, NOW
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return row


def test_a_reminder_that_is_due_is_written_once_and_its_case_moves_on(session, installation, folder, case):
    due(session, case)
    session.commit()
    for _turn in range(3):
        reminder_job.run(installation, now=NOW)
    session.expire_all()
    (message,) = session.scalars(select(Message)).all()
    assert (message.template, message.channel) == ("overdue_reminder", Channel.SMS)
    session.rollback()
    assert job.run(installation, carrier=folder, now=NOW) == 1
    for _turn in range(3):
        reminder_job.run(installation, now=NOW + timedelta(minutes=1))
    session.expire_all()
    assert len(session.scalars(select(Message)).all()) == 1
    assert session.scalars(select(Contact.message_id)).all() == [message.id]


@pytest.mark.parametrize(
    "values",
    [
        {"due": False},
        {"earliest_at": NOW + timedelta(seconds=1)},
        {"step": NextStep.CALL},
    ],
)
def test_what_is_not_due_is_not_written(session, installation, case, values):
    due(session, case, **values)
    session.commit()
    assert reminder_job.run(installation, now=NOW) == 0
    assert not session.scalars(select(Message)).all()


def test_a_reminder_that_may_not_be_sent_is_looked_at_again_tomorrow_and_not_at_once(
    session, installation, case
):
    for account in session.scalars(select(PaymentAccount)):
        account.active = False
    due(session, case)
    session.commit()
    assert reminder_job.run(installation, now=NOW) == 1
    assert reminder_job.run(installation, now=NOW) == 0
    session.expire_all()
    row = session.scalars(select(Strategy)).one()
    assert row.step not in (NextStep.SMS, NextStep.EMAIL) or row.earliest_at > NOW


# ---- wishes


def test_wishes_are_kept_told_and_written_down(session, case):
    hours = Hours(days=frozenset({0, 4}), opens=time(9), closes=time(12, 30))
    wish(session, case, opted_out=frozenset({Channel.SMS}), hours=hours, locale=Locale.EN)
    row = session.scalars(select(Preference)).one()
    assert row.opted_out == {"channels": ["sms"]}
    assert row.preferred == {"days": [0, 4], "from": "09:00", "until": "12:30"}
    assert preferences.of(session, case.borrower).hours == hours
    assert case.borrower.locale is Locale.EN
    (told,) = session.scalars(select(Message))
    assert (told.template, told.action_class, told.locale) == (
        "preferences_changed",
        ActionClass.SERVICE,
        Locale.EN,
    )
    assert "preferences_changed" in {each.action for each in audit.timeline(session, case=case)}


def test_wishes_noted_from_a_stale_page_change_nothing(session, case):
    wish(session, case, opted_out=frozenset({Channel.SMS}))
    with pytest.raises(Refused, match="preferences_stale"):
        wish(session, case, version=0)
    assert preferences.of(session, case.borrower).opted_out == {Channel.SMS}


@pytest.mark.parametrize(
    ("wishes", "refusal"),
    [
        ({"opted_out": frozenset({Channel.PORTAL})}, "preference_channel"),
        ({"hours": Hours(days=frozenset(), opens=time(9), closes=time(10))}, "preference_days"),
        ({"hours": Hours(days=frozenset({7}), opens=time(9), closes=time(10))}, "preference_days"),
        ({"hours": Hours(days=frozenset({1}), opens=time(9), closes=time(9))}, "preference_hours"),
        ({"exam_day": TODAY - timedelta(days=1)}, "preference_exam_day"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(session, case, wishes, refusal):
    with pytest.raises(Refused, match=refusal):
        wish(session, case, **wishes)
    assert not session.scalars(select(Preference)).all()


def test_an_exam_today_is_in_time(session, case):
    assert wish(session, case, exam_day=TODAY).exam_day == TODAY


def test_saying_the_same_again_tells_nobody(session, case):
    row = wish(session, case, opted_out=frozenset({Channel.SMS}))
    wish(session, case, opted_out=frozenset({Channel.SMS}), version=row.version)
    assert len(session.scalars(select(Message)).all()) == 1


@pytest.mark.parametrize(("days", "reminded"), [(0, False), (1, True), (2, False)])
def test_a_promise_is_reminded_of_once_on_the_day_before(session, installation, case, days, reminded):
    due_on = TODAY + timedelta(days=days)
    session.add(
        Promise(
            lender_id=case.lender_id,
            created_at=NOW,
            case_id=case.id,
            amount=1_234_500,
            currency=case.currency,
            due_on=due_on,
            state=PromiseState.ACTIVE,
        )
    )
    session.commit()
    for hours in (0, 3):
        reminders.send_of_promises(
            session, lender_id=case.lender_id, now=NOW + timedelta(hours=hours), limit=10
        )

    found = session.scalars(select(Message).where(Message.template == "promise_reminder")).all()
    assert len(found) == int(reminded)
    for message in found:
        assert formats.money(1_234_500, case.currency, case.borrower.locale) in message.body
        assert formats.day(due_on, case.borrower.locale) in message.body
        assert message.decision_id is not None
        assert (message.state, message.channel) == (MessageState.WAITING, Channel.SMS)
