"""docs/loan-book.md says what the import takes: its columns, its words, and a mapping that works."""

import re
from pathlib import Path

import pytest

from portal.infra.book_files import open_set
from portal.infra.book_mapping import mapping_of
from portal.services import book_rows, imports
from portal.vocabulary import (
    ContactKind,
    ContactOutcome,
    DayCount,
    IdType,
    Locale,
    Method,
    PartyRole,
    PaymentKind,
    Product,
)
from tests import factories

TEXT = Path("docs/loan-book.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### `(\w+)\.csv`[^\n]*\n(.*?)(?=^##)", TEXT, re.M | re.S))
WORDS = {
    "borrowers": (IdType, Locale),
    "loans": (Product, Method, DayCount),
    "payments": (PaymentKind,),
    "contact_points": (ContactKind,),
    "parties": (PartyRole,),
    "contacts": (ContactOutcome, book_rows.HISTORY),
}


@pytest.mark.parametrize("kind", imports.KINDS)
def test_every_column_is_named_and_those_that_are_needed_stand_out(kind):
    named = [cell for cell in re.findall(r"^\| (.*?) \|", SECTIONS[kind], re.M) if "`" in cell]
    columns = [name for cell in named for name in re.findall(r"`(\w+)`", cell)]
    bold = [name for cell in named for name in re.findall(r"\*\*`(\w+)`\*\*", cell)]

    assert sorted(columns) == sorted(imports.COLUMNS[kind])
    assert sorted(bold) == sorted(book_rows.needed(kind))


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_that_a_cell_may_hold_is_named(kind):
    for words in WORDS[kind]:
        assert ", ".join(f"`{word}`" for word in words) in SECTIONS[kind]


def test_the_mapping_that_is_shown_turns_a_lenders_own_files(session, tmp_path):
    lender = factories.lender(session, preset="tw")
    place = tmp_path / "book"
    place.mkdir()
    (place / "clients.csv").write_text("ID,LAST,FIRST,MOBILE,SEX\n7,林,示範,0912345678,1\n", "utf-8")
    (place / "loans.csv").write_text(
        "ID,TYPE,OPENED,contract_no,principal,annual_rate,periods,method,day_count\n"
        "7,CC,31/12/2025,X1,2000,0.15,3,minimum_payment,act/365\n",
        "utf-8",
    )
    (place / "set.toml").write_text("as_of = 2026-03-01\n", "utf-8")
    shown = re.search(r"```toml\n(.*?)```", TEXT, re.S)
    mappings = mapping_of(shown[1], name="shown", known=imports.COLUMNS)
    book = open_set(place, kinds=imports.KINDS, mappings=mappings)
    check = imports.check(session, lender=lender, book=book)

    assert check.problems == []
    assert check.counts == {"borrowers": 1, "loans": 1}
    row = next(check.checks.stage.aside("borrowers"))
    assert (row["borrower_no"], row["name"], row["phone"]) == ("C7", "林 示範", "+886912345678")
