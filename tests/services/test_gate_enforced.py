"""The database itself refuses what reaches a borrower without a decision of the gate, and what one person
alone sets aside. Rows are written as SQL, past every service and model."""

import pytest
from sqlalchemy import MetaData, Table, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from portal.domain.contact_decision import RuleId
from portal.models import Contact, Lender
from portal.services import gate, notifications, overrides
from portal.vocabulary import Action, ActionClass, Channel, ContactOutcome, Initiator, Role
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def people(session, lender):
    return [factories.actor_of(factories.staff(session, lender, Role.LEAD)) for _ in range(2)]


def call(case, actor):
    return {
        "case": case,
        "action": Action.CALL,
        "action_class": ActionClass.COLLECTION,
        "initiator": Initiator.LENDER,
        "actor": actor,
        "now": NOW,
    }


def message(session, case):
    return notifications.notify(
        session, borrower=case.borrower, template="code_entry", now=NOW, case=case, code="123456"
    )


def visit(session, case):
    lender = session.get_one(Lender, case.lender_id)
    return factories.visit(session, case, crew=[factories.staff(session, lender) for _ in range(2)])


def contact(session, case):
    caller = factories.actor_of(factories.staff(session, session.get_one(Lender, case.lender_id)))
    made = Contact(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        decision_id=gate.require(session, **call(case, caller)).id,
        channel=Channel.PHONE,
        inbound=False,
        at=NOW,
        outcome=ContactOutcome.REACHED,
    )
    session.add(made)
    session.flush()
    return made


def again(session, row, **changes):
    """Write a row once more as the database has it, but for what must differ and some changes."""
    session.flush()
    connection = session.connection()
    table = Table(inspect(type(row)).local_table.name, MetaData(), autoload_with=connection)
    there = connection.execute(select(table).where(table.c.id == row.id)).mappings().one()
    new = {name: value for name, value in there.items() if name != "id"}
    own = {name: f"{there[name]}2" for name in ("ref", "idempotency_key", "dedupe_key") if there.get(name)}
    connection.execute(insert(table).values(new | own | changes))


def refuses(session, row, said, **changes):
    with pytest.raises(IntegrityError, match=said), session.begin_nested():
        again(session, row, **changes)


@pytest.mark.parametrize("make", [message, visit, contact])
def test_nothing_reaches_a_borrower_without_a_decision(session, case, make):
    row = make(session, case)
    again(session, row)  # the same row with its decision is in order

    refuses(session, row, "decision_id|ck_message_decided", decision_id=None)


@pytest.mark.parametrize("make", [message, visit, contact])
def test_nor_with_a_decision_that_was_never_made(session, case, make):
    row = make(session, case)
    session.commit()

    def written():
        again(session, row, decision_id=999_999)
        session.commit()

    with pytest.raises(IntegrityError, match=r"(?i)foreign"):  # some keys are looked at with the commit
        written()
    session.rollback()


@pytest.fixture
def override(session, case, people):
    """What one person asked for and another allowed."""
    asker, other = people
    for _ in range(2):
        gate.require(session, **call(case, asker))
    refusal = gate.ask(session, **call(case, asker))
    session.flush()
    made = overrides.request(
        session,
        decision=refusal,
        rules={RuleId.ATTEMPTS_PER_DAY},
        reason="asked for it",
        actor=asker,
        now=NOW,
    )
    return overrides.decide(
        session, override=made, version=made.version, approved=True, answer="yes", actor=other, now=NOW
    )


def test_nobody_is_their_own_second_person(session, override):
    again(session, override)

    refuses(session, override, "second_person", decided_by=override.requested_by)


@pytest.mark.parametrize("state", ["approved", "refused", "used"])
def test_nothing_is_allowed_refused_or_used_by_nobody(session, override, state):
    refuses(session, override, "answered", decided_by=None, decided_at=None, state=state)


def test_what_waits_has_no_answer_yet(session, override):
    again(session, override, decided_by=None, decided_at=None, answer_sealed=None, state="requested")

    refuses(session, override, "answered", state="requested")


def test_what_was_allowed_lets_one_act_happen(session, case, people, override):
    decision = gate.require(session, **call(case, people[0]))
    session.flush()
    assert decision.override_id == override.id

    refuses(session, decision, "override_id")
