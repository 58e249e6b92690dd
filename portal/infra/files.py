"""Files outside the database and outside the web root. What comes in here is sealed already."""

import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class NotStored(OSError):
    """The store did not do what it was asked: out of reach, full, or closed to us. Nothing was changed."""


class Place(Protocol):
    """Where files are kept by name. Every method raises OSError when it could not do its work."""

    def put(self, name: str, data: bytes) -> None:
        """Keep a file whole or not at all; it is kept for good when this returns."""

    def get(self, name: str) -> bytes:
        """Return a file. Raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Forget a file. One that is gone already is fine."""

    def names(self) -> Iterator[str]:
        """Name every file there is, in no order."""

    def check(self) -> None:
        """Raise OSError when the place is out of reach."""


class FileStore:
    """Sealed files by their references, spread by the last two characters of them."""

    def __init__(self, place: Path | Place) -> None:
        self.place = Folder(place) if isinstance(place, Path) else place

    def write(self, ref: str, sealed: bytes) -> None:
        """Keep a file whole or not at all; it is kept for good when this returns. Raises NotStored."""
        name = _name(ref)
        try:
            self.place.put(name, sealed)
        except OSError as error:
            raise _not_stored(error) from error

    def read(self, ref: str) -> bytes:
        """Return a sealed file. Raises FileNotFoundError, NotStored."""
        name = _name(ref)
        try:
            return self.place.get(name)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _not_stored(error) from error

    def remove(self, ref: str) -> None:
        """Forget a file. One that is gone already is fine. Raises NotStored."""
        name = _name(ref)
        try:
            self.place.delete(name)
        except OSError as error:
            raise _not_stored(error) from error

    def refs(self) -> Iterator[str]:
        """Name the reference of every file there is, in no order. Raises NotStored."""
        try:
            for name in self.place.names():
                ref = name.rpartition("/")[2]
                if ref.isalnum():  # a draft left behind by a power cut is no file
                    yield ref
        except OSError as error:
            raise _not_stored(error) from error

    def check(self) -> None:
        """Raise NotStored when the store is out of reach."""
        try:
            self.place.check()
        except OSError as error:
            raise _not_stored(error) from error


@dataclass(frozen=True)
class Folder:
    """A folder of this machine. What is written is on the disk, not in its cache."""

    path: Path

    def put(self, name: str, data: bytes) -> None:
        path = self.path / name
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def get(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        return (str(each.relative_to(self.path)) for each in self.path.glob("*/*"))

    def check(self) -> None:
        if not (self.path.is_dir() and os.access(self.path, os.R_OK | os.W_OK | os.X_OK)):
            raise NotStored(errno.EACCES, f"{self.path} is no folder that may be written to")


def _name(ref: str) -> str:
    if not (ref.isascii() and ref.isalnum()):
        raise ValueError(f"{ref!r} is not a reference")
    return f"{ref[-2:]}/{ref}"


def _not_stored(error: OSError) -> NotStored:
    if isinstance(error, NotStored):
        return error
    return NotStored(error.errno or errno.EIO, error.strerror or str(error) or type(error).__name__)


def _sync_folder(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
