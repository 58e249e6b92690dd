"""What the database itself keeps apart: keys with the lender in them, policies, whom the portal works as."""

import uuid

import pytest
from sqlalchemy import ForeignKeyConstraint, create_engine, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from portal import create_app
from portal.cli import portal
from portal.config import Settings
from portal.infra import database_role, installation, tenancy
from portal.infra.installation import open_installation
from portal.models import Base, Case, StaffRole
from tests import factories
from tests.conftest import KEYS
from tests.factories import NOW

# Tables whose rows belong to no lender, or must be found before it is known whose they are.
OF_NO_LENDER = {
    "lender": "every process reads which lenders there are; each changes only itself",
    "locator": "finds the lender of a hashed token or address",
    "web_session": "is read by a cookie, before it is known whose it is",
    "throttle": "counts hashes",
    "idempotency_record": "is kept for visitors of no lender too; found by who asks",
    "installation_key": "belongs to the installation",
}
BELONGING = [
    pytest.param(table, constraint, id=f"{table.name}.{constraint.column_keys[1]}")
    for table in Base.metadata.sorted_tables
    for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.column_keys))
    if len(constraint.column_keys) == 2
]
# Row-level security is PostgreSQL's.
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
LENDERS = [table for table in Base.metadata.sorted_tables if table.name in tenancy.TABLES]


@pytest.fixture
def two(session):
    """The ids of two lenders with a case each."""
    found = []
    for code in ("pingan-bank", "spdb-puhui"):
        lender = factories.lender(session, code)
        factories.late_borrower(session, lender)
        factories.staff(session, lender)
        found.append(lender.id)
    session.commit()
    session.close()
    return found


@pytest.fixture
def plain(installation):
    """The engine of the plain role."""
    return installation.engine


def test_every_table_belongs_to_lenders_or_says_why_not():
    assert set(Base.metadata.tables) - tenancy.TABLES == set(OF_NO_LENDER)


def test_every_reference_between_rows_of_lenders_carries_the_lender():
    for table in LENDERS:
        for constraint in table.foreign_key_constraints:
            target = constraint.referred_table.name
            carried = constraint.column_keys[0] == "lender_id" and len(constraint.column_keys) == 2
            assert carried or target == "lender", f"{table.name} names {target} by {constraint.column_keys}"


@pytest.mark.parametrize(("table", "constraint"), BELONGING)
def test_no_row_names_one_of_another_lender(owner, table, constraint: ForeignKeyConstraint):
    """The key itself is tried: a copy of both tables with nothing but their lender and number."""
    target, column = constraint.referred_table, constraint.column_keys[1]
    assert [each.target_fullname for each in constraint.elements] == [
        f"{target.name}.lender_id",
        f"{target.name}.id",
    ]
    with owner.connect() as connection:
        found = _references(connection, table.name)
    assert (("lender_id", column), target.name, ("lender_id", "id")) in found


def _references(connection, table):
    from sqlalchemy import inspect

    return {
        (tuple(each["constrained_columns"]), each["referred_table"], tuple(each["referred_columns"]))
        for each in inspect(connection).get_foreign_keys(table)
    }


def test_a_key_across_lenders_is_refused(two, owner):
    ours, theirs = two
    with Session(owner) as everything:
        staff = everything.scalar(select(StaffRole.staff_id).where(StaffRole.lender_id == theirs))
        wrong = {"lender_id": ours, "staff_id": staff, "role": "lead", "ref": "r", "created_at": NOW}
        with pytest.raises(IntegrityError):
            everything.execute(insert(StaffRole), [wrong])


@ON_POSTGRESQL
def test_every_table_of_lenders_has_its_policy_enabled_and_forced(plain):
    known = text(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"
    )
    policies = text(
        "SELECT tablename FROM pg_policies "
        "WHERE qual LIKE '%current_lender()%' AND with_check LIKE '%current_lender()%'"
    )
    with plain.connect() as connection:
        assert set(connection.scalars(known)) == tenancy.TABLES | {"lender"}
        assert set(connection.scalars(policies)) == tenancy.TABLES


