"""The checks of `portal doctor`. Each says what it found and what to do; none changes anything that stays."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.cli import message_checks
from portal.cli.check_results import Check as Check
from portal.cli.check_results import State as State
from portal.cli.check_results import fail as _fail
from portal.cli.check_results import ok as _ok
from portal.cli.check_results import warn as _warn

if TYPE_CHECKING:
    from portal.infra.installation import Installation

GIGABYTE = 1_000_000_000
LITTLE_SPACE = 2 * GIGABYTE
NO_SPACE = GIGABYTE // 5
CLOCK_SECONDS = 2.0
POSTGRESQL_AT_LEAST = 15
FULL = 2  # PRAGMA synchronous


def run(installation: "Installation") -> Iterator[Check]:
    """Do every check. One that cannot be done is one that fails."""
    for name, check in CHECKS.items():
        try:
            yield from check(installation)
        except Exception as problem:  # whatever stands in the way is what the reader wants to know
            yield _fail(name, _said(problem), "see the checks above; then run `portal doctor` again")


def _said(problem: Exception) -> str:
    """The kind of a problem. What else it says may hold an address or a password."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(problem, DBAPIError):
        return "the database does not answer as it should"
    return f"not to be found out: {type(problem).__name__}"


def database(installation: "Installation") -> Iterator[Check]:
    if installation.engine.dialect.name == "postgresql":
        yield from _postgresql(installation)
    else:
        yield from _sqlite(installation)


def _sqlite(installation: "Installation") -> Iterator[Check]:
    from portal.infra import database_facts, db

    facts = database_facts.sqlite(installation.engine)
    version, needed = (".".join(map(str, each)) for each in (facts.version, db.SQLITE_AT_LEAST))
    if facts.version >= db.SQLITE_AT_LEAST:
        yield _ok("database", f"SQLite {version}")
    else:
        yield _fail("database", f"SQLite {version}", f"install the locked pysqlite3: {needed} or newer")
    found = f"journal {facts.journal}, synchronous {facts.synchronous}, foreign keys {facts.foreign_keys}"
    safe = (facts.journal, facts.synchronous, facts.foreign_keys) == ("wal", FULL, 1)
    if safe and not facts.mmap_size:
        yield _ok("database settings", f"{found}, no memory map")
    else:
        advice = "keep the database on a disk of this machine, where a write-ahead log works"
        yield _fail("database settings", f"{found}, memory map {facts.mmap_size}", advice)


def _postgresql(installation: "Installation") -> Iterator[Check]:
    from portal.infra import database_facts, database_role

    version = database_facts.postgresql_version(installation.engine)
    if version >= POSTGRESQL_AT_LEAST:
        yield _ok("database", f"PostgreSQL {version}")
    else:
        yield _fail("database", f"PostgreSQL {version}", f"upgrade it to {POSTGRESQL_AT_LEAST} or newer")
    if problem := database_role.problem(installation.engine):
        advice = "give the owner's address to `portal db upgrade` alone, and its plain role to the portal"
        yield _fail("database role", problem, advice)
    else:
        yield _ok("database role", "a plain role")
    if bare := database_facts.unprotected(installation.engine):
        yield _fail("row policies", f"missing on {', '.join(bare)}", "run `portal db upgrade`")
    else:
        yield _ok("row policies", "in force on every table of lenders")


def schema(installation: "Installation") -> Iterator[Check]:
    from portal.infra import schema

    if schema.is_current(installation.engine):
        yield _ok("schema", "current")
    else:
        yield _fail("schema", "not current", "run `portal db upgrade`")


def keys(installation: "Installation") -> Iterator[Check]:
    from portal.infra import crypto
    from portal.services import keys as service
    from portal.services import lenders

    try:
        crypto.keyring().root()
        with installation.reading() as session:
            every = lenders.all_lenders(session)
        states = []
        for lender in every:
            with installation.reading() as session:
                lenders.enter(session, lender)
                states.append((lender.code, *service.opened(session, lender=lender)))
    except crypto.NotOpened as problem:
        advice = "set PORTAL_MASTER_KEY to the key of this database, or PORTAL_OLD_MASTER_KEY (docs/keys.md)"
        yield _fail("keys", str(problem), advice)
        return
    if keyless := [code for code, living, _ in states if not living]:
        yield _fail(
            "keys", f"{', '.join(keyless)}: no key in use", "restore the table data_key from a backup"
        )
    else:
        yield _ok("keys", f"the master key opens the root key and the keys of {len(states)} lenders")
    if waiting := [code for code, _, retired in states if retired]:
        yield _warn("retired keys", f"left at {', '.join(waiting)}", "run `portal keys rotate` to its end")
    else:
        yield _ok("retired keys", "none left")


