"""What people told stands nowhere in clear: not in the database, its copies, the files, the outbox, the log;
and what is sealed opens only where it was sealed."""

import base64
import io
import itertools
import sys
from contextlib import closing

import pysqlite3.dbapi2 as sqlite
import pytest
import structlog
from sqlalchemy import select

from portal.infra import crypto, logs
from portal.infra.delivery import OutboxFolder
from portal.infra.installation import keyring
from portal.jobs import outbox as outbox_job
from portal.models import Base, Borrower, Complaint, ContactPoint, DataKey, Lender, Message, StoredFile, Visit
from portal.models.base import Row, sealed_of
from portal.services import complaints, files, notifications, seals
from portal.vocabulary import ComplaintTopic, Locale
from tests import factories
from tests.client import StrictClient
from tests.conftest import NOW

# Long enough that none stands anywhere by chance.
CANARIES = {
    "name": "Canaria Serinus 黃金雀",
    "id_no": "Z987650001",
    "phone": "+886987650001",
    "email": "canary.finch@serinus.example",
    "address": "77 Birdcage Walk 金絲雀街七十七號",
    "place": "Nest under the eaves of Birdcage Walk",
    "free text": "The canary sang about its debts at the door 唱了一整天",
    "file": "a payslip of the canary, 3,210.98 a month",
}
CODE = "724681"


def forms(value):
    """The ways in which a value may stand somewhere and be read without a key."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = value.encode(encoding)
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
    raw = value.encode()
    # Within a longer text base64 begins at any of three places; what touches the neighbours is cut off.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[4 if shift else 0 : len(encoded) - 4]
    if not value.isascii():
        yield value.encode("unicode_escape")


def found_in(content):
    return {name for name, value in CANARIES.items() if any(form in content for form in forms(value))}


@pytest.fixture
def journey(app, session, installation):
    """A borrower of whom everything is a canary, on the way: visited, written to, heard."""
    lender = factories.lender(session)
    case = factories.late_borrower(session, lender)
    borrower = case.borrower
    borrower.name, borrower.id_no = CANARIES["name"], CANARIES["id_no"]
    borrower.id_no_index = crypto.keyring().index(lender.id, "borrower.id_no", CANARIES["id_no"])
    for point in session.scalars(select(ContactPoint)):
        point.value = CANARIES[point.kind]
        point.value_index = crypto.keyring().index(lender.id, f"contact.{point.kind}", point.value)
    agent = factories.staff(session, lender)
    visit = factories.visit(session, case, crew=[agent])
    visit.place, visit.companion = CANARIES["place"], CANARIES["name"]
    complaints.file(
        session,
        lender=lender,
        case=case,
        topic=ComplaintTopic.OTHER,
        text=CANARIES["free text"],
        name=CANARIES["name"],
        reply_to=CANARIES["email"],
        locale=Locale.EN,
        actor=factories.actor_of(borrower),
        now=NOW,
    )
    files.store(
        session,
        folder=installation.files,
        lender_id=lender.id,
        data=CANARIES["file"].encode(),
        media_type="application/pdf",
        now=NOW,
    )
    notifications.notify(session, borrower=borrower, template="code_entry", now=NOW, case=case, code=CODE)
    seals.key_of(session, lender_id=lender.id, now=NOW)
    session.commit()
    outbox_job.run(installation, carrier=OutboxFolder(installation.settings.outbox), now=NOW)
    return lender


def copies_of(database_url, owner, tmp_path):
    """The database as it lies on the disk and as its backups hold it, in bytes."""
    if owner.dialect.name == "sqlite":
        path = tmp_path / "portal.sqlite"
        yield "files", b"".join(each.read_bytes() for each in sorted(tmp_path.glob("portal.sqlite*")))
        with closing(sqlite.connect(path)) as source, closing(sqlite.connect(tmp_path / "backup")) as target:
            source.backup(target)
            source.execute("VACUUM INTO ?", (str(tmp_path / "vacuumed"),))
        yield "backup", (tmp_path / "backup").read_bytes()
        yield "vacuumed", (tmp_path / "vacuumed").read_bytes()
        return
    with owner.connect() as connection:
        driver = connection.connection.driver_connection
        for form in ("TEXT", "BINARY"):
            parts = []
            for table in Base.metadata.tables:
                with driver.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT {form})') as copy:
                    parts += [bytes(part) for part in copy]
            yield form, b"".join(parts)


def files_in(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_canary_stands_in_the_database_or_a_backup_of_it(journey, database_url, owner, tmp_path):
    copies = dict(copies_of(database_url, owner, tmp_path))

    assert len(copies) >= 2
    assert {name: found_in(content) for name, content in copies.items()} == dict.fromkeys(copies, set())


def test_the_search_would_find_one(journey, session, database_url, owner, tmp_path):
    """In each copy, whichever way it was written."""
    session.scalars(select(Lender)).one().host = CANARIES["email"]
    session.scalars(select(Borrower)).one().borrower_no = CANARIES["name"].encode("utf-16-le").hex()
    payslip = base64.b64encode(b"xy" + CANARIES["file"].encode()).decode()
    session.scalars(select(Lender)).one().names = {"en": payslip}
    session.commit()

    for name, content in copies_of(database_url, owner, tmp_path):
        assert found_in(content) == {"email", "name", "file"}, name


def test_no_canary_stands_in_the_files_or_the_outbox(journey, installation):
    for folder in (installation.settings.files, installation.settings.outbox):
        content = files_in(folder)
        assert content
        assert found_in(content) == set()
        assert CODE.encode() not in content


def test_no_canary_stands_in_the_instance_folder(journey, installation):
    assert found_in(files_in(installation.settings.instance)) == set()


@pytest.fixture
def said(monkeypatch):
    """Everything that is logged from now on."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure()
    yield lambda: stream.getvalue().encode()
    structlog.reset_defaults()


