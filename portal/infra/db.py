"""The database: SQLite or PostgreSQL, told to keep its promises."""

from typing import Any

import pysqlite3.dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

from portal.infra.tenancy import TenantSession

SQLITE_AT_LEAST = (3, 51, 3)  # older libraries can corrupt a database when its write-ahead log is reset
BUSY_SECONDS = 30
Sessions = sessionmaker[TenantSession]
Unavailable = OperationalError  # the database is locked, full, or gone: what may pass by itself


def make_engine(url: str) -> Engine:
    """Return an engine for a `sqlite:///…` or `postgresql+psycopg://…` address."""
    if not url.startswith("sqlite"):
        # A machine that is gone says nothing: its locks are free again after half a minute, not after hours.
        alive = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
        return create_engine(url, pool_pre_ping=True, connect_args=alive)
    if pysqlite3.dbapi2.sqlite_version_info < SQLITE_AT_LEAST:
        needed = ".".join(map(str, SQLITE_AT_LEAST))
        raise RuntimeError(f"SQLite {needed} or newer is needed; this is {pysqlite3.dbapi2.sqlite_version}")
    engine = create_engine(url, module=pysqlite3.dbapi2, connect_args={"timeout": BUSY_SECONDS})
    _keep_promises(engine)
    return engine


def writing(engine: Engine) -> Sessions:
    """Sessions that may write. On SQLite they take the write lock at once, so that none loses an update."""
    return sessionmaker(engine, class_=TenantSession, expire_on_commit=False)


def reading(engine: Engine) -> Sessions:
    """Sessions that only read, and never wait for a writer."""
    reads = engine.execution_options(only_reads=True)
    return sessionmaker(reads, class_=TenantSession, expire_on_commit=False, autoflush=False)


def _keep_promises(engine: Engine) -> None:
    """Foreign keys are checked, readers do not wait, a commit is on the disk when it is acknowledged."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open or close transactions itself
        for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("only_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