def _as(connection, lender_id):
    connection.execute(tenancy.TELL, {"lender": str(lender_id)})


@ON_POSTGRESQL
def test_raw_sql_sees_changes_and_removes_only_the_rows_of_its_lender(two, plain):
    ours, theirs = two
    for table in ('"case"', "borrower", "loan", "staff", "data_key", "audit_entry"):
        with plain.connect() as connection:
            _as(connection, ours)
            assert set(connection.scalars(text(f"SELECT lender_id FROM {table}"))) == {ours}
    with plain.connect() as connection:
        _as(connection, ours)
        changed = connection.execute(text("UPDATE staff SET number = 'x' || id"))
        assert changed.rowcount == 1
        assert connection.execute(text("DELETE FROM staff_role")).rowcount == 1
        assert connection.execute(text("UPDATE lender SET code = code || 'x'")).rowcount == 1
        connection.commit()
        _as(connection, theirs)
        assert connection.scalar(text("SELECT count(*) FROM staff_role")) == 1


@pytest.mark.parametrize("act", ["INSERT", "UPDATE"])
@ON_POSTGRESQL
def test_raw_sql_takes_no_row_to_another_lender(two, plain, act):
    ours, theirs = two
    columns = "lender_id, ref, wrapped, created_at"
    statements = {
        "INSERT": f"INSERT INTO data_key ({columns}) VALUES ({theirs}, 'r', 'x', now())",
        "UPDATE": f"UPDATE data_key SET lender_id = {theirs}",
    }
    with plain.connect() as connection:
        _as(connection, ours)
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(statements[act]))


@ON_POSTGRESQL
def test_without_a_lender_raw_sql_sees_nothing_and_adds_nothing(two, plain):
    with plain.connect() as connection:
        for table in LENDERS:
            assert connection.scalar(text(f'SELECT count(*) FROM "{table.name}"')) == 0, table.name
        assert connection.execute(text("UPDATE staff SET number = 'x'")).rowcount == 0
        assert connection.execute(text("DELETE FROM staff_role")).rowcount == 0
        assert connection.execute(text("UPDATE lender SET code = 'x'")).rowcount == 0


def test_the_lender_of_a_transaction_does_not_reach_the_next_one_on_its_connection(two, installation):
    engine = create_engine(installation.engine.url, pool_size=1, max_overflow=0)
    with tenancy.TenantSession(engine) as session:
        tenancy.enter(session, two[0])
        assert session.scalars(select(Case.lender_id)).all() == [two[0]]
        session.commit()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_lender()")) is None
            assert connection.scalar(text('SELECT count(*) FROM "case"')) == 0
    engine.dispose()


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE audit_entry SET action = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE staff DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_rows ON staff",
        "DELETE FROM audit_head",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
@ON_POSTGRESQL
def test_the_plain_role_may_not(two, plain, act):
    with plain.connect() as connection:
        _as(connection, two[0])
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(act))


# --- whom the portal works as -------------------------------------------------------------------


@pytest.fixture
def empty(postgres):
    """The address of an empty database, as a superuser's."""
    name = f"e_{uuid.uuid4().hex[:10]}"
    with postgres.admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.admin.url.set(database=name)
    with postgres.admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        for role in connection.scalars(
            text(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%'")
        ).all():
            connection.execute(text(f'DROP ROLE "{role}"'))


def _address(url):
    return url.render_as_string(hide_password=False)


def _settings(tmp_path, url, owner=None):
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path), "PORTAL_DATABASE_URL": _address(url)}
    return Settings.load(environ | KEYS | ({"PORTAL_DATABASE_OWNER_URL": _address(owner)} if owner else {}))


