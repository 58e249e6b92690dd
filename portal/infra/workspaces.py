"""Folders for files that are needed for a moment, and gone afterwards, however the work ends."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

LOCK = ".in-use"


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A private folder of one's own under `parent`, removed at the end.

    Whoever is killed leaves it behind without its lock: `sweep` knows it by that."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=parent))
    try:
        with (folder / LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> int:
    """Remove the folders whose owners were killed. Returns how many."""
    removed = 0
    for lock in parent.glob(f"*/{LOCK}"):
        # Somebody else may sweep too, or the owner may end just now.
        with suppress(FileNotFoundError), lock.open("rb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(lock.parent, ignore_errors=True)
            removed += 1
    return removed
