"""Sealed values open where they were sealed, and nowhere else."""

import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from portal.infra import clock, crypto, ids
from portal.infra.stored_keys import StoredKeys
from portal.models import Locator
from tests import factories


class Safe:
    """A keyring with its stored keys, as a database would keep them."""

    def __init__(self, master=None):
        self.master = master or secrets.token_bytes(32)
        self.stored = {}
        self.kept_root = None
        self.located = False
        self.ring = crypto.Keyring(self.master, self)

    def data_keys(self, lender_id):
        keys = [(each, wrapped) for (lender, each), wrapped in self.stored.items() if lender == lender_id]
        return keys[::-1]

    def root(self):
        return self.kept_root

    def keep_root(self, make):
        self.kept_root = self.kept_root or make(self.located)
        return self.kept_root

    def add_key(self, lender_id):
        ref = ids.new_ref()
        self.stored[lender_id, ref] = self.ring.new_key(lender_id, ref)
        return ref


@pytest.fixture
def safe():
    safe = Safe()
    safe.add_key(1)
    safe.add_key(2)
    return safe


@given(value=st.binary(max_size=200))
def test_what_was_sealed_opens_unchanged(value):
    safe = Safe()
    safe.add_key(1)
    assert safe.ring.open(1, "place", safe.ring.seal(1, "place", value)) == value


def test_the_same_value_never_looks_the_same_twice(safe):
    assert safe.ring.seal(1, "place", b"value") != safe.ring.seal(1, "place", b"value")


@pytest.mark.parametrize(("lender", "place"), [(1, "elsewhere"), (2, "place")])
def test_a_value_moved_elsewhere_does_not_open(safe, lender, place):
    sealed = safe.ring.seal(1, "place", b"value")
    with pytest.raises((crypto.NotOpened, crypto.KeyUnknown)):
        Safe_of(safe).open(lender, place, sealed)


def Safe_of(safe):  # noqa: N802  (reads as a sentence above)
    """A ring with nothing remembered yet, as after a restart."""
    return crypto.Keyring(safe.master, safe)


def test_every_flipped_bit_is_noticed(safe):
    sealed = safe.ring.seal(1, "place", b"value")
    for position in range(len(sealed)):
        broken = bytearray(sealed)
        broken[position] ^= 1
        with pytest.raises((crypto.NotOpened, crypto.KeyUnknown)):
            safe.ring.open(1, "place", bytes(broken))


def test_after_a_restart_the_keys_come_from_the_database(safe):
    sealed = safe.ring.seal(1, "place", b"value")
    assert Safe_of(safe).open(1, "place", sealed) == b"value"


def test_another_master_key_opens_nothing(safe):
    other = crypto.Keyring(secrets.token_bytes(32), safe)
    with pytest.raises(crypto.NotOpened, match="master key"):
        other.seal(1, "place", b"value")


def test_old_values_open_after_a_new_key_and_new_ones_use_it(safe):
    old = safe.ring.seal(1, "place", b"old")
    ref = safe.add_key(1)
    safe.ring.forget()
    new = safe.ring.seal(1, "place", b"new")

    assert safe.ring.open(1, "place", old) == b"old"
    assert ref.encode() in new
    assert ref.encode() not in old


@pytest.fixture
def tick(monkeypatch):
    """Moves the time that only passes."""
    at = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    return lambda seconds: at.__setitem__(0, at[0] + seconds)


def test_every_process_takes_a_new_key_into_use_within_the_time_set(safe, tick):
    other = Safe_of(safe)
    other.seal(1, "place", b"value")
    ref = safe.add_key(1)

    tick(crypto.REREAD_SECONDS - 0.1)
    assert other.current_ref(1) != ref
    tick(0.1)
    assert other.current_ref(1) == ref


def test_what_another_process_sealed_under_a_newer_key_opens_at_once(safe, tick):
    other = Safe_of(safe)
    other.seal(1, "place", b"value")
    safe.add_key(1)
    safe.ring.forget()

    assert other.open(1, "place", safe.ring.seal(1, "place", b"newer")) == b"newer"


