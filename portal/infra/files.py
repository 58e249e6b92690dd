"""Files outside the database and outside the web root. What comes in here is sealed already."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class FileStore:
    """A folder of sealed files, spread by the last two characters of their references."""

    folder: Path

    def write(self, ref: str, sealed: bytes) -> None:
        """Keep a file whole or not at all; it is on the disk when this returns."""
        path = self._path(ref)
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        draft = path.with_name(f".{ref}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def read(self, ref: str) -> bytes:
        """Return a sealed file. Raises FileNotFoundError."""
        return self._path(ref).read_bytes()

    def remove(self, ref: str) -> None:
        """Forget a file. One that is gone already is fine."""
        self._path(ref).unlink(missing_ok=True)

    def _path(self, ref: str) -> Path:
        if not ref.isalnum():
            raise ValueError(f"{ref!r} is not a reference")
        return self.folder / ref[-2:] / ref


def _sync_folder(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
