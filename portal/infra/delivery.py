"""Where messages go: a folder of sealed files, one a message, named by the message's reference.

A carrier may be given the same letter twice, after a crash between delivering and noting it: the reference
makes it one."""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from portal.infra import crypto

SUFFIX = ".sealed"
DRAFTS_KEPT = timedelta(hours=1)


class NotDelivered(Exception):
    """The carrier did not take a letter. The text says why, without anything personal.

    `gateway_down`: it would take no other letter either, for now. `for_good`: it will never take this one."""

    def __init__(self, problem: str, *, gateway_down: bool = False, for_good: bool = False) -> None:
        super().__init__(problem)
        self.gateway_down = gateway_down
        self.for_good = for_good


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message on its way. `ref` is the carrier's idempotency key; `sent_at` is aware."""

    ref: str
    lender_id: int
    channel: str
    locale: str
    template: str
    recipient: str
    subject: str | None
    body: str
    sent_at: datetime


class Carrier(Protocol):
    def deliver(self, letter: Letter) -> None:
        """Hand a letter over; once for each `ref`, however often it is called. Raises NotDelivered."""


class OutboxFolder:
    """Keeps letters as sealed files, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(self, letter: Letter) -> None:
        facts = asdict(letter) | {"sent_at": letter.sent_at.isoformat()}
        text = json.dumps(facts, ensure_ascii=False)
        sealed = crypto.keyring().seal(letter.lender_id, _place(letter.ref), text.encode())
        path = self.folder / str(letter.lender_id) / f"{letter.ref}{SUFFIX}"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, sealed)
            if not crypto.keyring().is_current(letter.lender_id, sealed):  # replaced while it was written
                _write_whole(path, crypto.keyring().seal(letter.lender_id, _place(letter.ref), text.encode()))
        except OSError as error:
            problem = f"the outbox folder cannot be written: {error.strerror}"
            raise NotDelivered(problem, gateway_down=True) from error

    def sweep(self, *, now: datetime) -> int:
        """Delete the drafts that killed processes left. Returns how many."""
        left = [path for path in self.folder.glob(f"*/.*{SUFFIX}.*") if _age(path, now) > DRAFTS_KEPT]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def letters(self, *, limit: int) -> Iterator[Letter]:
        """Read the newest letters. References sort by the time the message was written."""
        paths = sorted(self.folder.glob(f"*/*{SUFFIX}"), key=lambda path: path.stem, reverse=True)
        for path in paths[:limit]:
            sealed, lender_id = path.read_bytes(), int(path.parent.name)
            facts = json.loads(crypto.keyring().open(lender_id, _place(path.stem), sealed))
            yield Letter(**facts | {"sent_at": datetime.fromisoformat(facts["sent_at"])})

    def reseal(self, lender_id: int) -> int:
        """Seal a lender's letters under its current key. Returns how many were under another."""
        keyring, changed = crypto.keyring(), 0
        for path in sorted((self.folder / str(lender_id)).glob(f"*{SUFFIX}")):
            sealed = path.read_bytes()
            if not keyring.is_current(lender_id, sealed):
                text = keyring.open(lender_id, _place(path.stem), sealed)
                _write_whole(path, keyring.seal(lender_id, _place(path.stem), text))
                changed += 1
        return changed


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # it has its name by now
        return timedelta(0)


def _place(ref: str) -> str:
    return f"outbox|{ref}"


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader or a crash never meets half a file, and a repeat replaces it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
