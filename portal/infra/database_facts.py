"""What `portal doctor` asks a database about itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from portal.infra import clock, tenancy

_POLICIES = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
    "AND relrowsecurity AND relforcerowsecurity "
    "AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid)"
)


@dataclass(frozen=True)
class SqliteFacts:
    version: tuple[int, ...]
    journal: str
    synchronous: int
    foreign_keys: int
    mmap_size: int


def sqlite(engine: Engine) -> SqliteFacts:
    with engine.execution_options(only_reads=True).connect() as connection:

        def ask(question: str) -> Any:
            return connection.exec_driver_sql(question).scalar()

        return SqliteFacts(
            version=tuple(map(int, ask("SELECT sqlite_version()").split("."))),
            journal=ask("PRAGMA journal_mode"),
            synchronous=ask("PRAGMA synchronous"),
            foreign_keys=ask("PRAGMA foreign_keys"),
            mmap_size=ask("PRAGMA mmap_size") or 0,
        )


def postgresql_version(engine: Engine) -> int:
    """Return the major version."""
    with engine.connect() as connection:
        number: int = connection.execute(text("SHOW server_version_num")).scalar_one()
    return int(number) // 10_000


def unprotected(engine: Engine) -> list[str]:
    """Name the tables of lenders whose rows PostgreSQL does not keep apart."""
    with engine.connect() as connection:
        protected = set(connection.execute(_POLICIES).scalars())
    return sorted({*tenancy.TABLES, "lender"} - protected)


def clock_difference(engine: Engine) -> timedelta:
    """Return by how much the clock of the database is ahead of this machine's; SQLite has none of its own."""
    if engine.dialect.name != "postgresql":
        return timedelta()
    with engine.connect() as connection:
        before = clock.now()
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = clock.now()
    return theirs - (before + (after - before) / 2)
