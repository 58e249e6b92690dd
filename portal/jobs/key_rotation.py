"""Replacing the keys of lenders while the portal works.

A new key first; then, once every process takes it for new values, everything older is sealed again in small
transactions; at last the old keys are destroyed. Killed at any point, it goes on when it is run again."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.infra import crypto, quiescence
from portal.infra.delivery import OutboxFolder
from portal.infra.installation import Installation
from portal.services import files, keys, lenders

MARGIN_SECONDS = 5.0  # from taking a key to having written what it sealed
WRITERS_SECONDS = 600.0  # for a transaction under way, such as the import of a book
PASSES = 20
PASS_PAUSE_SECONDS = 0.2
PAUSE_SECONDS = 0.02  # between batches: whoever waits to write comes first

# Told (what is done, how much of it is done, of how much; 0 when that is not known).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What was done for one lender. `left` could not be sealed again: the old keys are kept for it."""

    lender: str
    resumed: bool
    values: int
    files: int
    letters: int
    destroyed: int
    left: int


def rotate(
    installation: Installation, *, codes: Sequence[str], now: datetime, progress: Progress
) -> list[Rotation]:
    """Replace the keys of these lenders."""
    begun = {code: _begin(installation, code, now) for code in codes}
    crypto.keyring().forget()
    _wait(progress)
    return [_Work(installation, code, progress).finish(resumed=not begun[code], now=now) for code in codes]


def _begin(installation: Installation, code: str, now: datetime) -> bool:
    with installation.writing.begin() as session:
        return keys.begin(session, lender=_enter(session, code), now=now)


def _enter(session: Any, code: str) -> lenders.Lender:
    lender = lenders.find(session, code)
    assert lender is not None
    lenders.enter(session, lender)
    return lender


def _wait(progress: Progress) -> None:
    """Until every process has read again which key is current, and written what it sealed before."""
    total = crypto.REREAD_SECONDS + MARGIN_SECONDS
    steps = max(1, round(total))
    for step in range(steps):
        progress("waiting for every process to use the new key", step, steps)
        time.sleep(total / steps)


class _Work:
    """Sealing again everything of one lender."""

    def __init__(self, installation: Installation, code: str, progress: Progress) -> None:
        self._installation = installation
        self._code = code
        self._progress = progress
        self._outbox = OutboxFolder(installation.settings.outbox)
        self._counts: Counter[str] = Counter(values=0, files=0, letters=0)
        self._files_done: set[int] = set()
        self._done = 0
        with installation.reading() as session:
            self._lender = _enter(session, code)
            self._total = keys.count_stale(session, lender=self._lender)

    def finish(self, *, resumed: bool, now: datetime) -> Rotation:
        """Pass over everything until a pass meets nothing under an old key, then destroy the old keys.

        The first pass meets nearly everything. What a transaction under way has written shows only once that
        has ended, so only a pass that began after that counts."""
        self._pass()
        quiescence.wait_for_writers(self._installation.engine, seconds=WRITERS_SECONDS)
        for _ in range(PASSES):
            if not (left := self._pass()):
                break
            time.sleep(PASS_PAUSE_SECONDS)  # what is left is being changed by somebody right now
        destroyed = 0
        if not left:
            with self._installation.writing.begin() as session:
                lender = _enter(session, self._code)
                destroyed = keys.destroy_retired(session, lender=lender, counts=self._counts, now=now)
        return Rotation(lender=self._code, resumed=resumed, destroyed=destroyed, left=left, **self._counts)

    def _pass(self) -> int:
        """Seal again what is under an old key. Returns how much of that was met."""
        rows = sum(self._table(table) for table in keys.sealed_tables())
        with self._installation.writing.begin() as session:
            own = keys.reseal_lender(session, lender=_enter(session, self._code))
        documents = self._files()
        letters = self._outbox.reseal(self._lender.id)
        self._counts.update(values=own, files=documents, letters=letters)
        return rows + own + documents + letters

    def _table(self, table: keys.SealedTable) -> int:
        met, after = 0, 0
        while True:
            with self._reading() as session:
                batch = keys.stale_rows(session, table, lender=self._lender, after=after)
            if batch.looked_at is None:
                return met
            after = batch.looked_at
            if batch.ids:
                with self._installation.writing.begin() as session:
                    _enter(session, self._code)
                    self._counts["values"] += keys.reseal_rows(session, table, ids=batch.ids)
                met += len(batch.ids)
                self._advance(table.name, len(batch.ids))
                time.sleep(PAUSE_SECONDS)

    def _files(self) -> int:
        """Seal files again. One that was looked at is done: a file is never written twice by others."""
        met, after = 0, 0
        while True:
            with self._reading() as session:
                batch = keys.stored_files(session, after=after)
            if not batch:
                return met
            after = batch[-1][0]
            for number, ref in batch:
                if number not in self._files_done:
                    met += self._file(ref)
                    self._files_done.add(number)
                    self._advance("files", 1)

    def _file(self, ref: str) -> bool:
        folder = self._installation.files
        if not files.reseal(ref, lender_id=self._lender.id, folder=folder):
            return False
        with self._reading() as session:
            if not keys.has_file(session, ref):  # deleted meanwhile: it must not come back
                folder.remove(ref)
        return True

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._installation.reading() as session:
            _enter(session, self._code)
            yield session

    def _advance(self, what: str, count: int) -> None:
        self._done += count
        self._progress(f"{self._code}: {what}", min(self._done, self._total), self._total)
