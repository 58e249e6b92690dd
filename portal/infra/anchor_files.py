"""Signed anchors of the audit chains: files outside the database, one a night and chain, never overwritten.

An anchor is `{"anchor": {…}, "signature": "…"}`. The signature is Ed25519, in base64, over the anchor alone,
written as JSON with sorted keys, without spaces, in UTF-8."""

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class NotGenuine(Exception):
    """The file is not as it was signed, or was signed with another key."""


@dataclass(frozen=True)
class AnchorFiles:
    """The folder of the anchors: a folder for each chain in it, a file for each date in that."""

    folder: Path

    def write(self, chain: str, day: date, content: bytes) -> bool:
        """Keep an anchor whole or not at all; it is on the disk when this returns. False: there is one."""
        path = self._path(chain, day)
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        draft = path.with_name(f".{day}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)  # takes the name only while it is free
                return True
            return False
        finally:
            draft.unlink(missing_ok=True)
            _sync(path.parent)

    def read(self, chain: str, day: date) -> bytes:
        return self._path(chain, day).read_bytes()

    def days(self, chain: str) -> list[date]:
        """Name the dates of a chain's anchors, the oldest first."""
        return sorted(date.fromisoformat(path.stem) for path in self._path(chain).glob("????-??-??.json"))

    def chains(self) -> list[str]:
        """Name the chains that were anchored here."""
        return sorted(path.name for path in self.folder.glob("*") if path.is_dir() and self.days(path.name))

    def _path(self, chain: str, day: date | None = None) -> Path:
        if not chain or Path(chain).name != chain or chain.startswith("."):
            raise ValueError(f"{chain!r} is not the code of a lender")
        return self.folder / chain / f"{day}.json" if day else self.folder / chain


def signed(anchor: Mapping[str, object], *, seed: bytes) -> bytes:
    """Return the content of an anchor's file. `seed` are the 32 bytes of the signing key."""
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(_canonical(anchor))
    whole = {"anchor": anchor, "signature": base64.b64encode(signature).decode()}
    return json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def opened(content: bytes, *, public: bytes) -> dict[str, object]:
    """Return the anchor in a file. Raises NotGenuine."""
    try:
        whole = json.loads(content)
        signature = base64.b64decode(whole["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _canonical(whole["anchor"]))
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise NotGenuine from error
    anchor: dict[str, object] = whole["anchor"]
    return anchor


def public_key(seed: bytes) -> bytes:
    """Return the 32 bytes with which anybody can check a signature."""
    return (
        Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    )


def public_pem(seed: bytes) -> str:
    """Return the same key as other tools read it."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(content: bytes) -> str:
    """Return the hash by which the next anchor names this one."""
    return sha256(content).hexdigest()


def _canonical(anchor: Mapping[str, object]) -> bytes:
    return json.dumps(anchor, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _sync(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
