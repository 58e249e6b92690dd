"""Fixtures: an installation on each database, a clock that stands still, a client that reads pages strictly.

Tests that touch the database run twice: on SQLite and on PostgreSQL, which comes from a wheel unless
TEST_POSTGRES_URL names a running server. With REQUIRE_ALL=1 nothing may be skipped."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal import create_app
from portal.config import Settings
from portal.infra import clock, crypto, db, schema
from portal.infra.installation import Installation, open_installation
from portal.infra.tenancy import TenantSession
from tests import databases, made_once
from tests.client import StrictClient
from tests.made_once import engines_as_they_are  # noqa: F401  (a fixture)

# On the integration machine the same examples every time; on one's own, new ones at every run. How long one
# takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile("integration", derandomize=True, deadline=None)
hypothesis.settings.register_profile("own", deadline=None)
hypothesis.settings.load_profile("integration" if os.environ.get("REQUIRE_ALL") else "own")

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Taipei and Shanghai
KEYS = {
    "PORTAL_SECRET_KEY": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=",
    "PORTAL_MASTER_KEY": "bWFzdGVyLW1hc3Rlci1tYXN0ZXItbWFzdGVyLTEyMzQ=",
}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time, standing still. `set_time` moves it."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NOW


@pytest.fixture
def set_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "portal.sqlite"
    engine = db.make_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Postgres]:
    with databases.postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with the newest schema."""
    if request.param == "sqlite":
        path = tmp_path / "portal.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        with request.getfixturevalue("postgres").emptied_database() as url:
            yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path / "instance"), "PORTAL_DATABASE_URL": database_url}
    return Settings.load(environ | KEYS)


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    installation = open_installation(settings)
    crypto.keyring().root()  # as at every start, while no transaction is under way
    yield installation
    installation.engine.dispose()


@pytest.fixture
def session(installation: Installation) -> Iterator[Session]:
    """A session for services, of the first lender that is made in it. Pages see what it committed, and do not
    wait for what it only read."""
    lazy = installation.engine.execution_options(only_reads=True)
    with TenantSession(lazy, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """The database as its owner has it: every lender's rows, and the right to change what must not change."""
    engine = db.make_engine(databases.owner_url(database_url))
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            for name in triggers.scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
    yield engine
    engine.dispose()


@pytest.fixture
def app(settings: Settings):
    """The whole application on the test's database."""
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["installation"].engine.dispose()


@pytest.fixture
def client(app, session: Session) -> StrictClient:
    return StrictClient(app, session)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Password hashing is slow on purpose; tests need it right, not slow."""
    from argon2 import PasswordHasher

    from portal.services import passwords

    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._DUMMY_HASH = passwords.hashed("there is no such account")


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Templates and statements are compiled once, not again for each test's application and database."""
    with made_once.shared():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests share one server and one browser: keep them in one worker."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for browsers, for other processes and for PostgreSQL."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it again and again is a tenth of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """With REQUIRE_ALL=1 a skip is a failure."""
    if report.skipped and os.environ.get("REQUIRE_ALL") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
