"""A loan book in a zip archive or a workbook: read like its folder, and never believed."""

import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from portal.infra import book_archives, book_workbooks
from portal.infra.book_archives import opened
from portal.infra.book_files import BookError, BookSet, Problem, RawRow, open_set, rows
from portal.infra.book_mapping import read_mapping
from portal.infra.workspaces import sweep, workspace
from portal.services import imports
from tests.services import books


def packed(path: Path, files: dict[str, str] | None = None, **options) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, text in (books.FILES if files is None else files).items():
            archive.writestr(name, text)
    return path


def sheets(path: Path, **tables: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, table in tables.items():
        sheet = workbook.create_sheet(title)
        for row in table:
            sheet.append(row)
    workbook.save(path)
    return path


AS_OF = [["as_of", date(2026, 3, 1)]]
PAYMENTS = ["payment_id", "contract_no", "paid_on", "amount", "currency", "kind", "reference"]


def payments(*table: list[object]) -> list[list[object]]:
    return [PAYMENTS, *table]


def read(book: BookSet, kind: str) -> list[RawRow | Problem]:
    return list(rows(book.files[kind], needed=(), known=imports.COLUMNS[kind]))


def cells(book: BookSet, kind: str = "payments") -> list[dict[str, str]]:
    found = read(book, kind)
    assert all(isinstance(each, RawRow) for each in found), found
    return [dict(each.cells) for each in found]


@pytest.fixture
def open_(tmp_path):
    def open_one(place: Path, **options):
        return opened(place, kinds=imports.KINDS, temporary=tmp_path / "temporary", **options)

    return open_one


def refused(open_, place: Path, **options) -> str:
    with pytest.raises(BookError) as error, open_(place, **options):
        pass
    return str(error.value)


def test_an_archive_is_the_same_set_as_its_folder(open_, tmp_path):
    folder = open_set(books.write(tmp_path / "book"), kinds=imports.KINDS)
    with open_(packed(tmp_path / "book.zip")) as book:
        assert (book.digest, book.as_of) == (folder.digest, date(2026, 3, 1))
        assert read(book, "instalments") == read(folder, "instalments")
        assert book.unchanged()


def test_the_files_of_an_archive_may_lie_in_one_folder_among_what_a_computer_adds(open_, tmp_path):
    names = {f"march/{name}": text for name, text in books.FILES.items()}
    added = {"march/": "", "march/.DS_Store": "x", "__MACOSX/march/._loans.csv": "x"}
    with open_(packed(tmp_path / "book.zip", names | added)) as book:
        assert sorted(book.files) == ["borrowers", "instalments", "loans", "payments"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../loans.csv", "names a file outside of it"),
        ("/loans.csv", "names a file outside of it"),
        ("a/../../loans.csv", "names a file outside of it"),
        ("..\\loans.csv", "names a file outside of it"),
        ("C:loans.csv", "names a file outside of it"),
        ("other/loans.csv", "in several folders"),
        ("more.zip", "hand that in by itself"),
        ("more.XLSX", "hand that in by itself"),
        ("notes.txt", "notes.txt is no file of a loan book"),
    ],
)
def test_an_archive_with_anything_else_in_it_is_refused(open_, tmp_path, name, said):
    assert said in refused(open_, packed(tmp_path / "book.zip", books.FILES | {name: "x"}))


def test_a_file_that_stands_twice_in_an_archive_is_refused(open_, tmp_path):
    with zipfile.ZipFile(tmp_path / "book.zip", "w") as archive:
        archive.writestr("loans.csv", books.LOANS)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("loans.csv", books.LOANS)
    assert "holds loans.csv twice" in refused(open_, tmp_path / "book.zip")


