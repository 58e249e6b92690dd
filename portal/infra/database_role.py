"""Whom the portal works as on PostgreSQL: a plain role that owns nothing and passes no policy by.

`portal db upgrade` works as the owner of the tables; everything else as this role. A superuser, the owner or
a role with BYPASSRLS would see every lender's rows whatever the policies say: the portal starts as none of
them."""

from dataclasses import dataclass

from psycopg import sql
from sqlalchemy import Connection, Engine, make_url, text

# What the role may do is named by table; where a table is not named, it may do everything to its rows.
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
RIGHTS = {
    "audit_entry": "SELECT, INSERT",
    "audit_head": "SELECT, INSERT, UPDATE",
    "alembic_version": "SELECT",
}
FUNCTIONS = ("current_lender()", "refresh_statistics(text)")

_PRIVILEGES = text(
    "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') "
    "AND relnamespace = 'public'::regnamespace AND pg_has_role(current_user, relowner, 'MEMBER')) AS owned "
    "FROM pg_roles WHERE rolname = current_user"
)


@dataclass(frozen=True)
class Role:
    """A role and what lets it in."""

    name: str
    password: str

    @classmethod
    def of(cls, url: str) -> "Role":
        """The role that a database address works as."""
        parsed = make_url(url)
        return cls(parsed.username or "", parsed.password or "")


def prepare(connection: Connection, role: Role) -> None:
    """Make the role when it is missing, and give it its rights, no more. Works as the owner of the tables."""
    name = _quoted(connection, role.name)
    if not exists(connection, role.name):
        password = sql.Literal(role.password).as_string(None).replace("%", "%%")
        connection.exec_driver_sql(
            f"CREATE ROLE {name} LOGIN PASSWORD {password} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
        )
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
    tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    for table in tables.scalars().all():
        quoted = _quoted(connection, table)
        connection.exec_driver_sql(f"REVOKE ALL ON {quoted} FROM {name}")
        connection.exec_driver_sql(f"GRANT {RIGHTS.get(table, EVERYTHING)} ON {quoted} TO {name}")
    connection.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    for function in FUNCTIONS:
        connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {function} TO {name}")
    _let_it_have_temporary_tables(connection, role.name)


def _let_it_have_temporary_tables(connection: Connection, name: str) -> None:
    """A night ages a book with some. Everybody may have them, unless whoever owns the database forbade it."""
    may = text("SELECT has_database_privilege(:name, current_database(), 'TEMPORARY')")
    if not connection.scalar(may, {"name": name}):
        database = _quoted(connection, connection.scalar(text("SELECT current_database()")) or "")
        connection.exec_driver_sql(f"GRANT TEMPORARY ON DATABASE {database} TO {_quoted(connection, name)}")


def exists(connection: Connection, name: str) -> bool:
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
    return known.first() is not None


def problem(engine: Engine) -> str | None:
    """Say why the portal must not work as the role it was given; None: it may."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        found = connection.execute(_PRIVILEGES).one()
    if found.rolsuper:
        return "a superuser, whom no policy stops"
    if found.rolbypassrls:
        return "a role with BYPASSRLS, whom no policy stops"
    if found.owned:
        return "the owner of the tables, who could switch the policies off"
    return None


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
