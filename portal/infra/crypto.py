"""Sealing values at rest: AES-256-GCM under a key of the lender, which is wrapped by the master key.

The master key also wraps the installation's root key, from which keyed hashes are derived that must outlive a
change of either.

A sealed value is `version · key reference · nonce · ciphertext`. Where it stands (lender, table, column, row)
is authenticated with it, so that a value copied elsewhere does not open."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.infra import clock

VERSION = b"\x01"
REF_BYTES = 26
NONCE_BYTES = 12
HEAD_BYTES = len(VERSION) + REF_BYTES
TAG_BYTES = 16
KEY_BYTES = 32
REREAD_SECONDS = 10.0
ROOT = b"installation-key|root"


class NotOpened(Exception):
    """The value was changed, moved to another place, or sealed under another key."""


class KeyUnknown(Exception):
    """No key with this reference exists in this installation."""


class KeyStorage(Protocol):
    """Where wrapped keys are kept."""

    def data_keys(self, lender_id: int) -> list[tuple[str, bytes]]:
        """Return (reference, wrapped key) of every key of a lender: the current one, then retired ones."""

    def root(self) -> bytes | None:
        """Return the wrapped root key, once there is one."""

    def keep_root(self, make: Callable[[bool], bytes]) -> bytes:
        """Keep what `make` returns as the wrapped root key, unless another process was quicker.

        Returns the kept one. `make` is told whether locators were written before there was a root key."""


class DataKey:
    """A key of a lender, unwrapped."""

    def __init__(self, lender_id: int, ref: str, key: bytes) -> None:
        self.ref = ref
        self._lender_id = lender_id
        self._key = key
        self._cipher = AESGCM(key)
        self._index_keys: dict[str, bytes] = {}

    def seal(self, place: str, value: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, value, _place(self._lender_id, place))
        return VERSION + self.ref.encode() + nonce + sealed

    def open(self, place: str, nonce: bytes, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(nonce, sealed, _place(self._lender_id, place))
        except InvalidTag as error:
            raise NotOpened(place) from error

    def index(self, field: str, value: str) -> bytes:
        if (key := self._index_keys.get(field)) is None:
            key = self._index_keys[field] = _derived(self._key, f"index:{field}")
        return hmac.digest(key, value.strip().casefold().encode(), "sha256")


@dataclass(frozen=True)
class _LivingKeys:
    """A lender's keys, the current one first, as the storage had them at `read_at` (monotonic seconds)."""

    keys: tuple[DataKey, ...]
    read_at: float


