"""The audit chain: every kind of tampering is found and named, and nobody forks it."""

import multiprocessing
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from portal.domain.audit_chain import Point, Problem
from portal.infra import tenancy
from portal.models import Base
from portal.models.audit_entry import AuditEntry, AuditHead
from portal.services import audit
from portal.vocabulary import ChainProblem
from tests import audit_writer, factories, tampering
from tests.factories import NOW

WRITERS = 8
ENTRIES_EACH = 12


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


def report(session, lender_id, **options):
    session.commit()  # on SQLite a session goes on reading what was there when it began to read
    session.expire_all()
    with factories.of_lender(session, lender_id):
        return audit.verify(session, lender_id=lender_id, **options)


def problem(session, lender):
    return report(session, lender.id).problem


def last(session, lender):
    return audit.length_of(session, lender_id=lender.id)


def test_an_untouched_chain_is_whole(session, lender):
    found = audit.verify(session, lender_id=lender.id)

    assert found.intact
    assert found.entries == last(session, lender)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "forged"},
        {"actor": "staff:somebody"},
        {"subject": "thing/9"},
        {"facts": {"number": 99}},
        {"at": NOW + timedelta(seconds=1)},
        {"case_ref": "another"},
        {"previous": bytes(32)},
        {"hash": bytes(32)},
    ],
)
def test_an_edited_entry_is_found(session, lender, tamper, change):
    tamper(update(AuditEntry).where(AuditEntry.sequence == 3).values(**change))

    found = problem(session, lender)

    assert (found.kind, found.entry) == (ChainProblem.EDITED, 3)


@pytest.mark.parametrize("kind", tampering.SEEN_BY_THE_CHAIN)
def test_every_kind_of_tampering_is_found_and_named(session, lender, owner, kind):
    tamper_with, named = tampering.SEEN_BY_THE_CHAIN[kind]
    with owner.begin() as connection:
        tamper_with(connection, lender.id, 4)

    found = problem(session, lender)

    assert found.kind is named
    assert found.kind in tampering.SEEN_WITHOUT_AN_ENTRY or found.entry in (3, 4, 5)


def test_a_moved_entry_is_named_with_its_new_place(session, lender, owner):
    with owner.begin() as connection:
        tampering.change(connection, lender.id, 3, sequence=1003)

    assert problem(session, lender) == Problem(ChainProblem.REORDERED, 3, 1003)


def test_an_emptied_chain_is_found(session, lender, tamper):
    end = last(session, lender)
    tamper(delete(AuditEntry).where(AuditEntry.lender_id == lender.id))

    assert problem(session, lender) == Problem(ChainProblem.CUT, 0, end)


def test_an_emptied_chain_without_its_head_is_found(session, lender, tamper):
    tamper(delete(AuditEntry), delete(AuditHead))

    assert problem(session, lender).kind is ChainProblem.HEAD_MISSING


def test_a_chain_must_pass_through_its_marks(session, lender):
    hashes = {each.sequence: each.hash for each in session.query(AuditEntry)}
    end = last(session, lender)

    right = report(session, lender.id, marks={2: hashes[2], end: hashes[end]})
    wrong = report(session, lender.id, marks={2: bytes(32), end + 1: hashes[end]})

    assert right.intact
    assert (wrong.problem, wrong.missed) == (None, (2, end + 1))


def test_a_chain_can_be_followed_from_a_point_on(session, lender, tamper):
    hashes = {each.sequence: each.hash for each in session.query(AuditEntry)}
    tamper(update(AuditEntry).where(AuditEntry.sequence == 2).values(actor="staff:somebody"))

    assert report(session, lender.id, after=Point(4, hashes[4])).intact
    assert report(session, lender.id, after=Point(4, bytes(32))).missed == (4,)
    end = last(session, lender)
    assert report(session, lender.id, after=Point(end, bytes(32))).missed == (end,)


def test_lenders_have_chains_of_their_own(session, lender, tamper):
    other = factories.lender(session, "spdb-puhui")
    tamper(update(AuditEntry).where(AuditEntry.lender_id == other.id).values(action="forged"))

    assert problem(session, lender) is None
    assert problem(session, other).kind is ChainProblem.EDITED


def test_the_installation_has_a_chain_of_its_own_that_begins_with_its_first_entry(session, owner):
    assert report(session, tenancy.INSTALLATION) == audit.ChainReport(0, Point())

    factories.lender(session)
    factories.lender(session, "spdb-puhui")
    session.commit()

    whole = report(session, tenancy.INSTALLATION)
    assert (whole.intact, whole.entries) == (True, 2)
    with owner.begin() as connection:
        tampering.edit(connection, tenancy.INSTALLATION, 1)
    assert report(session, tenancy.INSTALLATION).problem == Problem(ChainProblem.EDITED, 1)


