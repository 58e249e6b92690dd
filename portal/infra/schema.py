"""Bringing a database to the newest schema, and telling whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from portal.infra import database_role

MIGRATIONS = Path(__file__).parent.parent / "migrations"
UPGRADE_LOCK = 7_240_611  # any number, the same in every process


def upgrade(engine: Engine, *, role: database_role.Role | None = None) -> None:
    """Apply what is missing. Several processes may call this at once: one works, the others wait.

    On PostgreSQL `role` is made, or its rights are renewed: whom the portal works as."""
    with _unhindered(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        command.upgrade(_config(connection), "head")
        if role:
            database_role.prepare(connection, role)


def is_current(engine: Engine) -> bool:
    """Whether the newest schema is there. Only reads, so that it waits for no writer."""
    with engine.execution_options(only_reads=True).connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory(str(MIGRATIONS)).get_current_head()


@contextmanager
def _unhindered(engine: Engine) -> Iterator[Connection]:
    """A transaction in which a table may be rebuilt: SQLite must not follow references meanwhile."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if connection.dialect.name != "sqlite" or driver is None:
            with connection.begin():
                yield connection
            return
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                if broken := connection.execute(text("PRAGMA foreign_key_check")).first():
                    raise RuntimeError(f"the upgrade would break a reference: {tuple(broken)}")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