def _role(empty, postgres, kind, options):
    """A role that may come in, and its address."""
    name = f"{empty.database}_{kind}"
    with postgres.admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'x' {options}"))
    return empty.set(username=name, password="x")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("superuser", "superuser"),
        ("bypassing", "BYPASSRLS"),
        ("owner", "owner of the tables"),
        ("member", "owner of the tables"),
    ],
)
def test_it_does_not_start_as_a_role_that_no_policy_stops(empty, postgres, tmp_path, monkeypatch, kind, said):
    installation.upgrade(_settings(tmp_path, empty))
    url = empty
    if kind != "superuser":
        url = _role(empty, postgres, kind, "BYPASSRLS" if kind == "bypassing" else "")
        engine = create_engine(empty)
        with engine.begin() as connection:
            database_role.prepare(connection, database_role.Role.of(_address(url)))
            for table in Base.metadata.tables if kind == "owner" else ():
                connection.execute(text(f'ALTER TABLE "{table}" OWNER TO {url.username}'))
            if kind == "member":
                connection.execute(text(f"CREATE ROLE {empty.database}_group"))
                connection.execute(text(f"ALTER TABLE staff OWNER TO {empty.database}_group"))
                connection.execute(text(f"GRANT {empty.database}_group TO {url.username}"))
        engine.dispose()

    opened = open_installation(_settings(tmp_path, url))
    with pytest.raises(installation.Unfit, match=said):
        installation.check_fit(opened)
    opened.engine.dispose()
    result = _command(monkeypatch, tmp_path, url, "nightly")
    assert result.exit_code != 0
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


def _command(monkeypatch, tmp_path, url, *words):
    from click.testing import CliRunner

    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path), "PORTAL_DATABASE_URL": _address(url), **KEYS}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(portal, words)


def _starts(settings):
    create_app(settings).extensions["installation"].engine.dispose()


def test_the_upgrade_makes_the_plain_role_that_settings_name(empty, tmp_path):
    wanted = empty.set(username=f"{empty.database}_named", password="it's 100% secret")
    settings = _settings(tmp_path, wanted, owner=empty)

    assert installation.upgrade(settings) is None
    _starts(settings)


def test_with_one_address_the_upgrade_makes_a_role_and_tells_its_address_once(empty, tmp_path):
    made = installation.upgrade(_settings(tmp_path, empty))

    assert make_url(made).username == f"{empty.database}_portal"
    _starts(_settings(tmp_path, make_url(made)))
    assert installation.upgrade(_settings(tmp_path, empty)) is None, "the role is there already"


def test_the_role_may_have_temporary_tables_where_nobody_else_may(empty, tmp_path):
    engine = create_engine(empty)
    with engine.begin() as connection:
        connection.execute(text(f"REVOKE TEMPORARY ON DATABASE {empty.database} FROM PUBLIC"))
    made = make_url(installation.upgrade(_settings(tmp_path, empty)))

    with engine.connect() as connection:
        may = text("SELECT has_database_privilege(:who, current_database(), 'TEMPORARY')")
        assert connection.scalar(may, {"who": made.username})
    engine.dispose()


def test_a_second_upgrade_renews_the_rights_and_gives_no_more(empty, tmp_path):
    made = make_url(installation.upgrade(_settings(tmp_path, empty)))
    engine = create_engine(empty)
    with engine.begin() as connection:
        connection.execute(text(f"REVOKE ALL ON staff FROM {made.username}"))
        connection.execute(text(f"GRANT ALL ON audit_entry TO {made.username}"))
    installation.upgrade(_settings(tmp_path, empty))

    with engine.connect() as connection:
        may = text("SELECT has_table_privilege(:who, :table, :what)")
        asked = {"who": made.username}
        assert connection.scalar(may, asked | {"table": "staff", "what": "DELETE"})
        for what in ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            assert not connection.scalar(may, asked | {"table": "audit_entry", "what": what}), what
    engine.dispose()
    _starts(_settings(tmp_path, made))