class Keyring:
    """The keys in use, unwrapped and kept in memory.

    Which key of a lender is current is read again after REREAD_SECONDS, so that every process takes a new one
    into use within that time. `old_master_key` opens what the master key does not, while it is changed."""

    def __init__(
        self, master_key: bytes, storage: KeyStorage, *, old_master_key: bytes | None = None
    ) -> None:
        self._masters = [AESGCM(master_key), *([AESGCM(old_master_key)] if old_master_key else [])]
        self._first_root = old_master_key or master_key
        self._storage = storage
        self._root: bytes | None = None
        self._living: dict[int, _LivingKeys] = {}
        self._opened: dict[tuple[int, str], DataKey] = {}

    def root(self) -> bytes:
        """Return the root key; it is made when there is none yet.

        Making it writes to the database in a transaction of its own: an installation calls this as it starts,
        while nobody's transaction is under way."""
        if self._root is None:
            wrapped = self._storage.root() or self._storage.keep_root(self._new_root)
            self._root = self.unwrap(wrapped, ROOT, "the root key")
        return self._root

    def derived(self, purpose: str) -> bytes:
        """Return the installation's key for a purpose: 32 bytes, the same in every process and for good."""
        return _derived(self.root(), purpose)

    def new_key(self, lender_id: int, ref: str) -> bytes:
        """Make a key for a lender and return it wrapped for storing.

        A lender's first key is used from now on; a further one once it is found in the storage."""
        key = secrets.token_bytes(KEY_BYTES)
        made = self._opened[lender_id, ref] = DataKey(lender_id, ref, key)
        if lender_id not in self._living:
            self._living[lender_id] = _LivingKeys((made,), clock.monotonic())
        return self.wrap(key, wrapping(lender_id, ref))

    def seal(self, lender_id: int, place: str, value: bytes) -> bytes:
        return self._current(lender_id).seal(place, value)

    def open(self, lender_id: int, place: str, sealed: bytes) -> bytes:
        """Return the value. Raises NotOpened when it, or its place, is not what was sealed."""
        nonce, body = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        if sealed[:1] != VERSION or len(body) < TAG_BYTES:
            raise NotOpened(place)
        return self._key(lender_id, sealed_under(sealed)).open(place, nonce, body)

    def index(self, lender_id: int, field: str, value: str) -> bytes:
        """Return a keyed hash by which an exact value can be found without storing it (a blind index)."""
        return self._current(lender_id).index(field, value)

    def indexes(self, lender_id: int, field: str, value: str) -> list[bytes]:
        """Return the blind index of a value under every key, the current one's first: to look it up by."""
        return [key.index(field, value) for key in self._known(lender_id)]

    def locator(self, kind: str, value: str) -> bytes:
        """Return the installation-wide keyed hash by which a token or address finds its lender."""
        return hmac.digest(self.derived(f"locator:{kind}"), value.encode(), "sha256")

    def current_ref(self, lender_id: int) -> str:
        """Return the reference of the key that the lender's values are sealed under now."""
        return self._current(lender_id).ref

    def is_current(self, lender_id: int, sealed: bytes) -> bool:
        """Whether a value is sealed under the lender's current key."""
        return sealed_under(sealed) == self.current_ref(lender_id)

    def forget(self) -> None:
        """Read from the storage again which keys there are, at once."""
        self._living.clear()
        self._opened.clear()

    def wrap(self, key: bytes, what: bytes) -> bytes:
        """Lock a key with the master key, for storing."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._masters[0].encrypt(nonce, key, what)

    def unwrap(self, wrapped: bytes, what: bytes, name: str) -> bytes:
        """Open a stored key. Raises NotOpened, saying the name of the key."""
        for master in self._masters:
            try:
                return master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], what)
            except InvalidTag:
                continue
        raise NotOpened(f"the master key does not open {name}")

    def _current(self, lender_id: int) -> DataKey:
        return self._known(lender_id)[0]

    def _known(self, lender_id: int) -> tuple[DataKey, ...]:
        known = self._living.get(lender_id)
        if known is None or clock.monotonic() - known.read_at >= REREAD_SECONDS:
            known = self._read(lender_id, known)
        return known.keys

    def _read(self, lender_id: int, before: _LivingKeys | None) -> _LivingKeys:
        read_at = clock.monotonic()  # before asking: what it answers may be old by then, never newer
        keys = tuple(self._unwrapped(lender_id, *stored) for stored in self._storage.data_keys(lender_id))
        if not keys:
            if before is None:
                raise KeyUnknown(f"lender {lender_id}")
            keys = before.keys  # the lender is being added by a transaction that has not ended
        known = self._living[lender_id] = _LivingKeys(keys, read_at)
        return known

    def _key(self, lender_id: int, ref: str) -> DataKey:
        if (key := self._opened.get((lender_id, ref))) is None:
            self._read(lender_id, self._living.get(lender_id))
            key = self._opened.get((lender_id, ref))
        if key is None:
            raise KeyUnknown(f"lender {lender_id}, key {ref}")
        return key

    def _unwrapped(self, lender_id: int, ref: str, wrapped: bytes) -> DataKey:
        key = self._opened.get((lender_id, ref))
        if key is None:
            opened = self.unwrap(wrapped, wrapping(lender_id, ref), f"the key of lender {lender_id}")
            key = self._opened[lender_id, ref] = DataKey(lender_id, ref, opened)
        return key

    def _new_root(self, located_before: bool) -> bytes:
        # Locators that stand in the database already were derived from the master key of that time.
        return self.wrap(self._first_root if located_before else secrets.token_bytes(KEY_BYTES), ROOT)


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


def sealed_under(sealed: bytes) -> str:
    """Return the reference of the key a value is sealed under."""
    return sealed[1:HEAD_BYTES].decode("ascii", "replace")


def wrapping(lender_id: int, ref: str) -> bytes:
    """What is authenticated with a wrapped data key: whose it is and which."""
    return f"data-key|{lender_id}|{ref}".encode()


def _place(lender_id: int, place: str) -> bytes:
    return f"{lender_id}|{place}".encode()