def test_an_encrypted_archive_is_refused(open_, tmp_path):
    place = packed(tmp_path / "book.zip")
    data = bytearray(place.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + flags
        data[at : at + 2] = struct.pack("<H", 1)
    place.write_bytes(data)
    assert "is encrypted" in refused(open_, place)


def test_an_archive_that_grows_too_much_is_refused_unread(open_, tmp_path):
    bomb = packed(tmp_path / "bomb.zip", books.FILES | {"payments.csv": " " * 11 * 1024**2})
    assert "200 times as large" in refused(open_, bomb)


def test_an_archive_of_too_many_or_too_large_files_is_refused(open_, tmp_path, monkeypatch):
    place = packed(tmp_path / "book.zip")
    total = sum(len(text.encode()) for text in books.FILES.values())
    monkeypatch.setattr(book_archives, "LARGEST_TOTAL", total)
    monkeypatch.setattr(book_archives, "MOST_MEMBERS", len(books.FILES))
    with open_(place):
        pass
    monkeypatch.setattr(book_archives, "LARGEST_TOTAL", total - 1)
    assert f"would be {total} bytes unpacked" in refused(open_, place)
    monkeypatch.setattr(book_archives, "MOST_MEMBERS", len(books.FILES) - 1)
    assert "holds 5 files; 4 are allowed" in refused(open_, place)


def test_a_member_is_read_no_further_than_its_stated_size(open_, tmp_path):
    """A directory may lie about sizes: the check by which bombs are known would be worth nothing."""
    place = packed(
        tmp_path / "book.zip",
        {"payments.csv": books.PAYMENTS + "P2" * 50_000, "set.toml": "as_of = 2026-03-01"},
    )
    data = bytearray(place.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 100)
    place.write_bytes(data)
    assert "book.zip is damaged" in refused(open_, place)


@pytest.mark.parametrize("name", ["book.zip", "book.xlsx"])
def test_what_only_calls_itself_an_archive_is_refused(open_, tmp_path, name):
    place = tmp_path / name
    place.write_bytes(b"PK\x03\x04 and nothing behind it")
    assert f"{name} cannot be read as {place.suffix[1:]}" in refused(open_, place)


def test_a_damaged_archive_is_refused(open_, tmp_path):
    place = packed(tmp_path / "book.zip")
    data = bytearray(place.read_bytes())
    data[60] ^= 0xFF
    place.write_bytes(data)
    assert "is damaged" in refused(open_, place)


def test_a_workbook_is_read_cell_by_cell_exactly(open_, tmp_path):
    table = payments(
        ["P1", "L1", date(2026, 2, 1), 1036.5, "TWD", "payment", None],
        ["P2", "L1", datetime(2026, 2, 2), 0.1 + 0.2, "TWD", "payment", "two\nlines, and a comma"],
        ["P3", 1001, "2026-02-03", 1e-7, "TWD", "reversal", "  0017 "],
        ["P4", 1001.0, datetime(2026, 2, 3, 12), 123456789012.34, "TWD", True, "=not a formula"],
    )
    place = sheets(tmp_path / "book.xlsx", payments=table, set=AS_OF)
    workbook = openpyxl.load_workbook(place)
    workbook["payments"]["G5"].data_type = "s"
    workbook.save(place)
    with open_(place) as book:
        found = cells(book)
    assert book.as_of == date(2026, 3, 1)
    assert [each["amount"] for each in found] == ["1036.5", "0.3", "0.0000001", "123456789012.34"]
    assert [each["paid_on"] for each in found] == [
        "2026-02-01",
        "2026-02-02",
        "2026-02-03",
        "2026-02-03T12:00:00",
    ]
    assert [each["contract_no"] for each in found] == ["L1", "L1", "1001", "1001"]
    assert [each["reference"] for each in found] == ["", "two\nlines, and a comma", "0017", "=not a formula"]
    assert found[3]["kind"] == "TRUE"


def test_every_amount_that_fits_a_cell_comes_out_as_it_was_put_in(open_, tmp_path):
    amounts = [Decimal(minor) / 100 for minor in (*range(0, 2000, 7), 99_999_999_999_99, 12_345_678_901_23)]
    table = payments(*([f"P{n}", "L1", "2026-02-01", float(each)] for n, each in enumerate(amounts)))
    with open_(sheets(tmp_path / "book.xlsx", payments=table, set=AS_OF)) as book:
        assert [Decimal(each["amount"]) for each in cells(book)] == amounts


def test_what_a_workbook_does_not_know_exactly_is_told_by_sheet_row_and_cell(open_, tmp_path):
    table = payments(
        ["P1", "L1", "2026-02-01", "=1+1", "TWD", "payment"],
        [],
        ["P2", "L1", "2026-02-01", 110101199003071234, "TWD", "payment"],
        ["P3", "#DIV/0!", "2026-02-01", 5, "TWD", "payment"],
        ["P4", "L1", "2026-02-01", 999_999_999_999_999, "TWD", "payment"],
    )
    with open_(sheets(tmp_path / "book.xlsx", payments=table, set=AS_OF)) as book:
        *wrong, last = read(book, "payments")
    assert [(each.file, each.line, each.column, each.value) for each in wrong] == [
        ("payments", 2, "amount", "=1+1"),
        ("payments", 4, "amount", "1.101011990030712e+17"),
        ("payments", 5, "contract_no", "#DIV/0!"),
    ]
    assert [each.reason.partition(":")[0] for each in wrong] == [
        "cell D2 is a formula",
        "cell D4 is a number of more than 15 digits, which a spreadsheet cuts",
        "cell B5 holds an error of the spreadsheet",
    ]
    assert (last.line, last.cells["amount"]) == (6, "999999999999999")


def test_a_formula_in_the_header_is_told(open_, tmp_path):
    place = sheets(tmp_path / "book.xlsx", payments=[["=A2", "contract_no"], ["P1", "L1"]], set=AS_OF)
    with open_(place) as book:
        assert "cell A1 is a formula" in read(book, "payments")[0].reason


def test_rows_of_a_sheet_keep_their_numbers_whatever_is_between_them(open_, tmp_path):
    table = payments(["P1", "a\nb\nc"], [], [None], ["P2"])
    with open_(sheets(tmp_path / "book.xlsx", payments=table, set=AS_OF)) as book:
        assert [each.line for each in read(book, "payments")] == [2, 5]


def test_sheets_are_found_under_the_names_of_a_mapping_and_empty_ones_are_passed_over(open_, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[payments]\nfile = "Money in"\npayment_id = "{ID}"\n')
    place = sheets(tmp_path / "book.xlsx", **{"money in": [["ID"], ["P1"]], "Set": AS_OF, "Sheet3": []})
    with open_(place, mappings=read_mapping(mapping, known=imports.COLUMNS)) as book:
        assert cells(book) == [{"payment_id": "P1"}]


def test_an_unknown_sheet_with_something_in_it_is_refused(open_, tmp_path):
    place = sheets(tmp_path / "book.xlsx", payments=payments(), set=AS_OF, notes=[["call them"]])
    assert "the sheet notes is none of a loan book" in refused(open_, place)


@pytest.mark.parametrize(
    "table", [[], [["as_of"]], [["day", "2026-03-01"]], [["as_of", "=TODAY()"]], [["as_of", 46082]]]
)
def test_a_workbook_names_its_day_or_is_refused(open_, tmp_path, table):
    said = refused(open_, sheets(tmp_path / "book.xlsx", payments=payments(), set=table))
    assert "the sheet set: " in said
    with open_(sheets(tmp_path / "other.xlsx", payments=payments()), as_of=date(2026, 3, 1)) as book:
        assert book.as_of == date(2026, 3, 1)


def test_a_sheet_that_names_a_row_beyond_the_last_is_refused(open_, tmp_path):
    place = sheets(tmp_path / "book.xlsx", payments=payments(["P1"]), set=AS_OF)
    forged = _with(
        place, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<row r="2"', b'<row r="9999999999"')
    )
    assert "beyond 1048576" in refused(open_, forged)


def test_a_workbook_whose_texts_expand_is_refused(open_, tmp_path):
    place = sheets(tmp_path / "book.xlsx", payments=payments(["P1"]), set=AS_OF)
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>\n<worksheet'
    forged = _with(place, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<worksheet", entity, 1))
    assert "cannot be read as xlsx: EntitiesForbidden" in refused(open_, forged)


def test_a_workbook_with_too_many_texts_is_refused(open_, tmp_path, monkeypatch):
    place = sheets(tmp_path / "book.xlsx", payments=payments(["P1"]), set=AS_OF)
    monkeypatch.setattr(book_workbooks, "LARGEST_APART", 100)
    assert "too many texts" in refused(open_, place)


def test_nothing_is_left_behind(open_, tmp_path):
    place = sheets(tmp_path / "book.xlsx", payments=payments(["P1"]), set=AS_OF)
    with open_(place):
        assert list((tmp_path / "temporary").iterdir())
    assert not list((tmp_path / "temporary").iterdir())
    refused(open_, sheets(tmp_path / "bad.xlsx", payments=payments(), notes=[["x"]]))
    assert not list((tmp_path / "temporary").iterdir())


def test_only_the_folder_of_somebody_who_was_killed_is_swept(tmp_path):
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / ".in-use").touch()
    with workspace(tmp_path) as folder:
        assert sweep(tmp_path) == 1
        assert list(tmp_path.iterdir()) == [folder]


def test_the_meter_says_how_much_of_the_set_was_read(open_, tmp_path):
    with open_(packed(tmp_path / "book.zip")) as book:
        assert book.meter.percent() == 0
        read(book, "borrowers")
        halfway = book.meter.percent()
        assert 0 < halfway < 100
        for kind in ("loans", "instalments", "payments"):
            read(book, kind)
        assert book.meter.percent() == 100


def _with(place: Path, name: str, change) -> Path:
    forged = place.with_name("forged.xlsx")
    with zipfile.ZipFile(place) as old, zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            data = old.read(each)
            new.writestr(each, change(data) if each.filename == name else data)
    return forged