def test_a_key_that_was_not_committed_yet_stays_in_use_in_its_own_transaction(safe, tick):
    safe.ring.new_key(3, ids.new_ref())
    sealed = safe.ring.seal(3, "place", b"value")
    tick(crypto.REREAD_SECONDS + 1)

    assert safe.ring.open(3, "place", safe.ring.seal(3, "place", b"again")) == b"again"
    assert safe.ring.open(3, "place", sealed) == b"value"


def test_while_the_master_key_changes_both_open_and_the_new_one_locks(safe):
    sealed, root = safe.ring.seal(1, "place", b"value"), safe.ring.root()
    new = secrets.token_bytes(32)
    both = crypto.Keyring(new, safe, old_master_key=safe.master)

    assert both.open(1, "place", sealed) == b"value"
    assert both.root() == root
    key = secrets.token_bytes(32)
    assert crypto.Keyring(new, safe).unwrap(both.wrap(key, b"what"), b"what", "it") == key


def test_a_value_is_looked_up_under_every_key(safe):
    before = safe.ring.index(1, "phone", "+886900000001")
    safe.add_key(1)
    safe.ring.forget()

    assert safe.ring.indexes(1, "phone", "+886900000001") == [
        safe.ring.index(1, "phone", "+886900000001"),
        before,
    ]


def test_an_index_finds_the_value_and_tells_nothing_across_lenders_or_fields(safe):
    index = safe.ring.index(1, "phone", "+886900000001")

    assert index == safe.ring.index(1, "phone", " +886900000001 ")
    assert index != safe.ring.index(2, "phone", "+886900000001")
    assert index != safe.ring.index(1, "email", "+886900000001")


def test_secrets_that_are_not_ascii_are_compared_and_not_choked_on():
    assert crypto.same("密碼", "密碼")
    assert not crypto.same("密碼", "other")


def test_what_is_derived_from_the_root_stays_the_same_after_a_restart(safe):
    derived = safe.ring.derived("anchors")

    assert len(derived) == 32
    assert Safe_of(safe).derived("anchors") == derived
    assert Safe_of(safe).derived("throttles") != derived
    assert Safe().ring.derived("anchors") != derived


def test_the_root_key_of_another_process_is_taken_over(safe):
    first, second = Safe_of(safe), Safe_of(safe)
    safe.root = lambda: None  # neither has seen the other's yet

    assert first.derived("anchors") == second.derived("anchors")


def test_locators_written_before_there_was_a_root_key_are_still_found():
    master = secrets.token_bytes(32)
    safe = Safe(master)
    safe.located = True
    before = hmac.digest(
        HKDF(SHA256(), length=32, salt=None, info=b"locator:link").derive(master), b"token", "sha256"
    )

    assert safe.ring.locator("link", "token") == before
    assert Safe_of(safe).locator("link", "token") == before


def test_the_root_key_does_not_open_under_another_master_key(safe):
    safe.ring.root()
    with pytest.raises(crypto.NotOpened, match="the root key"):
        crypto.Keyring(secrets.token_bytes(32), safe).root()


def test_an_installation_has_one_root_key_however_many_processes_make_it(installation):
    with installation.engine.begin() as connection:
        connection.execute(text("DELETE FROM installation_key"))
    rings = [
        crypto.Keyring(installation.settings.master_key, StoredKeys(installation.engine)) for _ in range(6)
    ]

    with ThreadPoolExecutor(len(rings)) as pool:
        roots = list(pool.map(lambda ring: ring.root(), rings))

    assert len(set(roots)) == 1
    with installation.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM installation_key")) == 1


def test_an_older_database_keeps_its_locators(installation, session):
    session.add(Locator(kind="link", digest=b"x" * 32, lender_id=factories.lender(session).id))
    session.execute(text("DELETE FROM installation_key"))
    session.commit()

    ring = crypto.Keyring(installation.settings.master_key, StoredKeys(installation.engine))

    assert ring.root() == installation.settings.master_key
