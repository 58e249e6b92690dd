"""Events for the lender's core: what happened can be rebuilt from them, in order, page by page."""

import gc
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.infra.files import FileStore
from portal.models import Agreement, Contact, Decision, Dispute, PlanInstalment
from portal.services import audit, disputes, event_export, gate
from portal.vocabulary import (
    Action,
    ActionClass,
    Channel,
    ContactOutcome,
    DisputeKind,
    DisputeState,
    Initiator,
    Role,
)
from tests import agreements_made, factories
from tests.factories import NOW, actor_of

WORDS = "My sister is ill"


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def caller(session, lender):
    return factories.staff(session, lender, Role.CALLER, number="S77")


def called(session, case, caller, *, at=NOW):
    decision = gate.ask(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor_of(caller),
        now=at,
    )
    session.flush()
    contact = Contact(
        lender_id=case.lender_id,
        created_at=at,
        case_id=case.id,
        decision_id=decision.id,
        staff_id=caller.id,
        channel=Channel.PHONE,
        inbound=False,
        at=at - timedelta(minutes=5),
        outcome=ContactOutcome.NO_ANSWER,
        feedback=WORDS,
    )
    session.add(contact)
    session.flush()
    audit.record(session, actor=actor_of(caller), action="call_recorded", subject=contact, case=case, now=at)
    return contact


def exported(session, lender, *, since=NOW - timedelta(days=1), after=0, until=None, **more):
    session.flush()
    end = event_export.length(session, lender=lender) if until is None else until
    return list(event_export.events(session, lender=lender, since=since, after=after, until=end, **more))


def test_a_contact_and_the_decision_that_allowed_it(session, lender, case, caller):
    contact = called(session, case, caller)
    decision = session.scalars(select(Decision)).one()
    ref, decided, number = contact.ref, decision.ref, case.borrower.borrower_no
    case_ref, loan = case.ref, "L00001"

    said, told = exported(session, lender)

    about = {"version": 1, "case": case_ref, "borrower_no": number, "contracts": [loan]}
    assert said == about | {
        "cursor": said["cursor"],
        "at": "2026-03-02T02:00:00.000000+00:00",
        "action": "contact_allowed",
        "kind": "decision",
        "decision": decided,
        "about": "call",
        "class": "collection",
        "allowed": True,
        "failed": [],
        "pack": decision.pack_version,
    }
    assert told == about | {
        "cursor": told["cursor"],
        "at": "2026-03-02T02:00:00.000000+00:00",
        "action": "call_recorded",
        "kind": "contact",
        "contact": ref,
        "decision": decided,
        "contact_at": "2026-03-02T01:55:00.000000+00:00",
        "channel": "phone",
        "inbound": False,
        "outcome": "no_answer",
        "result": None,
        "reason": None,
        "attitude": None,
        "call_back_at": None,
        "staff_no": "S77",
    }


def test_a_decision_that_forbids_names_its_rules(session, lender, case, caller):
    called(session, case, caller, at=NOW + timedelta(hours=14))  # midnight in Taipei

    refused = exported(session, lender)[0]
    assert (refused["allowed"], refused["action"]) == (False, "contact_refused")
    assert "hours" in refused["failed"]


def test_an_agreement_comes_with_every_instalment(session, settings, lender, case):
    folder = FileStore(settings.files)
    lead = factories.staff(session, lender, Role.LEAD)
    plan = factories.approved_plan(session, case)
    agreement = agreements_made.offered(session, lender, folder, by=lead, case=case, plan=plan)
    agreements_made.sign(session, agreement, case.borrower, folder)
    agreements_made.sign(session, agreement, lead, folder)
    rows = session.scalars(select(PlanInstalment).order_by(PlanInstalment.number)).all()
    owed = [(row.number, row.due_on.isoformat(), row.principal, row.interest) for row in rows]
    stored = session.scalars(select(Agreement)).one()
    number, digest = stored.number, stored.document_sha256

    (told,) = [each for each in exported(session, lender) if each["kind"] == "agreement"]

    assert (told["agreement"], told["state"], told["document_sha256"]) == (number, "sealed", digest)
    assert (told["currency"], told["principal"], told["annual_rate"]) == ("CNY", "4000.00", "0.072")
    assert told["contracts"] == ["L00001"]
    read = [
        (
            each["number"],
            each["due_on"],
            round(float(each["principal"]) * 100),
            round(float(each["interest"]) * 100),
        )
        for each in told["instalments"]
    ]
    assert read == owed