def test_no_canary_stands_in_the_log(journey, app, session, said, caplog):
    client = StrictClient(app, session)
    client.get("/agent/sign-in")
    client.post("/agent/sign-in", {"email": CANARIES["email"], "password": CANARIES["free text"]})
    client.get(f"/help/{CANARIES['name']}?phone={CANARIES['phone']}")
    name = session.scalars(select(Borrower)).one().name
    try:
        raise LookupError(len(name))
    except LookupError:
        structlog.get_logger().exception("something_went_wrong")

    logged = said() + caplog.text.encode()

    assert b"something_went_wrong" in logged
    assert found_in(logged) == set()


def cells(session):
    """Every sealed cell of the session's lender: whose, where, and what is stored."""
    for mapper in Base.registry.mappers:
        for sealed in sealed_of(mapper.class_) if issubclass(mapper.class_, Row) else ():
            model = mapper.class_
            for row in session.execute(select(model.lender_id, model.ref, getattr(model, sealed.column))):
                if row[2] is not None:
                    yield row.lender_id, sealed.place(row.ref), row[2]


def test_no_sealed_cell_opens_in_the_place_of_another(journey, session):
    """Row to row, column to column, table to table, lender to lender."""
    other = factories.lender(session, "spdb-puhui")
    factories.borrower(session, other)
    session.commit()
    with factories.of_lender(session, other.id):
        every = list(cells(session))
    every += cells(session)
    ring = crypto.keyring()
    assert {lender_id for lender_id, _, _ in every} == {journey.id, other.id}
    assert len(every) > 20

    for lender_id, place, stored in every:
        assert ring.open(lender_id, place, stored)
    for here, there in itertools.permutations(every, 2):
        with pytest.raises((crypto.NotOpened, crypto.KeyUnknown)):
            ring.open(there[0], there[1], here[2])


MOVES = {
    "another row": (Borrower, "name_sealed", lambda all_: all_[Borrower][1].name_sealed),
    "another column": (Borrower, "name_sealed", lambda all_: all_[Borrower][0].id_no_sealed),
    "another table": (Borrower, "name_sealed", lambda all_: all_[ContactPoint][0].value_sealed),
    "another lender": (Borrower, "name_sealed", lambda all_: all_["theirs"].name_sealed),
    "a message": (Message, "body_sealed", lambda all_: all_[Message][0].recipient_sealed),
    "a complaint": (Complaint, "text_sealed", lambda all_: all_[Complaint][0].name_sealed),
    "a visit": (Visit, "place_sealed", lambda all_: all_[Borrower][0].name_sealed),
}


@pytest.mark.parametrize("source", MOVES)
def test_a_row_into_which_something_sealed_was_pasted_is_not_read(journey, session, owner, source):
    factories.borrower(session, journey, name="Somebody Else")
    other = factories.lender(session, "spdb-puhui")
    theirs = factories.borrower(session, other)
    session.commit()
    rows = {model: session.scalars(select(model).order_by(model.id)).all() for model in TABLES}
    model, column, taken = MOVES[source]
    target = rows[model][0]
    pasted = taken(rows | {"theirs": theirs})
    session.commit()
    with owner.begin() as connection:
        table = model.__table__
        connection.execute(table.update().where(table.c.id == target.id).values({column: pasted}))

    session.expire_all()
    with pytest.raises((crypto.NotOpened, crypto.KeyUnknown)):
        getattr(session.get(model, target.id), column.removesuffix("_sealed"))


TABLES = (Borrower, ContactPoint, Message, Complaint, Visit)


def test_a_file_in_the_place_of_another_is_not_read(journey, session, installation):
    first = session.scalars(select(StoredFile)).one()
    second = files.store(
        session,
        folder=installation.files,
        lender_id=journey.id,
        data=b"another",
        media_type="application/pdf",
        now=NOW,
    )
    installation.files.write(first.ref, installation.files.read(second.ref))

    with pytest.raises(crypto.NotOpened):
        files.read(first, folder=installation.files)
    assert files.read(second, folder=installation.files) == b"another"


def test_a_letter_in_the_place_of_another_is_not_read(journey, installation):
    path = next(installation.settings.outbox.glob("*/*.sealed"))
    path.rename(path.with_stem("0" * 26))

    with pytest.raises(crypto.NotOpened):
        list(OutboxFolder(installation.settings.outbox).letters(limit=9))


def test_the_passphrase_of_another_lender_opens_no_signing_key(journey, session):
    other = factories.lender(session, "spdb-puhui")
    session.commit()
    with factories.of_lender(session, other.id):
        seals.key_of(session, lender_id=other.id, now=NOW)
        other.passphrase_sealed = journey.passphrase_sealed
        session.flush()
        with pytest.raises((crypto.NotOpened, crypto.KeyUnknown)):
            seals.key_of(session, lender_id=other.id, now=NOW)


def test_a_data_key_of_another_lender_does_not_open(journey, session, owner, installation):
    """Wrapped keys are bound to their lender and reference, too."""
    other = factories.lender(session, "spdb-puhui")
    session.commit()
    with owner.begin() as connection:
        wrapped = DataKey.__table__
        theirs = connection.execute(select(wrapped.c.wrapped).where(wrapped.c.lender_id == other.id)).scalar()
        connection.execute(wrapped.update().where(wrapped.c.lender_id == journey.id).values(wrapped=theirs))

    with pytest.raises(crypto.NotOpened, match="master key"):
        keyring(installation.settings, installation.engine).current_ref(journey.id)
