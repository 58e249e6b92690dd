"""Files in S3-compatible storage, over HTTP: sealed, seen by every process, and plain words when silent."""

import shutil
import socket
import subprocess
import sys
import time
import warnings

import boto3
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal import create_app
from portal.cli import portal as commands
from portal.config import Settings
from portal.infra import buckets
from portal.infra.buckets import Bucket
from portal.infra.files import FileStore, NotStored
from portal.models import Proof, StoredFile
from portal.vocabulary import CaseState
from tests import factories
from tests.client import StrictClient
from tests.conftest import KEYS
from tests.signing_in import sign_in_borrower
from tests.web.test_borrower_proofs import photo, send


@pytest.fixture(scope="module")
def storage():
    """S3-compatible storage that listens on a port of its own; gives its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(storage, monkeypatch):
    """The environment in which the storage is found."""
    environ = {
        "AWS_ENDPOINT_URL_S3": storage,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@pytest.fixture
def bucket(aws, storage):
    """An empty bucket, as its owner sees it."""
    resource = boto3.resource("s3", endpoint_url=storage)
    made = resource.create_bucket(Bucket="good-terms")
    made.objects.all().delete()
    yield made
    made.objects.all().delete()
    resource.meta.client.close()


@pytest.fixture
def store(bucket):
    return FileStore(Bucket("s3://good-terms/files"))


@pytest.fixture
def silent(monkeypatch, aws):
    """Storage whose machine is gone: nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{probe.getsockname()[1]}")
        yield FileStore(Bucket("s3://good-terms/files"))


def test_what_is_written_is_read_named_and_removed(store, bucket):
    store.write("01ABCDEF", b"one")
    store.write("01ABCDEF", b"two")
    store.write("01ABCDXY", b"three")

    assert store.read("01ABCDEF") == b"two"
    assert sorted(store.refs()) == ["01ABCDEF", "01ABCDXY"]
    assert sorted(each.key for each in bucket.objects.all()) == ["files/EF/01ABCDEF", "files/XY/01ABCDXY"]
    store.remove("01ABCDEF")
    store.remove("01ABCDEF")
    with pytest.raises(FileNotFoundError):
        store.read("01ABCDEF")
    store.check()


def test_an_empty_store_names_nothing(store):
    assert list(store.refs()) == []


def test_a_reference_cannot_lead_out_of_the_prefix(store):
    with pytest.raises(ValueError, match="not a reference"):
        store.read("../other")


def test_another_process_sees_the_same_files(store, aws):
    store.write("01ABCDEF", b"from here")
    there = (
        "from portal.infra.files import FileStore; from portal.infra.buckets import Bucket\n"
        "store = FileStore(Bucket('s3://good-terms/files'))\n"
        "assert store.read('01ABCDEF') == b'from here'\n"
        "store.write('01ABCDXY', b'from there')\n"
    )
    subprocess.run([sys.executable, "-c", there], check=True, timeout=60)

    assert store.read("01ABCDXY") == b"from there"


def test_a_connection_is_made_anew_after_a_fork_and_shared_by_threads(aws, bucket):
    forking = (
        "import os, threading\n"
        "from portal.infra.files import FileStore; from portal.infra.buckets import Bucket\n"
        "store = FileStore(Bucket('s3://good-terms/files'))\n"
        "store.write('01PARENT', b'x')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    threads = [threading.Thread(target=store.write, args=(f'01CHILD{n}', b'x')) for n in range(8)]\n"
        "    [each.start() for each in threads]; [each.join() for each in threads]\n"
        "    os._exit(0 if len(list(store.refs())) == 9 else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert store.read('01CHILD7') == b'x'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", forking], check=True, timeout=60)


def test_a_store_that_is_out_of_reach_says_so_at_once(silent):
    started = time.monotonic()
    for act in (lambda: silent.read("01ABCDEF"), lambda: silent.write("01ABCDEF", b"x"), silent.check):
        with pytest.raises(NotStored, match="EndpointConnectionError"):
            act()
    with pytest.raises(NotStored):
        silent.remove("01ABCDEF")
    with pytest.raises(NotStored):
        list(silent.refs())

    assert time.monotonic() - started < 10


