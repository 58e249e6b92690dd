"""A lender's key is replaced while everything goes on, and the old one is destroyed."""

import re
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from portal.domain.actor import system
from portal.infra import crypto
from portal.infra.delivery import OutboxFolder
from portal.infra.installation import keyring
from portal.infra.stored_keys import StoredKeys
from portal.jobs import key_rotation
from portal.jobs import outbox as outbox_job
from portal.models import Base, Borrower, ContactPoint, DataKey, Lender, Staff, StoredFile
from portal.models.base import Row, sealed_of
from portal.services import (
    audit,
    book_writing,
    files,
    keys,
    lender_secrets,
    lenders,
    links,
    notifications,
    seals,
)
from portal.vocabulary import Channel, ContactKind
from tests import factories
from tests.client import StrictClient
from tests.conftest import NOW

NAMES = ["One Borrower", "Two Borrower", "Three Borrower"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The same waits, shorter."""
    monkeypatch.setattr(crypto, "REREAD_SECONDS", 0.2)
    monkeypatch.setattr(key_rotation, "MARGIN_SECONDS", 0.2)
    monkeypatch.setattr(key_rotation, "PASS_PAUSE_SECONDS", 0.01)


@pytest.fixture
def lender(session, installation):
    """A lender with borrowers, a staff member, a file, a letter and a seal of its own."""
    lender = factories.lender(session)
    borrowers = [factories.borrower(session, lender, name=name) for name in NAMES]
    factories.staff(session, lender, name="A Member of Staff")
    files.store(
        session,
        folder=installation.files,
        lender_id=lender.id,
        data=b"content",
        media_type="application/pdf",
        now=NOW,
    )
    notifications.notify(session, borrower=borrowers[0], template="code_entry", now=NOW, code="123456")
    seals.key_of(session, lender_id=lender.id, now=NOW)
    session.commit()
    outbox_job.run(installation, carrier=OutboxFolder(installation.settings.outbox), now=NOW)
    return lender


@pytest.fixture
def rotate(installation):
    def rotate(*codes, progress=lambda *_: None):
        return key_rotation.rotate(installation, codes=codes or ["pingan-bank"], now=NOW, progress=progress)

    return rotate


def key_refs(session):
    session.expire_all()
    refs = list(session.scalars(select(DataKey.ref).order_by(DataKey.id)))
    session.rollback()
    return refs


def everything_sealed(session, installation, lender):
    """Every sealed value of a lender as stored: in rows, in files, in the outbox."""
    for mapper in Base.registry.mappers:
        for sealed in sealed_of(mapper.class_) if issubclass(mapper.class_, Row) else ():
            yield from session.scalars(select(getattr(mapper.class_, sealed.column)))
    yield session.scalars(select(Lender.passphrase_sealed).where(Lender.id == lender.id)).one()
    yield from (installation.files.read(ref) for ref in installation.files.refs())
    yield from (path.read_bytes() for path in installation.settings.outbox.glob("*/*.sealed"))


def test_everything_is_sealed_under_the_new_key_and_the_old_one_is_gone(
    session, installation, lender, rotate
):
    (old,) = key_refs(session)
    passphrase = seals.key_of(session, lender_id=lender.id, now=NOW).passphrase
    session.commit()

    (done,) = rotate()

    (new,) = key_refs(session)
    assert new != old
    assert (done.resumed, done.destroyed, done.left) == (False, 1, 0)
    assert (done.files, done.letters) == (1, 1)
    stored = [each for each in everything_sealed(session, installation, lender) if each is not None]
    assert {crypto.sealed_under(each) for each in stored} == {new}
    assert done.values + done.files + done.letters == len(stored) + 4 * len(NAMES)  # four indexes each
    crypto.keyring().forget()
    assert [each.name for each in session.scalars(select(Borrower).order_by(Borrower.id))] == NAMES
    assert files.read(session.scalars(select(StoredFile)).one(), folder=installation.files) == b"content"
    (letter,) = OutboxFolder(installation.settings.outbox).letters(limit=9)
    assert "123456" in letter.body
    session.expire_all()
    assert seals.key_of(session, lender_id=lender.id, now=NOW).passphrase == passphrase


def test_blind_indexes_are_computed_anew(session, lender, rotate):
    before = session.scalars(select(ContactPoint.value_index)).all()
    session.rollback()

    rotate()

    session.expire_all()
    for point in session.scalars(select(ContactPoint)):
        assert point.value_index not in before
        assert point.value_index == crypto.keyring().index(lender.id, f"contact.{point.kind}", point.value)


def test_a_save_that_was_begun_before_is_not_refused(session, lender, rotate):
    """The version of a row stays: what it says has not changed."""
    member = factories.staff(session, lender, name="Before")
    session.commit()

    rotate()
    member.name = "After"
    session.commit()

    session.expire_all()
    assert session.get(Staff, member.id).name == "After"


def test_only_counts_stand_in_the_audit_log(session, lender, rotate):
    rotate()

    session.expire_all()
    report = audit.verify(session, lender_id=lender.id)
    assert report.problem is None
    entries = session.execute(
        text("SELECT action, facts FROM audit_entry WHERE action LIKE 'key%' ORDER BY sequence")
    ).all()
    assert [entry.action for entry in entries] == ["key_replaced", "keys_rotated"]
    facts = str(entries[1].facts)
    assert all(name in facts for name in ("values", "files", "letters", "destroyed"))
    assert not any(ref in facts for ref in key_refs(session))


def test_another_lender_is_not_touched(session, lender, rotate):
    other = factories.lender(session, "spdb-puhui")
    factories.borrower(session, other, name="Somebody Else")
    session.commit()
    with factories.of_lender(session, other.id):
        before = session.scalars(select(Borrower.name_sealed)).all()

    rotate()

    with factories.of_lender(session, other.id):
        assert session.scalars(select(Borrower.name_sealed)).all() == before


def test_people_are_found_after_a_rotation(session, installation, lender, rotate):
    """By the link that was sent and the address they sign in with."""
    borrower = session.scalars(select(Borrower).limit(1)).one()
    actor = system(lender.id, "test")
    _, token = links.create(session, borrower=borrower, channel=Channel.SMS, actor=actor, now=NOW)
    session.commit()

    rotate()

    with installation.writing() as fresh:
        assert links.find(fresh, token=token).borrower_id == borrower.id
    with installation.writing() as fresh:
        digest = crypto.keyring().locator("staff-email", session.scalars(select(Staff)).one().email)
        assert lenders.locate(fresh, kind="staff-email", digest=digest) == lender.id


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", [0, 2, 4])
def test_a_rotation_that_was_killed_is_finished_by_the_next(session, installation, lender, rotate, moment):
    told = iter(range(100))

    def killed_at(what, _done, _total):
        if not what.startswith("waiting") and next(told) == moment:
            raise Killed

    with pytest.raises(Killed):
        rotate(progress=killed_at)
    assert len(key_refs(session)) == 2
    assert [each.name for each in session.scalars(select(Borrower).order_by(Borrower.id))] == NAMES
    session.rollback()
    crypto.keyring().forget()

    (done,) = rotate()

    assert (done.resumed, done.destroyed, done.left) == (True, 1, 0)
    (new,) = key_refs(session)
    stored = [each for each in everything_sealed(session, installation, lender) if each is not None]
    assert {crypto.sealed_under(each) for each in stored} == {new}


def test_a_value_that_was_sealed_before_and_is_saved_after_is_sealed_anew(
    session, installation, lender, rotate
):
    """Sealed when it was set, written when the session is flushed: a rotation may lie between."""
    late = Borrower(
        lender_id=lender.id, created_at=NOW, borrower_no="B9", name="Late", id_type="none", locale="en"
    )
    member = session.scalars(select(Staff)).one()
    session.expunge(member)
    session.rollback()
    member.name = "Changed Late"
    under = crypto.sealed_under(member.name_sealed)

    rotate()
    with installation.writing.begin() as other:
        lender_in(other)
        other.add_all([late, member])

    (new,) = key_refs(session)
    assert under != new
    assert {crypto.sealed_under(late.name_sealed), crypto.sealed_under(member.name_sealed)} == {new}
    assert (late.name, member.name) == ("Late", "Changed Late")


def test_the_old_key_stays_until_a_transaction_under_way_has_ended(session, installation, lender, rotate):
    """It may hold values under the old key that nobody else can see yet."""
    session.rollback()
    writer = installation.writing()
    lenders.enter(writer, lender)
    factories.borrower(writer, lender, name="Under Way")
    old = crypto.keyring().current_ref(lender.id)

    rotation = threading.Thread(target=rotate)
    rotation.start()
    rotation.join(2)
    assert rotation.is_alive()
    assert old in key_refs(session)
    writer.commit()
    rotation.join(20)

    assert not rotation.is_alive()
    crypto.keyring().forget()
    assert "Under Way" in [each.name for each in session.scalars(select(Borrower))]
    assert old not in key_refs(session)


def test_a_row_somebody_is_changing_is_neither_waited_for_nor_overwritten(
    session, installation, lender, rotate
):
    session.rollback()
    with installation.writing() as other:
        lenders.enter(other, lender)
        member = other.scalars(select(Staff).with_for_update()).one()
        rotation = threading.Thread(target=rotate)
        rotation.start()
        rotation.join(1)
        member.name = "Changed Meanwhile"
        other.commit()
    rotation.join(20)

    assert len(key_refs(session)) == 1
    assert session.scalars(select(Staff)).one().name == "Changed Meanwhile"


def test_the_book_is_taken_in_while_indexes_change(session, installation, lender):
    """A point is found under the old index or the new one, and never doubled."""
    with installation.writing.begin() as other:
        keys.begin(other, lender=lender_in(other), now=NOW)
    crypto.keyring().forget()
    before = session.scalar(select(func.count(ContactPoint.id)))
    session.rollback()
    row = dict.fromkeys(("phone", "email", "address", "province", "city", "lat", "lon")) | {
        "phone": "+886900000001"
    }
    with installation.writing.begin() as other:
        lender_in(other)
        borrower_id = other.scalars(select(Borrower.id).order_by(Borrower.id)).first()
        target = book_writing.Target(other, lender.id, 1, factories.TODAY, NOW)
        book_writing._write_points(target, [(borrower_id, row)], [borrower_id])

    session.rollback()
    assert session.scalar(select(func.count(ContactPoint.id))) == before
    phones = session.scalars(
        select(ContactPoint).where(
            ContactPoint.borrower_id == borrower_id, ContactPoint.kind == ContactKind.PHONE
        )
    ).all()
    assert [phone.value for phone in phones] == ["+886900000001"]
    assert phones[0].value_index == crypto.keyring().index(lender.id, "contact.phone", "+886900000001")


def lender_in(session):
    found = lenders.find(session, "pingan-bank")
    lenders.enter(session, found)
    return found


class Busy:
    """People at work: threads that read and write values, hand in files and ask for pages."""

    def __init__(self, app, installation, ids):
        self.app, self.installation, self.ids = app, installation, ids
        self.over, self.problems, self.names, self.files = threading.Event(), [], {}, []
        self.pages = 0
        jobs = [self.read, self.hand_in, self.ask, *(partial(self.write, each) for each in ids[:2])]
        self.threads = [threading.Thread(target=self.keep_doing, args=(job,)) for job in jobs]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def keep_doing(self, job):
        try:
            while not self.over.is_set():
                job()
                time.sleep(0.005)
        except BaseException as problem:
            self.problems.append(problem)

    def read(self):
        with self.installation.reading() as session:
            lender_in(session)
            for borrower in session.scalars(select(Borrower)):
                assert borrower.name
                assert borrower.id_no == "A900001234"

    def write(self, borrower_id):
        value = f"Written {time.monotonic_ns()}"
        with self.installation.writing.begin() as session:
            lender_in(session)
            session.get(Borrower, borrower_id, with_for_update=True).name = value
        self.names[borrower_id] = value

    def hand_in(self):
        with self.installation.writing.begin() as session:
            file = files.store(
                session,
                folder=self.installation.files,
                lender_id=lender_in(session).id,
                data=b"handed in",
                media_type="image/png",
                now=NOW,
            )
        self.files.append(file)

    def ask(self):
        client = StrictClient(self.app)
        assert client.get("/agent/sign-in").status_code == 200
        tried = {"email": "staff1@pingan-bank.example", "password": "not the right one"}
        assert client.post("/agent/sign-in", tried).status_code < 500
        self.pages += 1


def test_nothing_goes_wrong_while_people_work(app, session, installation, lender, rotate):
    ids = list(session.scalars(select(Borrower.id).order_by(Borrower.id)))
    session.rollback()
    with Busy(app, installation, ids) as busy:
        rotations = [rotate()[0] for _ in range(2)]

    assert busy.problems == []
    assert [(each.left, each.destroyed) for each in rotations] == [(0, 1), (0, 1)]
    assert busy.pages
    crypto.keyring().forget()
    session.expire_all()
    for borrower_id in ids[:2]:
        assert session.get(Borrower, borrower_id).name == busy.names[borrower_id]
    assert {files.read(each, folder=installation.files) for each in busy.files} == {b"handed in"}


MASTER = bytes(range(7, 39))


def test_the_master_key_is_replaced_in_one_go(session, installation, lender):
    factories.lender(session, "spdb-puhui")
    session.commit()
    settings, engine = installation.settings, installation.engine
    ring = crypto.keyring()
    token = ring.locator("link", "token")
    name = session.scalars(select(Borrower.name_sealed)).first()
    session.rollback()

    with installation.writing.begin() as other:
        assert keys.rewrap(other, to=keyring(settings.with_master_key(MASTER), engine), now=NOW) == 3

    fresh = crypto.Keyring(MASTER, StoredKeys(engine))
    assert fresh.locator("link", "token") == token
    assert fresh.is_current(lender.id, name)
    changing = crypto.Keyring(MASTER, StoredKeys(engine), old_master_key=settings.master_key)
    assert changing.current_ref(lender.id) == fresh.current_ref(lender.id)
    assert ring.is_current(lender.id, name)  # a process that runs goes on with what it opened
    with pytest.raises(crypto.NotOpened, match="the master key does not open"):
        crypto.Keyring(settings.master_key, StoredKeys(engine)).root()
    session.expire_all()
    assert audit.verify(session, lender_id=lender.id).problem is None


def test_a_process_started_with_both_master_keys_works_before_and_after(session, installation, lender):
    settings, engine = installation.settings, installation.engine
    sealed = session.scalars(select(Borrower)).first()
    session.rollback()

    def opens():
        both = crypto.Keyring(MASTER, StoredKeys(engine), old_master_key=settings.master_key)
        place = Borrower.name.place(sealed.ref)
        return both.open(lender.id, place, sealed.name_sealed), both.locator("link", "token")

    before = opens()
    with installation.writing.begin() as other:
        keys.rewrap(other, to=keyring(settings.with_master_key(MASTER), engine), now=NOW)

    assert opens() == before
    assert before[0] == b"One Borrower"


def test_every_sealed_column_and_every_index_is_known_to_the_rotation():
    """A value that is sealed in another way would be lost with its key."""
    known = {(table.name, column) for table in keys.sealed_tables() for column in table.columns}
    known |= {
        *(("lender", column) for column in lender_secrets.COLUMNS),
        ("staff", "email_index"),
    }  # the latter is from the root key
    found = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith(("_sealed", "_index"))
    }
    assert found == known


def test_nobody_else_seals_anything():
    """Who seals is known to the rotation: rows by their models, files, letters, a lender's own secrets.

    What is shown while an authenticator is set up stays with the browser for minutes."""
    sealing = {
        str(path)
        for path in Path("portal").rglob("*.py")
        if re.search(r"keyring\(\)\.seal\(|keyring\.seal\(", path.read_text("utf-8"))
    }
    assert sealing == {
        "portal/infra/delivery.py",
        "portal/models/base.py",
        "portal/services/authenticators.py",
        "portal/services/files.py",
        "portal/services/keys.py",
        "portal/services/lender_secrets.py",
    }
