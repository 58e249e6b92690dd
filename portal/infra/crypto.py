"""Sealing values at rest: AES-256-GCM under a key of the lender, which is wrapped by the master key.

The master key also wraps the installation's root key, from which keyed hashes are derived that must outlive a
change of either.

A sealed value is `version · key reference · nonce · ciphertext`. Where it stands (lender, table, column, row)
is authenticated with it, so that a value copied elsewhere does not open."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
REF_BYTES = 26
NONCE_BYTES = 12
KEY_BYTES = 32
ROOT = b"installation-key|root"


class NotOpened(Exception):
    """The value was changed, moved to another place, or sealed under another key."""


class KeyUnknown(Exception):
    """No key with this reference exists in this installation."""


class KeyStorage(Protocol):
    """Where wrapped keys are kept."""

    def data_key(self, lender_id: int, ref: str | None) -> tuple[str, bytes] | None:
        """Return (reference, wrapped key) of a lender's current key, or of one key by its reference."""

    def root(self) -> bytes | None:
        """Return the wrapped root key, once there is one."""

    def keep_root(self, make: Callable[[bool], bytes]) -> bytes:
        """Keep what `make` returns as the wrapped root key, unless another process was quicker.

        Returns the kept one. `make` is told whether locators were written before there was a root key."""


class Keyring:
    """The keys in use. Unwraps a key the first time it is needed and keeps it in memory."""

    def __init__(self, master_key: bytes, storage: KeyStorage) -> None:
        self._master = master_key
        self._storage = storage
        self._root: bytes | None = None
        self._current: dict[int, str] = {}
        self._keys: dict[str, bytes] = {}

    def root(self) -> bytes:
        """Return the root key; it is made when there is none yet.

        Making it writes to the database in a transaction of its own: an installation calls this as it starts,
        while nobody's transaction is under way."""
        if self._root is None:
            wrapped = self._storage.root() or self._storage.keep_root(self._new_root)
            self._root = self._unwrapped(wrapped, ROOT, "the root key")
        return self._root

    def derived(self, purpose: str) -> bytes:
        """Return the installation's key for a purpose: 32 bytes, the same in every process and for good."""
        return _derived(self.root(), purpose)

    def new_key(self, lender_id: int, ref: str) -> bytes:
        """Make a key for a lender, use it from now on, and return it wrapped for storing."""
        key = secrets.token_bytes(KEY_BYTES)
        self._remember(lender_id, ref, key, current=True)
        return self._wrapped(key, _wrapping(lender_id, ref))

    def seal(self, lender_id: int, place: str, value: bytes) -> bytes:
        ref, key = self._current_key(lender_id)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, value, _place(lender_id, place))
        return VERSION + ref.encode() + nonce + sealed

    def open(self, lender_id: int, place: str, sealed: bytes) -> bytes:
        """Return the value. Raises NotOpened when it, or its place, is not what was sealed."""
        ref = sealed[1 : 1 + REF_BYTES].decode("ascii", "replace")
        nonce = sealed[1 + REF_BYTES : 1 + REF_BYTES + NONCE_BYTES]
        body = sealed[1 + REF_BYTES + NONCE_BYTES :]
        if sealed[:1] != VERSION or len(body) < 16:
            raise NotOpened(place)
        try:
            return AESGCM(self._key(lender_id, ref)).decrypt(nonce, body, _place(lender_id, place))
        except InvalidTag as error:
            raise NotOpened(place) from error

    def index(self, lender_id: int, field: str, value: str) -> bytes:
        """Return a keyed hash by which an exact value can be found without storing it (a blind index)."""
        _, key = self._current_key(lender_id)
        return hmac.digest(_derived(key, f"index:{field}"), value.strip().casefold().encode(), "sha256")

    def locator(self, kind: str, value: str) -> bytes:
        """Return the installation-wide keyed hash by which a token or address finds its lender."""
        return hmac.digest(self.derived(f"locator:{kind}"), value.encode(), "sha256")

    def _current_key(self, lender_id: int) -> tuple[str, bytes]:
        if lender_id not in self._current:
            self._fetch(lender_id, None)
        ref = self._current[lender_id]
        return ref, self._keys[ref]

    def _key(self, lender_id: int, ref: str) -> bytes:
        if ref not in self._keys:
            self._fetch(lender_id, ref)
        return self._keys[ref]

    def _fetch(self, lender_id: int, ref: str | None) -> None:
        found = self._storage.data_key(lender_id, ref)
        if found is None:
            raise KeyUnknown(f"lender {lender_id}, key {ref or 'current'}")
        found_ref, wrapped = found
        key = self._unwrapped(wrapped, _wrapping(lender_id, found_ref), f"the key of lender {lender_id}")
        self._remember(lender_id, found_ref, key, current=ref is None)

    def _new_root(self, located_before: bool) -> bytes:
        # Locators that stand in the database already were derived from the master key of that time.
        return self._wrapped(self._master if located_before else secrets.token_bytes(KEY_BYTES), ROOT)

    def _wrapped(self, key: bytes, what: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._master).encrypt(nonce, key, what)

    def _unwrapped(self, wrapped: bytes, what: bytes, name: str) -> bytes:
        try:
            return AESGCM(self._master).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], what)
        except InvalidTag as error:
            raise NotOpened(f"the master key does not open {name}") from error

    def _remember(self, lender_id: int, ref: str, key: bytes, *, current: bool) -> None:
        self._keys[ref] = key
        if current:
            self._current[lender_id] = ref


_keyring: Keyring | None = None


def use(keyring: Keyring) -> None:
    """Make this the process's keyring. A process serves one installation."""
    global _keyring  # noqa: PLW0603  (one installation, one keyring)
    _keyring = keyring


def keyring() -> Keyring:
    if _keyring is None:
        raise RuntimeError("the keys are not loaded; open the installation first")
    return _keyring


def token_hash(token: str) -> bytes:
    """Return what is stored in place of a random token. Tokens are long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def same(left: bytes | str, right: bytes | str) -> bool:
    """Compare secrets in constant time, as bytes: text that is not ASCII must not raise."""
    as_bytes = [value.encode() if isinstance(value, str) else value for value in (left, right)]
    return hmac.compare_digest(*as_bytes)


def _derived(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(key)


def _wrapping(lender_id: int, ref: str) -> bytes:
    return f"data-key|{lender_id}|{ref}".encode()


def _place(lender_id: int, place: str) -> bytes:
    return f"{lender_id}|{place}".encode()
