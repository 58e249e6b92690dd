"""`make reliability`: the full figures, on both databases, as JSON and as results.md beside this file.

Everything stays on this machine: a folder for temporary files, a PostgreSQL of its own that keeps its
promises about the disk, ports of 127.0.0.1."""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3.dbapi2
from sqlalchemy import Engine, text

from portal.config import Settings
from portal.infra import db, installation
from tests import databases
from tests.conftest import KEYS
from tests.reliability import (
    contact_machine,
    fleet,
    gateway_kills,
    rolling_restart,
    server_kills,
    worker_kills,
    writers,
)

HEAD = "| test | database | on | passed | figures |"
RESULTS = Path(__file__).with_name("results.md")
HOURS = 3600.0


@dataclass(frozen=True)
class Test:
    """One row of the table: what is run, and what must come of it. `once`: no database has a part in it."""

    name: str
    run: Callable[[fleet.Place, Engine], Any]
    passes: Callable[[Any], bool]
    once: bool = False


def tests(asked: argparse.Namespace) -> tuple[Test, ...]:
    return (
        Test(
            "8 writers on one row",
            lambda place, _owner: writers.run(place, writers=8, additions=asked.additions),
            lambda found: not found.problems and found.sum == found.additions,
        ),
        Test(
            "kill -9 of the workers",
            lambda place, owner: worker_kills.run(
                place, owner, messages=asked.messages, kills=asked.worker_kills, patience=HOURS
            ),
            lambda found: not found.problems and found.files == found.sent == found.messages,
        ),
        Test(
            "kill -9 of the workers while a gateway takes messages",
            lambda place, _owner: gateway_kills.run(
                place, count=asked.messages, kills=asked.worker_kills, patience=HOURS
            ),
            lambda found: not found.problems and found.arrived == found.messages,
        ),
        Test(
            "kill -9 of the whole server",
            lambda place, _owner: server_kills.run(
                place, kills=asked.kills, complaints=asked.acknowledged, patience=HOURS
            ),
            lambda found: (
                not found.problems
                and found.lost == found.doubled == 0
                and found.kills >= asked.kills
                and found.acknowledged >= asked.acknowledged
            ),
        ),
        Test(
            "two servers restarted in turn under load",
            lambda place, _owner: rolling_restart.in_turn(place, rounds=asked.restarts),
            _nobody_noticed,
        ),
        Test(
            "a server that goes on with new code under load",
            lambda place, _owner: rolling_restart.renewed(place, times=asked.restarts),
            _nobody_noticed,
        ),
        Test(
            "no sequence of acts leads to a forbidden contact: the rules alone",
            lambda _place, _owner: contact_machine.of_rules(sequences=asked.sequences),
            lambda found: not found.problems,
            once=True,
        ),
        Test(
            "no sequence of acts leads to a forbidden contact: on the rows of a database",
            lambda place, _owner: contact_machine.of_rows(
                place.installation.engine, sequences=asked.sequences
            ),
            lambda found: not found.problems and found.sequences >= asked.sequences,
        ),
    )


def _nobody_noticed(found: rolling_restart.Found) -> bool:
    return not found.problems and found.lost == found.doubled == 0


def main() -> int:
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_told: sys.exit(143))  # and no process is left behind
    found: list[dict[str, Any]] = []
    for kind in asked.databases:
        with FRESH[kind]() as new:
            for test in _wanted(asked, first=kind == asked.databases[0]):
                with new() as (place, owner, release):
                    sys.stderr.write(f"{kind}: {test.name} …\n")
                    result = test.run(place, owner)
                database = "none" if test.once else release
                row = {"test": test.name, "database": database, "passed": test.passes(result)} | asdict(
                    result
                )
                sys.stderr.write(f"{json.dumps(row)}\n")
                found.append(row)
    report = {"at": fleet.now().isoformat(timespec="seconds"), "machine": _machine(), "tests": found}
    sys.stdout.write(f"{json.dumps(report, indent=2)}\n")
    if asked.write:
        RESULTS.write_text(_page(report, RESULTS.read_text("utf-8") if RESULTS.exists() else ""), "utf-8")
    return 0 if all(row["passed"] for row in found) else 1