def key_strength(installation: "Installation") -> Iterator[Check]:
    from portal.config import key_files, open_to_others, weakness

    settings = installation.settings
    state = _fail if settings.production else _warn
    advice = "draw new ones; see docs/keys.md"
    given = {"PORTAL_MASTER_KEY": settings.master_key, "PORTAL_SECRET_KEY": settings.secret_key}
    problems = [f"{name} {problem}" for name, key in given.items() if (problem := weakness(key))]
    if settings.master_key == settings.secret_key:
        problems.append("both keys are the same")
    yield state("key strength", "; ".join(problems), advice) if problems else _ok("key strength", "random")
    if opened := [path.name for path in key_files(settings.instance) if open_to_others(path)]:
        yield state("key files", f"{', '.join(opened)} can be read by others", f"chmod 600 {opened[0]}")
    else:
        yield _ok("key files", "private")
    if settings.old_master_key:
        advice = "run `portal keys rotate --master`, then start without PORTAL_OLD_MASTER_KEY"
        yield _warn("master key", "is being replaced", advice)


def fonts(_installation: "Installation") -> Iterator[Check]:
    from portal.infra import pdf

    names = [f"{stem}_{weight}.ttf" for stem in pdf.FAMILIES.values() for weight in pdf.WEIGHTS]
    if missing := [name for name in names if not _is_font(pdf.FONTS / name)]:
        yield _fail("fonts", f"missing or damaged: {', '.join(missing)}", "run `make setup`")
    else:
        yield _ok("fonts", f"{len(names)} TrueType files")


def _is_font(path: os.PathLike[str]) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x00\x01\x00\x00"
    except OSError:
        return False


def time(installation: "Installation") -> Iterator[Check]:
    from portal.infra import database_facts

    if installation.engine.dialect.name != "postgresql":
        yield _ok("clock", "the database uses this machine's")
        return
    seconds = database_facts.clock_difference(installation.engine) / timedelta(seconds=1)
    found = f"the database is {abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}"
    if abs(seconds) <= CLOCK_SECONDS:
        yield _ok("clock", found)
    else:
        yield _fail("clock", found, "let both machines follow one time server")


def space(installation: "Installation") -> Iterator[Check]:
    free = shutil.disk_usage(installation.settings.instance).free
    found = f"{free / GIGABYTE:,.1f} GB free"
    if free < NO_SPACE:
        yield _fail("disk", found, "make room: nothing more can be taken in soon")
    elif free < LITTLE_SPACE:
        yield _warn("disk", found, "make room in the instance folder")
    else:
        yield _ok("disk", found)


def files(installation: "Installation") -> Iterator[Check]:
    from portal.infra import ids

    ref, content = ids.new_ref(), os.urandom(32)
    try:
        installation.files.write(ref, content)
        whole = installation.files.read(ref) == content
        installation.files.remove(ref)
    except OSError as problem:
        yield _fail(
            "files", f"not kept: {problem.strerror}", "check PORTAL_FILES_URL, the rights and the space there"
        )
        return
    if whole:
        yield _ok("files", "written, read and removed")
    else:
        yield _fail("files", "what was read is not what was written", "check the storage of PORTAL_FILES_URL")


def outbox(installation: "Installation") -> Iterator[Check]:
    try:
        with tempfile.TemporaryFile(dir=installation.settings.outbox):
            pass
    except OSError as problem:
        yield _fail("outbox", f"cannot be written: {problem.strerror}", "give the portal's user the folder")
        return
    yield _ok("outbox", "can be written")


def redis(installation: "Installation") -> Iterator[Check]:
    import redis as client

    url = installation.settings.redis_url
    if not url:
        yield _ok("Redis", "not set: the database counts tries")
        return
    try:
        with client.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as connection:
            connection.ping()
    except (client.RedisError, OSError) as problem:
        found = f"does not answer ({type(problem).__name__}); the database counts tries meanwhile"
        yield _warn("Redis", found, "start it, or leave PORTAL_REDIS_URL out")
        return
    yield _ok("Redis", "answers")


def chromium(_installation: "Installation") -> Iterator[Check]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path and os.access(path, os.X_OK):
        yield _ok("Chromium", path)
    else:
        yield _warn("Chromium", "not found", "install it to run the browser tests; the portal needs none")


def anchors(installation: "Installation") -> Iterator[Check]:
    from portal.infra import clock
    from portal.services import anchors as service

    kept = service.AnchorFiles(installation.settings.anchors)
    with installation.reading() as session:
        chains = service.chains(session)
    newest = {each.code: service.newest(chain=each, files=kept) for each in chains}
    old = [code for code, anchor in newest.items() if anchor is None or clock.now() - anchor.at > service.OLD]
    if old:
        advice = "run `portal worker`, or `portal audit anchor` now"
        yield _warn("anchors", f"none of the last two nights for {', '.join(old)}", advice)
    else:
        yield _ok("anchors", f"fresh for {len(newest)} chains")


CHECKS: dict[str, Callable[["Installation"], Iterator[Check]]] = {
    "database": database,
    "schema": schema,
    "keys": keys,
    "key strength": key_strength,
    "fonts": fonts,
    "clock": time,
    "disk": space,
    "files": files,
    "outbox": outbox,
    "gateway": message_checks.gateway,
    "texts of messages": message_checks.texts,
    "Redis": redis,
    "Chromium": chromium,
    "anchors": anchors,
}
