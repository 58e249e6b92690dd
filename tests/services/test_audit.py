"""The audit chain: every kind of tampering is found."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from portal.infra import tenancy
from portal.models.audit_entry import AuditEntry, AuditHead
from portal.services import audit
from tests import factories
from tests.factories import NOW


@pytest.fixture
def lender(session):
    lender = factories.lender(session)
    for number in range(5):
        audit.record(
            session,
            actor=factories.nightly(lender),
            action="tried",
            subject=f"thing/{number}",
            now=NOW,
            number=number,
        )
    session.commit()
    return lender


@pytest.fixture
def tamper(session, owner):
    """Change the record behind the portal's back, as the owner of the database could."""

    def run(*statements):
        session.commit()
        with owner.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    return run


def problem(session, lender):
    session.expire_all()
    with factories.of_lender(session, lender.id):
        return audit.verify(session, lender_id=lender.id).problem


def last(session, lender):
    return session.get(AuditHead, lender.id).sequence


def test_an_untouched_chain_is_whole(session, lender):
    report = audit.verify(session, lender_id=lender.id)

    assert report.intact
    assert report.entries == last(session, lender)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "forged"},
        {"actor": "staff:somebody"},
        {"subject": "thing/9"},
        {"facts": {"number": 99}},
        {"at": NOW + timedelta(seconds=1)},
        {"case_ref": "another"},
    ],
)
def test_an_edited_entry_is_found(session, lender, tamper, change):
    tamper(update(AuditEntry).where(AuditEntry.sequence == 3).values(**change))

    assert problem(session, lender) == "entry 3 was changed"


def test_a_deleted_entry_is_found(session, lender, tamper):
    tamper(delete(AuditEntry).where(AuditEntry.sequence == 3))

    assert problem(session, lender) == "entry 3 is missing; the next one is 4"


def test_two_entries_changing_places_are_found(session, lender, tamper):
    for before, after in ((3, 1003), (4, 3), (1003, 4)):
        tamper(update(AuditEntry).where(AuditEntry.sequence == before).values(sequence=after))

    assert problem(session, lender) == "entry 3 does not follow the one before it"


def test_a_cut_tail_is_found(session, lender, tamper):
    end = last(session, lender)
    tamper(delete(AuditEntry).where(AuditEntry.sequence == end))

    assert problem(session, lender) == f"the chain ends at entry {end - 1}, its head says {end}"


def test_a_missing_head_is_found(session, lender, tamper):
    tamper(delete(AuditHead).where(AuditHead.lender_id == lender.id))

    assert problem(session, lender) == "the head of the chain is missing"


def test_lenders_have_chains_of_their_own(session, lender, tamper):
    other = factories.lender(session, "spdb-puhui")
    tamper(update(AuditEntry).where(AuditEntry.lender_id == other.id).values(action="forged"))

    assert problem(session, lender) is None
    assert problem(session, other) is not None


def test_many_writers_at_once_do_not_fork_the_chain(session, lender, installation):
    actor = factories.nightly(lender)

    def write(name):
        for number in range(10):
            with installation.writing.begin() as mine:
                tenancy.enter(mine, actor.lender_id)
                audit.record(mine, actor=actor, action="raced", subject=f"{name}/{number}", now=NOW)

    before = last(session, lender)
    session.rollback()
    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problem(session, lender) is None
    assert last(session, lender) == before + 40
