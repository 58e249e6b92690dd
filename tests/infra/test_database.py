"""What the database promises: nothing lost, nothing crossed, the schema the models describe."""

import threading
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from portal.infra import db, ids, schema, tenancy
from portal.models import Base, Case, Lender, Loan
from tests import factories
from tests.factories import NOW


def test_the_schema_is_what_the_models_say(installation):
    with installation.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_named_so_that_two_of_them_would_conflict():
    heads = ScriptDirectory(str(schema.MIGRATIONS)).get_heads()

    assert heads == (schema.MIGRATIONS / ".current-head").read_text("ascii").split()


def test_upgrading_twice_changes_nothing(installation, owner):
    schema.upgrade(owner)
    assert schema.is_current(installation.engine)


def test_eight_writers_on_one_row_lose_no_update(session, installation):
    lender = factories.lender(session)
    loan = factories.loan(session, factories.borrower(session, lender))
    start, loan_id, lender_id = loan.outstanding, loan.id, lender.id
    session.commit()

    def add(times):
        for _ in range(times):
            with installation.writing.begin() as mine:
                tenancy.enter(mine, lender_id)
                row = mine.scalars(select(Loan).where(Loan.id == loan_id).with_for_update()).one()
                row.outstanding += 1

    threads = [threading.Thread(target=add, args=(25,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    session.expire_all()
    assert session.get(Loan, loan.id).outstanding == start + 8 * 25


def test_a_row_cannot_point_into_another_lender(session):
    ours, theirs = factories.lender(session, "pingan-bank"), factories.lender(session, "spdb-puhui")
    borrower = factories.borrower(session, theirs)
    case = Case(
        lender_id=ours.id,
        created_at=NOW,
        borrower_id=borrower.id,
        currency="CNY",
        state="confirmed",
        confirmed_on=factories.TODAY,
    )
    session.add(case)

    with pytest.raises(IntegrityError):
        session.flush()


def test_a_borrower_has_one_open_case_per_currency(session):
    case = factories.late_borrower(session, factories.lender(session))
    loan = factories.loan(session, case.borrower)

    with pytest.raises(IntegrityError):
        factories.case(session, loan)


def test_a_word_that_is_not_in_the_vocabulary_is_not_stored(session):
    case = factories.late_borrower(session, factories.lender(session))

    with pytest.raises(IntegrityError):
        session.execute(text('UPDATE "case" SET state = :state'), {"state": "somewhere"})
    session.rollback()
    assert case


def test_a_time_without_a_zone_is_refused(session):
    naive = datetime(2026, 3, 2, 10, 0)
    session.add(
        Lender(ref=ids.new_ref(), code="x", preset="default", names={}, hand_in_place={}, created_at=naive)
    )

    with pytest.raises(StatementError, match="no time zone"):
        session.flush()


def test_times_come_back_in_utc_with_microseconds(session):
    exact = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
    session.add(
        Lender(ref=ids.new_ref(), code="x", preset="default", names={}, hand_in_place={}, created_at=exact)
    )
    session.commit()
    session.expire_all()

    assert session.scalars(select(Lender.created_at)).one() == exact


@pytest.mark.usefixtures("engines_as_they_are")
def test_sqlite_is_new_enough_and_set_up_safely(tmp_path):
    engine = db.make_engine(f"sqlite:///{tmp_path}/x.sqlite")
    with engine.connect() as connection:

        def pragma(name):
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        assert tuple(map(int, version.split("."))) >= db.SQLITE_AT_LEAST
        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
    engine.dispose()


def test_no_name_number_or_address_stands_in_the_database_in_clear(session, database_url, tmp_path):
    factories.borrower(session, factories.lender(session), name="Canary Name")
    session.commit()

    if database_url.startswith("sqlite"):
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("portal.sqlite*"))
    else:
        rows = [session.execute(text(f'SELECT * FROM "{table}"')).all() for table in Base.metadata.tables]
        stored = repr(
            [[bytes(v) if isinstance(v, memoryview) else v for v in row] for each in rows for row in each]
        )
        stored = stored.encode()

    for canary in (
        b"Canary Name",
        b"A900001234",
        b"+886900000001",
        b"1 Test Road",
        b"borrower1@example.test",
    ):
        assert canary not in stored
