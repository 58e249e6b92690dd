"""One world for each database, made once."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from portal import create_app
from portal.config import Settings
from portal.infra import clock, crypto, db, images, signing
from tests import certificates, databases
from tests.conftest import KEYS, NOW
from tests.isolation import building
from tests.isolation.world import World

ONCE = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"world-{name}")) for name in ("sqlite", "postgresql")
]


@pytest.fixture(scope="session", params=ONCE)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own on each database."""
    folder = tmp_path_factory.mktemp(f"world-{request.param}")
    with ExitStack() as stack:
        environ = {
            "PORTAL_INSTANCE_PATH": str(folder / "instance"),
            "PORTAL_DATABASE_URL": _database(request, folder, stack),
        }
        settings = Settings.load(environ | KEYS)
        owner = db.make_engine(databases.owner_url(settings.database_url))
        with _quick():
            app = create_app(settings)
            app.testing = True
            world = building.build(app, owner)
        yield world
        world.session.close()
        app.extensions["installation"].engine.dispose()
        owner.dispose()


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """The world, with its keys in use: other tests have their own."""
    crypto.use(built.keyring)
    with _quick():
        yield built
    built.session.rollback()


PICTURES = {name: cache(getattr(images, name)) for name in ("clean", "thumbnail", "page_picture")}


@contextmanager
def _quick() -> Iterator[None]:
    """Stand the clock still; make keys and pictures once, each of which is slow and the same every time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        patch.setattr(signing, "new_certificate", certificates._locked_again)
        for name, once in PICTURES.items():
            patch.setattr(images, name, once)
        yield


def _database(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> str:
    if request.param == "sqlite":
        path = folder / "portal.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return stack.enter_context(request.getfixturevalue("postgres").fresh_database())