def _wanted(asked: argparse.Namespace, *, first: bool) -> list[Test]:
    return [each for each in tests(asked) if asked.only in each.name and (first or not each.once)]


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of the whole server")
    parser.add_argument("--acknowledged", type=int, default=20_000, help="complaints, all together")
    parser.add_argument("--worker-kills", type=int, default=20)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--restarts", type=int, default=10, help="of each server")
    parser.add_argument("--additions", type=int, default=250, help="by each of the 8 writers")
    parser.add_argument("--sequences", type=int, default=1_000, help="of 50 steps each")
    parser.add_argument("--databases", nargs="+", choices=list(FRESH), default=list(FRESH))
    parser.add_argument("--only", default="", metavar="WORDS", help="tests whose name holds these words")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave results.md as it is")
    return parser.parse_args()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="portal-reliability-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _sqlite() -> Iterator[Callable[[], Any]]:
    @contextmanager
    def new() -> Iterator[tuple[fleet.Place, Engine, str]]:
        with _folder() as folder:
            url = f"sqlite:///{folder / 'portal.sqlite'}"
            environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": url}
            installation.upgrade(Settings.load(environ | KEYS))
            with fleet.place(url, folder) as place:
                yield place, place.installation.engine, f"SQLite {pysqlite3.dbapi2.sqlite_version}"

    yield new


@contextmanager
def _postgresql() -> Iterator[Callable[[], Any]]:
    with databases.postgres(durable=True) as server:

        @contextmanager
        def new() -> Iterator[tuple[fleet.Place, Engine, str]]:
            with _folder() as folder, server.fresh_database() as url, fleet.place(url, folder) as place:
                owner = db.make_engine(databases.owner_url(url))
                try:
                    yield place, owner, _release(owner)
                finally:
                    owner.dispose()

        yield new


FRESH = {"sqlite": _sqlite, "postgresql": _postgresql}


def _release(owner: Engine) -> str:
    """The server's version; refuses one that would forget what it acknowledged."""
    with owner.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(text(f"SHOW {setting}")).scalar() == "on", f"{setting} is off"
        return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}, "
        f"psycopg {psycopg.__version__}, gunicorn {version('gunicorn')}"
    )


def _page(report: dict[str, Any], before: str) -> str:
    """The table, newly run rows in place of those of the same test and database before."""
    rows = {_key(line): line for line in before.splitlines() if line.startswith("| ")}
    for row in report["tests"]:
        line = _line(row, report["at"])
        rows = {key: each for key, each in rows.items() if key != _key(line)} | {_key(line): line}
    rows.pop(_key(HEAD), None)
    lines = [
        "# Reliability",
        "",
        "Written by `make reliability`: real processes over HTTP on 127.0.0.1, killed with `kill -9`; and "
        "sequences of contacts against the contact gate and a judge who knows nothing of it.",
        "",
        f"{report['at']} · {report['machine']}",
        "",
        HEAD,
        "|---|---|---|---|---|",
        *sorted(rows.values()),
    ]
    return "\n".join([*lines, ""])


def _key(line: str) -> tuple[str, str]:
    """The test, and the database without its version."""
    _, test, database, *_ = (each.strip() for each in line.split("|"))
    return test, database.partition(" ")[0]


def _line(row: dict[str, Any], at: str) -> str:
    about = {"test", "database", "passed", "problems"}
    said = ", ".join(
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, int) else f"{name} {value}"
        for name, value in row.items()
        if name not in about
    )
    said += "".join(f"; {_in_a_cell(problem)}" for problem in row["problems"][:5])
    return f"| {row['test']} | {row['database']} | {at[:10]} | {'yes' if row['passed'] else 'NO'} | {said} |"


def _in_a_cell(problem: str) -> str:
    return " ".join(problem.replace("|", "/").split())[:300]


if __name__ == "__main__":
    sys.exit(main())