def test_the_installations_chain_does_not_begin_again_when_its_head_is_gone(session, lender, tamper):
    tamper(delete(AuditHead).where(AuditHead.lender_id == tenancy.INSTALLATION))

    assert report(session, tenancy.INSTALLATION).problem == Problem(ChainProblem.HEAD_MISSING, 1)
    with pytest.raises(IntegrityError):
        audit.record_for_installation(session, action="tried", subject="thing/1", now=NOW)


def test_recording_for_the_installation_leaves_the_session_with_its_lender(session, lender):
    before = last(session, lender)
    audit.record_for_installation(session, action="tried", subject="thing/1", now=NOW)

    audit.record(session, actor=factories.nightly(lender), action="tried", subject="thing/2", now=NOW)
    session.commit()

    assert tenancy.lender_of(session) == lender.id
    assert report(session, lender.id).entries == before + 1
    assert report(session, tenancy.INSTALLATION).entries == 2


def test_what_is_rolled_back_was_not_recorded_for_the_installation_either(session, lender):
    audit.record_for_installation(session, action="tried", subject="thing/1", now=NOW)
    session.rollback()

    assert report(session, tenancy.INSTALLATION).entries == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'staff:nobody' WHERE sequence = 3",
        "DELETE FROM audit_entry WHERE sequence = 3",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_head",
        "DROP TABLE audit_entry",
        "ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY",
    ],
)
def test_on_postgresql_the_portals_role_may_not_change_the_record(session, lender, installation, statement):
    if installation.engine.dialect.name != "postgresql":
        return
    with installation.engine.connect() as connection:
        tenancy.tell(connection, lender.id)
        with pytest.raises(ProgrammingError, match="permission denied|must be owner"):
            connection.execute(text(statement))
    assert problem(session, lender) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'staff:nobody' WHERE sequence = 3",
        "DELETE FROM audit_entry WHERE sequence = 3",
        "DELETE FROM audit_entry",
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 3",
        "REPLACE INTO audit_entry SELECT id + 1000, lender_id, sequence, at, 'x', action, subject, case_ref, "
        "facts, previous, hash FROM audit_entry WHERE sequence = 3",
        "UPDATE OR REPLACE audit_entry SET sequence = 4 WHERE sequence = 3",
    ],
)
def test_on_sqlite_the_record_refuses_to_be_changed(session, lender, installation, statement):
    if installation.engine.dialect.name != "sqlite":
        return
    with installation.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement))
    assert problem(session, lender) is None


def test_a_second_entry_of_a_number_is_refused(session, lender, owner):
    with owner.connect() as connection:
        made = tampering.forged(connection, lender.id, 4)
    with pytest.raises(IntegrityError):
        session.execute(insert(AuditEntry), [made])


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


def test_eight_processes_do_not_fork_the_chains_and_one_begins_that_of_the_installation(
    session, lender, tamper, settings
):
    tamper(
        delete(AuditEntry).where(AuditEntry.lender_id == 0), delete(AuditHead).where(AuditHead.lender_id == 0)
    )
    before = last(session, lender)
    session.rollback()
    given = (settings.database_url, factories.nightly(lender), ENTRIES_EACH, NOW)
    context = multiprocessing.get_context("forkserver")  # a process must not inherit an open database
    context.set_forkserver_preload(["tests.audit_writer"])
    processes = [context.Process(target=audit_writer.write, args=given) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * WRITERS
    own, installation = report(session, lender.id), report(session, tenancy.INSTALLATION)
    assert (own.intact, own.entries) == (True, before + WRITERS * ENTRIES_EACH)
    assert (installation.intact, installation.entries) == (True, WRITERS * ENTRIES_EACH)


def test_the_chain_outlives_the_borrower_and_the_lenders_keys(session, lender, owner):
    case = factories.case(session, factories.loan(session, factories.borrower(session, lender)))
    audit.record(
        session, actor=factories.nightly(lender), action="tried", subject=case, case=case, now=NOW, number=1
    )
    session.commit()
    before = report(session, lender.id).entries
    kept = {"audit_entry", "audit_head", "lender", "alembic_version"}
    with owner.begin() as connection:
        unhindered = owner.dialect.name == "postgresql"
        connection.execute(
            text("SET session_replication_role = replica" if unhindered else "PRAGMA defer_foreign_keys = ON")
        )
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in kept:
                connection.execute(delete(table))

    assert report(session, lender.id) == audit.ChainReport(before, report(session, lender.id).end)