def test_a_store_that_hangs_is_given_up(monkeypatch, aws):
    monkeypatch.setattr(buckets, "WHOLE_SECONDS", 1)
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{hanging.getsockname()[1]}")
        with pytest.raises(NotStored, match="Timeout"):
            FileStore(Bucket("s3://good-terms")).write("01ABCDEF", b"x")
        with pytest.raises(NotStored, match="Timeout"):
            FileStore(Bucket("s3://good-terms")).read("01ABCDEF")


def test_a_bucket_that_does_not_exist_is_no_missing_file(aws, storage):
    nowhere = FileStore(Bucket("s3://no-such-bucket/files"))

    for act in (nowhere.check, lambda: nowhere.read("01ABCDEF"), lambda: nowhere.write("01ABCDEF", b"x")):
        with pytest.raises(NotStored):
            act()


@pytest.fixture
def settings(database_url, tmp_path, bucket):
    environ = {
        "PORTAL_INSTANCE_PATH": str(tmp_path / "instance"),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_FILES_URL": "s3://good-terms/files",
    }
    return Settings.load(environ | KEYS)


@pytest.fixture
def borrower(client, session):
    case = factories.late_borrower(session, factories.lender(session))
    case.state = CaseState.REGISTERED
    session.commit()
    sign_in_borrower(client, case.borrower)
    return client


def test_a_photo_goes_through_the_page_into_the_bucket_sealed_and_back(borrower, session, bucket, settings):
    assert send(borrower, photo()).status_code == 303
    proof = session.scalars(select(Proof)).one()
    session.commit()

    stored = {each.key: each.get()["Body"].read() for each in bucket.objects.all()}
    assert len(stored) == 2
    assert not any(b"JFIF" in body or b"\xff\xd8\xff" in body for body in stored.values())
    assert not list((settings.instance / "files").glob("*"))
    assert borrower.http.get(f"/my/proofs/{proof.ref}/file").mimetype == "image/jpeg"

    elsewhere = StrictClient(create_app(settings), session)  # another process would build it just so
    elsewhere.http.set_cookie("portal_session", borrower.http.get_cookie("portal_session").value)
    assert elsewhere.http.get(f"/my/proofs/{proof.ref}/thumbnail").mimetype == "image/jpeg"
    elsewhere.app.extensions["installation"].engine.dispose()

    borrower.get("/my/proofs?lang=en")
    borrower.follow(borrower.post(f"/my/proofs/{proof.ref}/withdrawal"))
    assert list(bucket.objects.all()) == []


def unreachable(app):
    app.extensions["installation"].files.place = Bucket("s3://no-such-bucket/files")


def test_with_the_storage_away_the_page_says_so_and_nothing_is_half_kept(borrower, session, app):
    unreachable(app)

    response = send(borrower, photo())

    assert response.status_code == 422
    assert "does not answer right now. Nothing was lost or changed" in response.text
    assert session.query(Proof).count() + session.query(StoredFile).count() == 0


def test_with_the_storage_away_nothing_is_taken_back_or_shown_and_all_is_there_later(borrower, session, app):
    send(borrower, photo())
    proof = session.scalars(select(Proof)).one()
    session.commit()
    place = app.extensions["installation"].files.place
    borrower.get("/my/proofs?lang=en")
    unreachable(app)

    for response in (
        borrower.post(f"/my/proofs/{proof.ref}/withdrawal"),
        borrower.get(f"/my/proofs/{proof.ref}/file?lang=en"),
    ):
        assert response.status_code == 503
        assert "does not answer right now" in response.text

    app.extensions["installation"].files.place = place
    assert borrower.http.get(f"/my/proofs/{proof.ref}/file").status_code == 200


def test_the_command_line_calls_it_unavailable(tmp_path, sqlite_template, aws, monkeypatch):
    environ = {
        "PORTAL_INSTANCE_PATH": str(tmp_path / "instance"),
        "PORTAL_DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite'}",
        "PORTAL_FILES_URL": "s3://no-such-bucket",
        **KEYS,
    }
    shutil.copyfile(sqlite_template, tmp_path / "portal.sqlite")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(commands, ["demo", "--borrowers", "12"])

    assert result.exit_code == 3, result.output
    assert "does not answer" in result.stderr
