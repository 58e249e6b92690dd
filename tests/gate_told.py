"""Rows of contacts and decisions, and what the contact gate is told of them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from portal.models import (
    Contact,
    ContactPoint,
    Decision,
    Lender,
)
from portal.services import gate_facts, policies
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ContactKind,
    ContactOutcome,
    Initiator,
    Product,
    Role,
)
from tests import factories
from tests.conftest import NOW

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
VISIT_AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


def asking(session, case):
    """A function that tells what the gate is told about a call, but for what is said otherwise."""
    lender = session.get_one(Lender, case.lender_id)
    caller = factories.actor_of(factories.staff(session, lender, Role.CALLER))

    def told(**changes):
        session.flush()
        question = {
            "case": case,
            "action": Action.CALL,
            "action_class": ActionClass.COLLECTION,
            "initiator": Initiator.LENDER,
            "actor": caller,
            "now": NOW,
        }
        found, _ = gate_facts.gather(session, question | changes, policies.of(lender, NOW))
        return found

    return told


def common(of, at=NOW):
    return {"lender_id": of.lender_id, "created_at": at}


def phone(session, case):
    query = select(ContactPoint).where(
        ContactPoint.borrower_id == case.borrower_id, ContactPoint.kind == ContactKind.PHONE
    )
    return session.scalars(query.order_by(ContactPoint.id)).first()


def another_phone(session, case):
    made = ContactPoint(
        **common(case),
        borrower_id=case.borrower_id,
        kind=ContactKind.PHONE,
        main=False,
        value="+886900077777",
        value_index=b"7" * 32,
    )
    session.add(made)
    session.flush()
    return made


def decision(session, case, *, at=NOW - DAY, action=Action.CALL, allowed=True, **more):
    made = Decision(
        **common(case, at),
        case_id=case.id,
        action=action,
        action_class=more.get("action_class", ActionClass.COLLECTION),
        allowed=allowed,
        rules={"asked": []},
        pack_version="test 1",
        actor="staff:test",
    )
    session.add(made)
    session.flush()
    return made


def contact(session, case, *, at=NOW - DAY, outcome=ContactOutcome.NO_ANSWER, action=Action.CALL, **more):
    made = Contact(
        **common(case, at),
        case_id=case.id,
        decision_id=decision(session, case, at=at, action=action).id,
        **{"channel": Channel.PHONE, "inbound": False, "at": at, "outcome": outcome} | more,
    )
    session.add(made)
    session.flush()
    return made


def case_beside(session, case, *, product=Product.CONSUMER_LOAN, closed=True):
    """Another case of the same borrower."""
    loan = factories.loan(session, case.borrower, product=product, currency="TWD")
    made = factories.case(session, loan)
    if closed:
        made.closed_at, made.state = NOW - DAY, CaseState.ARCHIVED
    session.flush()
    return made
