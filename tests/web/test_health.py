"""What a load balancer asks: is the process alive, may it be sent visitors. Always a plain answer."""

import shutil
import socket
import time

import pytest
from sqlalchemy import event, text

from portal.infra import readiness
from portal.infra.buckets import Bucket
from portal.infra.files import FileStore
from portal.services import accounts, browser_sessions, lenders
from tests import factories
from tests.signing_in import sign_in_staff


@pytest.fixture
def asked(app, client, session):
    """Ask with the cookie of somebody who is signed in."""
    sign_in_staff(client, factories.staff(session, factories.lender(session)))
    return client.http.get


def no_looking_up(monkeypatch):
    def forbidden(*_arguments, **_more):
        raise AssertionError("looked up")

    for module, name in (
        (browser_sessions, "load"),
        (lenders, "by_host"),
        (lenders, "get"),
        (accounts, "find_staff"),
    ):
        monkeypatch.setattr(module, name, forbidden)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_all_is_well_with_a_cookie_and_without(asked, app, path, monkeypatch):
    no_looking_up(monkeypatch)

    for get in (asked, app.test_client().get):
        answer = get(path)
        assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert get(path, method="HEAD").status_code == 200


def test_alive_asks_no_database(asked, app):
    statements = []
    engine = app.extensions["installation"].engine
    event.listen(engine, "before_cursor_execute", lambda *all_of_it: statements.append(all_of_it[2]))

    assert asked("/healthz").status_code == 200
    assert statements == []


def test_a_stale_schema_is_not_ready(asked, session, owner):
    with owner.begin() as connection:
        head = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = asked("/readyz")
    finally:
        with owner.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})

    assert (answer.status_code, answer.text) == (503, "the database schema is not current\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_database_that_is_gone_is_not_ready_and_the_process_lives_on(asked, app):
    app.extensions["readiness"] = (
        readiness.database("postgresql+psycopg://nobody@127.0.0.1:1/none"),
        *app.extensions["readiness"][1:],
    )

    answer = asked("/readyz")

    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")
    assert asked("/healthz").status_code == 200


def test_a_database_that_hangs_is_given_two_seconds_and_asked_once_at_a_time(asked, app):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hangs = readiness.database(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        app.extensions["readiness"] = (hangs,)

        started = time.monotonic()
        assert asked("/readyz").text == "the database does not answer\n"
        assert time.monotonic() - started < 3
        assert hangs.problem(patience=0.1) == "the database does not answer"


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(lambda settings: shutil.rmtree(settings.files), id="the folder is gone"),
        pytest.param(None, id="there is no such bucket"),
    ],
)
def test_files_out_of_reach_are_not_ready(asked, app, settings, away, monkeypatch):
    if away:
        away(settings)
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        database, _ = app.extensions["readiness"]
        app.extensions["readiness"] = (database, readiness.files(FileStore(Bucket("s3://nowhere"))))

    answer = asked("/readyz")

    assert (answer.status_code, answer.text) == (503, "the place where files are kept does not answer\n")
