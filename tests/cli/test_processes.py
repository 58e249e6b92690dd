"""The long-running commands, as processes of their own: they start, do their work and end when told."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from portal.cli import processes
from portal.config import Settings
from portal.infra.delivery import OutboxFolder
from portal.infra.installation import open_installation
from portal.services import notifications
from tests import factories
from tests.conftest import KEYS, NOW

PATIENCE = 40


@pytest.fixture
def environ(tmp_path, sqlite_template):
    """An installation on SQLite with the newest schema, as environment variables."""
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "portal.sqlite").write_bytes(sqlite_template.read_bytes())
    return KEYS | {"PORTAL_INSTANCE_PATH": str(instance), "PATH": os.environ["PATH"]}


@pytest.fixture
def start(environ, tmp_path):
    """Start `portal …`; what is left running is killed at the end. Its output goes to a file."""
    started = []

    def run(*arguments, **more):
        with (tmp_path / f"{arguments[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal.cli", *arguments], env=environ | more, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def soon(condition, process, *, patience=PATIENCE, every=0.1):
    """Wait until something is true, as long as the process lives."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < deadline, "took too long"
        time.sleep(every)
    return found


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None


def stop(process, by=signal.SIGTERM):
    process.send_signal(by)
    return process.wait(PATIENCE)


def test_the_portal_serves_and_logs_no_token(start, tmp_path):
    port = free_port()
    server = start("serve", "--port", str(port))

    assert soon(lambda: answer(f"http://127.0.0.1:{port}/healthz"), server) == 200
    assert answer(f"http://127.0.0.1:{port}/readyz") == 200
    assert answer(f"http://127.0.0.1:{port}/l/a-very-secret-token") in {200, 404}

    assert stop(server) == 0
    assert "secret" not in (tmp_path / "serve.log").read_text()


def test_it_refuses_to_serve_on_a_stale_schema(start, tmp_path):
    server = start("serve", PORTAL_DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite'}")

    assert server.wait(PATIENCE) == 3
    assert "run `portal db upgrade`" in (tmp_path / "serve.log").read_text()


def test_the_worker_delivers_and_ends_when_told(start, environ):
    installation = open_installation(Settings.load(environ))
    with installation.writing.begin() as session:
        borrower = factories.borrower(session, factories.lender(session))
        notifications.notify(session, borrower=borrower, template="code_entry", now=NOW, code="123456")
    folder = OutboxFolder(installation.settings.outbox)

    worker = start("worker")
    (letter,) = soon(lambda: list(folder.letters(limit=2)), worker)

    assert "123456" in letter.body
    assert stop(worker) == 0
    installation.engine.dispose()


@pytest.fixture
def children(environ, monkeypatch):
    """Processes that live and end together, on an installation of their own. None is killed for being slow
    on a busy machine: a worker that is told to end does so as soon as what it is doing is done."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "GRACE_SECONDS", 3 * PATIENCE)
    with processes.family() as together:
        yield together


def test_when_one_process_ends_it_is_named_and_the_others_are_ended(children):
    children.start("worker")
    children.start("db", "check")

    assert children.watch() == ("db", 0)

    children.stop()
    assert children.children["worker"].returncode in {0, -signal.SIGTERM}


def test_a_process_that_does_not_end_when_told_is_killed(children, monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.2)
    deaf, ready = "import pathlib, signal, sys, time", tmp_path / "ready"
    deaf += (
        "; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch(); time.sleep(99)"
    )
    children.children["deaf"] = child = subprocess.Popen([sys.executable, "-c", deaf, str(ready)])
    soon(ready.exists, child)

    children.stop()

    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("late", [0, 0.001, 0.01])
def test_a_worker_told_to_end_the_moment_it_starts_ends_in_peace(start, tmp_path, late):
    worker, printed = start("worker"), tmp_path / "worker.log"
    soon(lambda: "Worker started" in printed.read_text(), worker, every=0.001)
    time.sleep(late)

    assert stop(worker) == 0
    assert "Worker stopped" in printed.read_text()


def test_ctrl_c_is_a_wish_to_stop_that_reaches_every_process(children):
    children.start("worker")
    os.kill(os.getpid(), signal.SIGINT)

    assert children.watch() is None

    children.stop()
    assert children.children["worker"].poll() is not None


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path, start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert start("run", "--port", str(port)).wait(PATIENCE) == 3

    assert f"port {port} is in use" in (tmp_path / "run.log").read_text()
    assert not (tmp_path / "instance" / "outbox").exists()


def test_run_makes_everything_says_how_to_enter_and_keeps_the_data(start, environ, tmp_path):
    shutil.rmtree(environ["PORTAL_INSTANCE_PATH"])
    port, printed = str(free_port()), tmp_path / "run.log"

    def running_says():
        text = printed.read_text()
        return text if "Staff: sign in at" in text and text.endswith("\n") else None

    first = start("run", "--port", port)
    text = soon(running_says, first, patience=3 * PATIENCE)
    link = re.search(rf"http://127\.0\.0\.1:{port}/l/\S+", text)[0]
    assert "Loading the demo" in text
    assert answer(link) == 200
    assert answer(f"http://127.0.0.1:{port}/development/messages") == 200
    assert f"second step is on http://127.0.0.1:{port}/development/codes" in text
    assert answer(f"http://127.0.0.1:{port}/development/codes") == 200
    assert stop(first, signal.SIGINT) == 0
    assert answer(f"http://127.0.0.1:{port}/healthz") is None

    second = start("run", "--port", port)
    text = soon(running_says, second)
    assert "Loading the demo" not in text
    assert link in text
    assert stop(second) == 0
