"""The page on which a loan book is handed in, and what it tells of it."""

import io
import zipfile

import pytest
from sqlalchemy import func, select

from portal.agent import imports as imports_page
from portal.jobs import book_uploads as job
from portal.models import BookImport, BookUpload, Loan, StoredFile
from portal.models.audit_entry import AuditEntry
from portal.services import book_example
from portal.vocabulary import Role, UploadState
from tests import factories
from tests.conftest import NOW
from tests.services import books
from tests.signing_in import sign_in_staff


@pytest.fixture
def lender(session):
    return factories.lender(session, "taiwan", preset="tw")


@pytest.fixture
def admin(session, client, lender):
    staff = factories.staff(session, lender, Role.ADMIN)
    session.commit()
    sign_in_staff(client, staff)
    return staff


def packed(**changed: str | None) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, usual in books.FILES.items():
            text = changed.get(name.partition(".")[0], usual)
            if text is not None:
                archive.writestr(name, text)
    return content.getvalue()


def hand_in(client, content: bytes | None = None, *, name: str = "march.zip", **fields: object) -> str:
    """Hand a set in and return where its page is."""
    client.get("/agent/import")
    sent = {"book": (io.BytesIO(packed() if content is None else content), name)} | fields
    answer = client.post("/agent/import", sent, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def worked(app) -> int:
    return job.run(app.extensions["installation"], now=NOW)


def acts(session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def test_a_set_is_handed_in_checked_in_a_dry_run_and_then_taken_in(app, client, session, admin):
    page = hand_in(client, dry_run="y")
    assert "Waiting its turn" in client.get(page).text
    upload = session.scalars(select(BookUpload)).one()
    assert b"borrower_no" not in app.extensions["installation"].files.read(
        session.get(StoredFile, upload.file_id).ref
    )
    assert worked(app) == 1
    assert session.scalar(select(func.count(Loan.id))) == 0

    assert "Everything is in order. Nothing was changed." in client.get(page).text
    assert client.post(f"{page}/release").status_code == 303
    session.refresh(upload)
    assert (upload.state, upload.dry_run) == (UploadState.WAITING, False)
    assert worked(app) == 1
    shown = client.get(page).text
    assert "The set was taken in whole." in shown
    assert "Take it in" not in shown
    assert session.scalar(select(func.count(Loan.id))) == 2
    session.refresh(upload)
    assert upload.import_id == session.scalars(select(BookImport.id)).one()
    assert upload.file_id is None
    assert session.scalar(select(func.count(StoredFile.id))) == 0
    assert acts(session)[-5:] == [
        "book_handed_in",
        "book_upload_ended",
        "book_released",
        "book_imported",
        "book_upload_ended",
    ]


def test_the_very_same_set_again_changes_nothing(app, client, session, admin):
    hand_in(client)
    page = hand_in(client)
    assert worked(app) == 2
    assert "The very same set was taken in before" in client.get(page).text
    assert session.scalar(select(func.count(BookImport.id))) == 1


def test_a_set_that_was_taken_in_is_not_released_again(app, client, admin):
    page = hand_in(client)
    worked(app)
    client.get(page)
    refused = client.post(f"{page}/release")
    assert refused.status_code == 409
    assert "Only a set that a dry run found in order" in refused.text


def test_what_is_wrong_stands_on_the_page_and_its_values_only_in_the_file(app, client, session, admin):
    lines = [f"X{n},L1,2026-02-01,=HYPERLINK({n}),TWD,payment," for n in range(25)]
    page = hand_in(client, packed(payments="\n".join([books.PAYMENTS.splitlines()[0], *lines])))
    worked(app)

    shown = client.get(page).text
    assert "25 problems" in shown
    assert "The first 20 stand here" in shown
    assert shown.count("is not a decimal number") == 20
    assert "HYPERLINK" not in shown
    assert session.scalar(select(func.count(Loan.id))) == 0
    upload = session.scalars(select(BookUpload)).one()
    sealed = app.extensions["installation"].files.read(session.get(StoredFile, upload.problems_file_id).ref)
    assert b"payments.csv" not in sealed

    before = len(acts(session))
    answer = client.post(f"{page}/problems")
    assert answer.headers["Content-Disposition"] == "attachment; filename=march.errors.csv"
    told = answer.text.splitlines()
    assert told[0] == "file,line,column,value,reason"
    assert told[1] == "payments.csv,2,amount,'=HYPERLINK(0),is not a decimal number"
    assert len(told) == 26
    assert acts(session)[before:] == ["book_problems_read"]


def test_there_is_no_list_where_nothing_is_wrong(app, client, admin):
    page = hand_in(client)
    worked(app)
    assert "Download the list" not in client.get(page).text
    assert client.post(f"{page}/problems").status_code == 409


def test_a_set_that_cannot_be_opened_says_why(app, client, admin):
    page = hand_in(client, packed(set=None))
    other = hand_in(client, b"PK no archive", name="..\\..\\april.xlsx")
    older = hand_in(client)
    hand_in(client)
    assert worked(app) == 4
    assert "march.zip: its day is not named" in client.get(page).text
    assert "april.xlsx cannot be read as xlsx" in client.get(other).text
    assert "The set was taken in whole" in client.get(older).text


def test_an_older_set_is_refused_in_the_words_of_the_rule(app, client, admin):
    hand_in(client)
    page = hand_in(client, as_of="2026-02-01")
    worked(app)
    assert "This set is as of 2026-02-01. The book already stands at 2026-03-01" in client.get(page).text


def test_the_day_and_the_mapping_come_from_the_form(app, client, session, admin):
    renamed = packed(payments=books.PAYMENTS.replace("payment_id", "ID"), set=None)
    mapping = (io.BytesIO(b'[payments]\npayment_id = "{ID}"\n'), "ours.toml")
    page = hand_in(client, renamed, mapping=mapping, as_of="2026-02-28")
    worked(app)
    assert "taken in whole" in client.get(page).text
    assert str(session.scalars(select(BookImport.as_of)).one()) == "2026-02-28"


@pytest.mark.parametrize(
    ("name", "content", "fields", "said"),
    [
        ("", b"", {}, "Please choose a file"),
        ("march.zip", b"", {}, "Please choose a file"),
        ("march.pdf", b"x", {}, "Please hand in a .zip"),
        ("zip", b"x", {}, "Please hand in a .zip"),
        ("march.zip", b"x", {"as_of": "soon"}, "Not a valid date"),
        ("march.zip", b"x", {"mapping": (b"[loans", "m.toml")}, "The mapping file cannot be used"),
        ("march.zip", b"x", {"mapping": (b"\xff", "m.toml")}, "it is not UTF-8 text"),
        ("march.zip", b"x", {"mapping": (b"#" * 100_001, "m.toml")}, "it is too large"),
    ],
)
def test_what_cannot_be_kept_is_told_at_once(client, session, admin, name, content, fields, said):
    client.get("/agent/import")
    sent = {
        key: (io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
        for key, value in fields.items()
    }
    answer = client.post(
        "/agent/import", {"book": (io.BytesIO(content), name)} | sent, content_type="multipart/form-data"
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert session.scalar(select(func.count(BookUpload.id))) == 0


@pytest.fixture
def narrow(app, monkeypatch):
    """Limits small enough for a test: 100 kB anywhere, 300 kB for a book."""
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100 * 1024)
    monkeypatch.setattr(imports_page, "_limit_mb", lambda: 300 / 1024)
    monkeypatch.setattr(imports_page, "FORM_BYTES", 0)


def send(client, kilobytes: int):
    sent = {"book": (io.BytesIO(b"x" * kilobytes * 1024), "march.zip")}
    return client.post("/agent/import", sent, content_type="multipart/form-data")


def test_a_book_may_be_larger_than_what_other_pages_take_and_not_above_its_limit(
    narrow, client, session, admin
):
    client.get("/agent/import")
    assert send(client, 301).status_code == 413
    client.get("/agent/import")
    assert send(client, 200).status_code == 303
    assert session.scalar(select(func.count(BookUpload.id))) == 1


def test_only_who_may_hand_in_a_book_may_send_that_much(narrow, client, session, lender):
    sign_in_staff(client, factories.staff(session, lender, Role.MANAGER))
    client.get("/agent/account")
    assert send(client, 200).status_code == 413
    client.get("/agent/account")
    assert send(client, 50).status_code == 403


def test_the_page_asks_for_news_until_the_set_has_ended(app, client, admin):
    page = hand_in(client)
    asked = client.fragment(page)
    assert 'data-hx-trigger="every 2s"' in asked.text
    assert "<html" not in asked.text
    assert "See how far it is now" in asked.text
    worked(app)
    assert "data-hx-trigger" not in client.fragment(page).text


@pytest.mark.parametrize("state", list(UploadState))
def test_every_state_has_its_page(client, session, lender, admin, state):
    upload = BookUpload(
        lender_id=lender.id,
        created_at=NOW,
        state=state,
        name="march.zip",
        file_id=None,
        dry_run=False,
        progress={"percent": 40, "rows": 12000, "file": "instalments"},
        counts={"loans": 2, "warnings": 3},
        problem_count=2,
        problem="KeyError" if state is UploadState.FAILED else None,
        actor="staff:x",
    )
    session.add(upload)
    session.commit()
    shown = client.get(f"/agent/import/{upload.ref}").text
    assert ("40 % read; 12,000 rows of instalments" in shown) == (state is UploadState.CHECKING)
    assert ("12,000 rows are being written" in shown) == (state is UploadState.WRITING)
    assert ("the word KeyError" in shown) == (state is UploadState.FAILED)
    assert imports_page.BADGES[state]


def test_the_list_goes_on_on_further_pages(client, session, lender, admin, monkeypatch):
    monkeypatch.setattr(imports_page.book_uploads, "PAGE_LENGTH", 2)
    for number in range(3):
        hand_in(client, name=f"set-{number}.zip")
    first = client.get("/agent/import").text
    assert ("set-2.zip" in first, "set-1.zip" in first, "set-0.zip" in first) == (True, True, False)
    after = session.scalars(select(BookUpload.ref).order_by(BookUpload.ref.desc()).offset(1)).first()
    assert "set-0.zip" in client.get(f"/agent/import?after={after}").text


def test_the_example_is_taken_in_as_it_is(app, client, session, admin):
    answer = client.get("/agent/import/example")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={book_example.NAME}"
    page = hand_in(client, answer.data)
    worked(app)
    shown = client.get(page).text
    assert "The set was taken in whole" in shown
    assert session.scalar(select(func.count(Loan.id))) == 2
