"""Several of each: started at once on nothing, and counting tries together. Real processes, real HTTP."""

import http.client
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fakeredis import TcpFakeServer
from sqlalchemy import create_engine, text

from portal.config import Settings
from portal.infra import db, installation
from portal.services import accounts
from tests import databases
from tests.cli.test_processes import PATIENCE, free_port
from tests.reliability import fleet, worker_kills

EIGHT = 8


@pytest.fixture
def empty(request, tmp_path):
    """An installation with nothing in it, as environment variables: no keys, no schema, no role."""
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path / "instance"), "PATH": os.environ["PATH"]}
    if request.param == "sqlite":
        yield environ
        return
    server, name = request.getfixturevalue("postgres"), f"empty_{secrets.token_hex(4)}"
    owner = server.admin.url.set(database=name)
    plain = owner.set(username=f"{name}_role", password=secrets.token_hex(8))
    with server.admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield environ | {
        "PORTAL_DATABASE_URL": plain.render_as_string(hide_password=False),
        "PORTAL_DATABASE_OWNER_URL": owner.render_as_string(hide_password=False),
    }
    with server.admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE IF EXISTS {name}_role"))


on_both = pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)


def all_at_once(environ, *arguments):
    """Run `portal …` eight times at once. Returns the exit codes and what was printed."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "portal.cli", *arguments],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(EIGHT)
    ]
    printed = [each.communicate(timeout=3 * PATIENCE)[0] for each in running]
    return [each.returncode for each in running], printed


def versions(environ, tmp_path):
    url = environ.get("PORTAL_DATABASE_OWNER_URL") or f"sqlite:///{tmp_path}/instance/portal.sqlite"
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    engine.dispose()
    return found


@on_both
def test_eight_upgrades_at_once_make_one_schema_and_one_pair_of_keys(empty, tmp_path):
    codes, printed = all_at_once(empty, "db", "upgrade")

    assert codes == [0] * EIGHT, printed
    assert all("The schema is current." in each for each in printed)
    assert len(versions(empty, tmp_path)) == 1
    made = sorted(each.name for each in (tmp_path / "instance").glob("keys.toml*"))
    assert made == ["keys.toml"]
    opened = installation.open_installation(Settings.load(empty | {"PORTAL_DATABASE_OWNER_URL": ""}))
    installation.check_fit(opened)
    opened.engine.dispose()


def test_eight_servers_at_once_on_an_empty_database_all_refuse_in_one_line(tmp_path):
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path / "instance"), "PATH": os.environ["PATH"]}

    codes, printed = all_at_once(environ, "serve")

    assert codes == [3] * EIGHT, printed
    assert set(printed) == {"Error: the database schema is not current: run `portal db upgrade`\n"}


@pytest.fixture
def redis_url():
    """A Redis that listens on a port of its own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    server = TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def four(request, postgres, tmp_path):
    """One `portal serve` of four processes, its tries counted in the database or in Redis. Gives its port."""
    redis = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    with postgres.fresh_database() as url, fleet.place(url, tmp_path) as made:
        place = replace(made, environ={**made.environ, "PORTAL_REDIS_URL": redis})
        port = free_port()
        server = fleet.Process(place, ("serve", "--workers", "4", "--port", str(port)), "serve")
        with fleet.processes(server):
            server.start()
            fleet.wait_until(lambda: fleet.answers(port), server)
            yield port, server.running.pid


def try_to_sign_in(port, number):
    """Try a wrong password with a new browser and a made-up address. Returns what came of it."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("GET", "/agent/sign-in?lang=en")
    page = line.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())[1]
    fields = {"csrf_token": token, "email": "somebody@north.example", "password": "not the password"}
    headers = {
        "Cookie": "; ".join(each.partition(";")[0] for each in page.headers.get_all("Set-Cookie")),
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": f"203.0.113.{number}",
    }
    line.request("POST", "/agent/sign-in?lang=en", urlencode(fields), headers)
    told = line.getresponse().read().decode()
    line.close()
    return "wrong" if "do not fit together" in told else "held up" if "minutes" in told else told


def within_one_window():
    """Wait for a window to begin in which there is time for all tries."""
    length = 60 * accounts.TRIES.minutes
    if (left := length - time.time() % length) < PATIENCE:
        time.sleep(left + 1)


@pytest.mark.parametrize("four", ["database", "redis"], indirect=True)
def test_four_processes_do_not_multiply_a_throttle_nor_does_a_made_up_address(four):
    port, master = four
    within_one_window()

    with ThreadPoolExecutor(8) as pool:
        told = Counter(pool.map(lambda number: try_to_sign_in(port, number), range(24)))

    assert told == {"wrong": accounts.TRIES.most, "held up": 24 - accounts.TRIES.most}
    assert len(Path(f"/proc/{master}/task/{master}/children").read_text().split()) == 4


def test_two_workers_deliver_each_message_and_run_each_night_once(database_url, tmp_path):
    owner = db.make_engine(databases.owner_url(database_url))
    with fleet.place(database_url, tmp_path) as place:
        found = worker_kills.run(place, owner, messages=200, kills=0, missed=3)
    owner.dispose()

    assert found.problems == ()
    assert (found.files, found.sent, found.nights) == (200, 200, 3)
