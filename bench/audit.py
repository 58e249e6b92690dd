"""Verifying a chain of a million entries: beside a bare loop that reads and hashes the same rows, and how
soon each kind of tampering is found."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, insert, update

from bench import databases
from bench.measure import Measure, beside, peak_memory, seconds, within
from portal.domain import audit_chain
from portal.domain.audit_chain import Entry, Point
from portal.infra import db, tenancy
from portal.infra.installation import Installation
from portal.models.audit_entry import AuditEntry, AuditHead
from portal.services import anchors, audit, lenders
from portal.services.anchors import AnchorFiles, Chain
from portal.vocabulary import ChainProblem, Locale
from tests import tampering

ROWS = 1_000_000
MOST = 3
SOON = 60
MEMORY = 300
BATCH = 5_000
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ACTIONS = ("contact_allowed", "message_sent", "case_moved", "link_opened", "proof_received")
READ = (
    "SELECT sequence, at, actor, action, subject, case_ref, facts, previous, hash FROM audit_entry "
    "WHERE lender_id = {lender} ORDER BY sequence"
)


def run(*, rows: int | None = None) -> list[Measure]:
    """Measure on each database there is. `rows` is the length of the chain."""
    return [
        measure
        for name, installation, owner in databases.each()
        for measure in _measured(name, installation, owner, rows or ROWS)
    ]


def _measured(name: str, installation: Installation, owner_url: str, rows: int) -> Iterator[Measure]:
    _tell(f"{name}: writing a chain of {rows:,} entries")
    chain = _filled(installation, rows)
    files = AnchorFiles(installation.settings.anchors)
    _tell(f"{name}: verifying")

    def verify() -> None:
        with installation.reading() as session:
            anchors.enter(session, chain)
            report = audit.verify(session, lender_id=chain.lender_id)
            assert (report.intact, report.entries) == (True, rows)

    bare = _bare_sqlite if name == "sqlite" else _bare_postgresql
    yield beside(
        f"audit verify, {name}", verify, lambda: bare(installation.engine, chain.lender_id, rows), most=MOST
    )
    yield within(f"audit memory, {name}", [peak_memory()], limit=MEMORY, unit="MB")
    _anchor(installation, chain, files)
    owner = db.make_engine(owner_url)
    for kind, (tamper, named) in tampering.EVERY_KIND.items():
        _tell(f"{name}: {kind}")
        taken, found = _tampered(owner, chain, files, tamper, rows)
        yield within(f"audit finds {kind}, {name}", [taken], limit=SOON, unit="s", ok=named in found)
    owner.dispose()


def _filled(installation: Installation, rows: int) -> Chain:
    """Add a lender with a chain of this many entries, written past the service that adds one at a time."""
    with installation.writing.begin() as session:
        names = dict.fromkeys(Locale, "Bench")
        lender = lenders.add(session, code="bench", preset="default", names=names, now=NOW)
        begun = audit.length_of(session, lender_id=lender.id)
        point = audit.point_at(session, lender_id=lender.id, sequence=begun)
    chain, point = Chain(lender.code, lender.id), point or Point()
    while point.sequence < rows:
        with installation.writing.begin() as session:
            anchors.enter(session, chain)
            made = list(_entries(chain.lender_id, point, min(BATCH, rows - point.sequence)))
            session.execute(insert(AuditEntry), [each._asdict() | {"lender_id": lender.id} for each in made])
            point = Point(made[-1].sequence, made[-1].hash)
            session.execute(update(AuditHead).values(sequence=point.sequence, hash=point.hash))
    return chain


def _entries(lender_id: int, after: Point, number: int) -> Iterator[Entry]:
    """Make entries like those of a busy day: references of 26 letters, a few facts."""
    sequence, previous = after
    for count in range(sequence + 1, sequence + number + 1):
        ref = f"01HXBENCH{count % 40_000:017d}"
        entry = Entry(
            count,
            NOW + timedelta(seconds=count),
            f"staff:01HXSTAFF{count % 200:017d}",
            ACTIONS[count % len(ACTIONS)],
            f"message/01HXMESSA{count:017d}",
            ref,
            {"about": "call", "before": "contacting", "number": count},
            previous,
            b"",
        )
        previous = audit_chain.digest(lender_id, entry)
        yield entry._replace(hash=previous)


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _bare_sqlite(engine: Engine, lender_id: int, rows: int) -> None:
    """Read the same rows with the driver alone and hash the same text."""
    connection = engine.raw_connection()
    right = 0
    for sequence, at, actor, action, subject, case, facts, previous, hash_ in connection.cursor().execute(
        READ.format(lender=lender_id)
    ):
        named = [lender_id, sequence, at[:-1] + "+00:00", actor, action, subject, case, json.loads(facts)]
        right += sha256(previous + _encode(named).encode()).digest() == hash_
    connection.close()
    assert right == rows


def _bare_postgresql(engine: Engine, lender_id: int, rows: int) -> None:
    connection = engine.raw_connection()
    connection.cursor().execute("SELECT set_config('portal.lender_id', %s, true)", [str(lender_id)])
    driver: Any = connection.driver_connection
    right = 0
    with driver.cursor(name="bare") as cursor:
        cursor.itersize = audit.AT_A_TIME
        cursor.execute(READ.format(lender=lender_id))
        for sequence, at, actor, action, subject, case, facts, previous, hash_ in cursor:
            moment = at.astimezone(UTC).isoformat(timespec="microseconds")
            named = [lender_id, sequence, moment, actor, action, subject, case, facts]
            right += sha256(previous + _encode(named).encode()).digest() == hash_
    connection.rollback()
    connection.close()
    assert right == rows


def _anchor(installation: Installation, chain: Chain, files: AnchorFiles) -> None:
    with installation.reading() as session:
        anchors.enter(session, chain)
        verified = anchors.verify(session, chain=chain, files=files, now=NOW)
    assert anchors.write(chain=chain, verified=verified, files=files, day=NOW.date(), now=NOW)


def _tampered(
    owner: Engine, chain: Chain, files: AnchorFiles, tamper: Callable[..., None], rows: int
) -> tuple[float, list[ChainProblem]]:
    """Tamper near the end of the chain, check it, and take the tampering back. Returns (seconds, what was
    found)."""
    found: list[ChainProblem] = []

    def check() -> None:
        with tenancy.TenantSession(connection, join_transaction_mode="rollback_only") as session:
            anchors.enter(session, chain)
            verified = anchors.verify(session, chain=chain, files=files, now=NOW)
            found.extend(problem.kind for problem in verified.problems)

    with owner.connect() as connection, connection.begin() as transaction:
        if owner.dialect.name == "sqlite":
            for act in ("update", "delete", "replace"):
                connection.exec_driver_sql(f"DROP TRIGGER audit_entry_no_{act}")
        tamper(connection, chain.lender_id, max(rows - 100, 4))
        taken = seconds(check)
        transaction.rollback()
    return taken, found


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)  # noqa: T201
