"""Where the rows of a loan book wait between being read and being written."""

import pytest

from portal.infra.book_stage import INSTALMENTS, LOANS, NUMBERS, BookStage
from tests.conftest import NOW

PARTS = ("due_date", "principal", "interest", "fees", "principal_paid", "interest_paid", "fees_paid")


@pytest.fixture
def stage():
    made = BookStage()
    yield made
    made.close()


def test_a_key_is_taken_once_and_the_later_row_is_told_by_its_place(stage):
    assert stage.add("borrower", (), [("B1", 2), ("B2", 3)]) == []
    assert stage.add("borrower", (), [("B3", 4), ("B1", 5), ("B3", 6)]) == [1, 2]
    assert stage.known("borrower", {"B1", "B3", "B9"}, "line") == {"B1": (2,), "B3": (4,)}


def test_instalments_come_back_loan_by_loan_under_the_ids_of_the_book(stage):
    stage.add("borrower", (), [("B1", 2)])
    stage.add("loan", ("borrower", "currency"), [("L1", 2, 1, "TWD"), ("L2", 3, 1, "TWD")])
    handles = {key: row[0] for key, row in stage.known("loan", ["L1", "L2"], "handle").items()}
    rows = [("L2", 1200), ("L1", 2), ("L1", 1)]
    staged = [
        (handles[number] * NUMBERS + part, line, "2026-03-01", 5, 4, 3, 2, 1, 0)
        for line, (number, part) in enumerate(rows)
    ]
    assert stage.add("instalment", PARTS, staged) == []
    stage.resolve("loan", {"L1": 71, "L2": 72})

    chunks = list(stage.chunks(INSTALMENTS, 2))
    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert [row[:2] for chunk in chunks for row in chunk] == [(71, 1), (71, 2), (72, 1200)]
    assert chunks[0][0][2:] == ("2026-03-01", 5, 4, 3, 2, 1, 0)


def test_only_loans_of_the_set_are_to_be_written(stage):
    stage.add("borrower", ("book_id",), [("B1", 0, 9)])
    stage.add("loan", ("book_id", "borrower"), [("old", 0, 5, None), ("new", 2, None, 1)])

    assert [row[:2] for chunk in stage.chunks(LOANS, 10) for row in chunk] == [(9, "new")]


def test_rows_about_people_come_back_in_their_order_and_stand_there_sealed(stage):
    first, second = (
        [{"name": "林示範", "at": NOW}, {"name": "Test Two", "at": None}],
        [{"name": "Test Three"}],
    )
    stage.put_aside("borrowers", first)
    stage.put_aside("borrowers", second)
    stage.put_aside("parties", [{"name": "Test Four"}])
    stage.put_aside("contacts", [])

    assert list(stage.aside("borrowers")) == [*first, *second]
    assert list(stage.aside("contacts")) == []
    kept = [bytes(blob) for row in stage._database.execute("SELECT nonce, sealed FROM aside") for blob in row]
    assert len(kept) == 6
    assert not [blob for blob in kept if b"Test" in blob or "林示範".encode() in blob]
