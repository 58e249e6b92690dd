"""Files are sealed, written whole, and refused when a byte was changed."""

import hashlib
import stat

import pytest

from portal.domain.refusals import Refused
from portal.infra.crypto import NotOpened
from portal.infra.files import FileStore
from portal.services import files
from tests import factories
from tests.conftest import NOW

DATA = b"a page of paper " * 100


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def stored(session, folder):
    lender = factories.lender(session)
    return files.store(
        session, folder=folder, lender_id=lender.id, data=DATA, media_type="image/jpeg", now=NOW
    )


def path_of(folder, stored):
    (path,) = folder.place.path.rglob(stored.ref)
    return path


def test_a_file_comes_back_as_it_was(stored, folder):
    assert files.read(stored, folder=folder) == DATA
    assert (stored.size, stored.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())


def test_the_disk_holds_nothing_readable_and_nobody_else_may_look(stored, folder):
    path = path_of(folder, stored)

    assert b"paper" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent.name == stored.ref[-2:]


def test_one_changed_byte_is_noticed(stored, folder):
    path = path_of(folder, stored)
    sealed = bytearray(path.read_bytes())
    sealed[-20] ^= 1
    path.write_bytes(sealed)

    with pytest.raises(NotOpened):
        files.read(stored, folder=folder)


def test_a_file_in_the_place_of_another_is_noticed(session, stored, folder):
    other = files.store(
        session, folder=folder, lender_id=stored.lender_id, data=b"x", media_type="image/png", now=NOW
    )
    path_of(folder, other).write_bytes(path_of(folder, stored).read_bytes())

    with pytest.raises(NotOpened):
        files.read(other, folder=folder)


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    store = FileStore(tmp_path)
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        store.write("01ABCDEF", b"sealed")

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_reference_cannot_lead_out_of_the_folder(tmp_path):
    with pytest.raises(ValueError, match="not a reference"):
        FileStore(tmp_path).read("../../etc/passwd")


def test_what_is_no_picture_is_refused_with_its_reason():
    with pytest.raises(Refused) as refused:
        files.cleaned(b"GIF89a is not taken")

    assert refused.value.code == "upload_kind"
