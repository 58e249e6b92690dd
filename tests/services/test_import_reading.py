"""How the cells of a loan book are read; what is remembered changes nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import money
from portal.services import book_cells, book_rows
from portal.services.book_rows import Reading

NOTHING = dict.fromkeys(("interest", "fees", "principal_paid", "interest_paid", "fees_paid"), "0")
AMOUNT = {"contract_no": "L1", "number": "1", "due_date": "2026-03-01"} | NOTHING


def read_slowly(cell: str, currency: str) -> int | str:
    """As every amount of the portal is read, without the short way."""
    try:
        minor = money.parse_amount(cell, currency)
    except ValueError as error:
        return str(error).removeprefix(f"{cell!r} ").rstrip(".")
    return minor if minor <= book_cells.LARGEST_AMOUNT else "is larger than any amount of a loan book"


@given(
    st.one_of(
        st.text("0123456789.,+- ²٣３eE", min_size=1, max_size=20),
        st.decimals(min_value=0, max_value=10**14, places=2, allow_nan=False).map(str),
        st.integers(0, 10**16).map(str),
    ),
    st.sampled_from(["TWD", "JPY"]),
)
def test_an_amount_is_read_as_everywhere_in_the_portal(cell, currency):
    wrong = []
    row = Reading().read("instalments", AMOUNT | {"principal": cell}, wrong, currency)

    assert (wrong[0].reason if wrong else row["principal"]) == read_slowly(cell, currency)


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("0", 0),
        ("1.5", 150),
        ("1.50", 150),
        ("007.05", 705),
        ("999999999999.99", 99_999_999_999_999),
        ("9999999999999.99", 999_999_999_999_999),
        ("10000000000000", 10**15),
        ("1,234.50", 123_450),
    ],
)
def test_amounts_at_the_edges(cell, minor):
    assert book_cells.amount(cell, "TWD") == minor


@pytest.mark.parametrize("cell", ["10000000000000.01", "1.", ".5", "1.234", "-1", "1e3", "", "0" * 41])
def test_what_is_no_amount_of_a_loan_book(cell):
    with pytest.raises(ValueError, match="."):
        book_cells.amount(cell, "TWD")


DAYS = ["2026-03-01", "2026-02-30", "soon", "", "1899-12-31", "2200-12-31"]


@given(st.lists(st.sampled_from(DAYS), max_size=8))
def test_what_a_cell_was_read_as_before_changes_nothing(days):
    kept = Reading()
    for day in days:
        results = []
        for reading in (kept, Reading()):
            wrong = []
            row = reading.read("instalments", AMOUNT | {"principal": "1", "due_date": day}, wrong, "TWD")
            results.append((row, [(each.column, each.value, each.reason) for each in wrong]))
        assert results[0] == results[1]


def test_no_more_cells_are_remembered_than_fit():
    memory = book_rows.Memory(int)
    for number in range(book_rows.MOST_REMEMBERED + 10):
        assert memory[str(number)] == number

    assert len(memory) == book_rows.MOST_REMEMBERED


def test_without_a_currency_amounts_stay_text():
    assert Reading().read("instalments", AMOUNT | {"principal": "about 5"}, [])["principal"] == "about 5"


@pytest.mark.parametrize(
    ("cell", "read"), [("yes", True), ("TRUE", True), ("1", True), ("No", False), ("0", False)]
)
def test_yes_and_no_in_every_spelling(cell, read):
    assert book_cells.yes_no(cell) is read


def test_positions_stay_exact():
    assert book_cells.decimal_between("-90", "90")("25.030000001") == Decimal("25.030000001")