def test_a_dispute_and_its_answer(session, lender, case):
    lead = factories.staff(session, lender, Role.LEAD)
    borrower = actor_of(case.borrower)
    dispute = disputes.open(
        session, case=case, kind=DisputeKind.NOT_MINE, words=WORDS, actor=borrower, now=NOW
    )
    disputes.answer(
        session,
        dispute=dispute,
        outcome=DisputeState.UPHELD,
        reasons="A mix-up",
        actor=actor_of(lead),
        now=NOW,
    )

    first, second = [e for e in exported(session, lender, with_words=True) if e["kind"] == "dispute"]
    assert (first["action"], first["outcome"], first["words"]) == ("dispute_opened", None, WORDS)
    assert (second["action"], second["outcome"], second["words"]) == (
        "dispute_answered",
        "upheld",
        "A mix-up",
    )
    assert first["contracts"] == ["L00001"]
    assert session.scalars(select(Dispute)).one().state is DisputeState.UPHELD


def test_nobody_is_named_and_nothing_said_unless_it_is_asked_for(session, lender, case, caller):
    called(session, case, caller)
    name = case.borrower.name

    without, asked = str(exported(session, lender)), str(exported(session, lender, with_words=True))

    assert WORDS not in without
    assert WORDS in asked
    assert name not in without + asked


def test_going_on_after_each_cursor_gives_what_one_export_gives(session, lender, caller, monkeypatch):
    for _ in range(5):
        called(session, factories.late_borrower(session, lender), caller)
    whole = exported(session, lender)
    monkeypatch.setattr(event_export, "AT_A_TIME", 3)

    assert exported(session, lender) == whole
    assert [each["cursor"] for each in whole] == sorted({each["cursor"] for each in whole})
    for place, each in enumerate(whole):
        assert exported(session, lender, after=each["cursor"]) == whole[place + 1 :]
    middle = whole[4]["cursor"]
    assert exported(session, lender, until=middle) + exported(session, lender, after=middle) == whole


def test_only_what_happened_since_is_told(session, lender, case, caller):
    called(session, case, caller, at=NOW)
    called(session, case, caller, at=NOW + timedelta(hours=1))

    assert len(exported(session, lender, since=NOW)) == 4
    assert len(exported(session, lender, since=NOW + timedelta(microseconds=1))) == 2
    assert exported(session, lender, since=NOW + timedelta(hours=2)) == []


def test_another_lender_is_not_told(session, lender, case, caller):
    other = factories.lender(session, "spdb-puhui")
    with factories.of_lender(session, other.id):
        stranger = factories.staff(session, other, Role.CALLER)
        called(session, factories.late_borrower(session, other), stranger)
    called(session, case, caller)

    assert {each["borrower_no"] for each in exported(session, lender)} == {"B0001"}


def test_memory_does_not_grow_with_what_happened(session, lender, case, caller, monkeypatch):
    monkeypatch.setattr(event_export, "AT_A_TIME", 10)
    first = called(session, case, caller)

    def peak(times):
        for _ in range(times):
            audit.record(
                session, actor=actor_of(caller), action="call_recorded", subject=f"contact/{first.ref}",
                case=case, now=NOW,
            )  # fmt: skip
        session.commit()
        end = event_export.length(session, lender=lender)
        session.expunge_all()
        found = event_export.events(
            session, lender=lender, since=NOW - timedelta(days=1), until=end, with_words=True
        )
        tracemalloc.start()
        count = 0
        for count, _event in enumerate(found, start=1):
            if count % 10 == 0:
                gc.collect()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, most

    few, little = peak(20)
    many, more = peak(180)

    assert many > 9 * few
    assert more < 2 * little
