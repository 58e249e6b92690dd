"""Taking in a loan book again, a newer one, a changed one, and a large one."""

import shutil
import tracemalloc
from datetime import date

import pytest
from sqlalchemy import func, select

from portal.domain.actor import system
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.infra.book_files import open_set
from portal.models import BookImport, Borrower, ContactPoint, Instalment, Lender, Loan, Party, Payment
from portal.services import book_rows, imports
from portal.vocabulary import ContactKind, IdType
from tests import factories
from tests.conftest import NOW
from tests.services import books
from tests.services.test_imports import check, count, only_problem, take_in


@pytest.fixture
def lender(session) -> Lender:
    return factories.lender(session, "taiwan", preset="tw")


def test_the_same_set_again_changes_nothing(session, lender, tmp_path):
    place = books.write(tmp_path / "book")
    take_in(session, lender, place)
    again = take_in(session, lender, place)

    assert again.unchanged
    assert count(session, BookImport) == 1
    assert count(session, Instalment) == 5


def test_a_newer_set_updates_by_contract_number_and_never_deletes(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "old"))
    loan = session.scalar(select(Loan).where(Loan.contract_no == "L1"))
    kept = (loan.id, loan.ref, loan.created_at)
    paid = books.INSTALMENTS.replace(
        "L1,2,2026-03-01,1000.00,24.33,0,0,0,0", "L1,2,2026-03-01,1000,24.33,0,1000,0,0"
    )
    without_two = "\n".join(line for line in paid.splitlines() if not line.startswith("L2")) + "\n"
    moved = "\n".join(line for line in books.BORROWERS.splitlines() if not line.startswith("B2")).replace(
        "0912345678", "0987654321"
    )
    take_in(
        session,
        lender,
        books.write(
            tmp_path / "new",
            borrowers=moved,
            loans="\n".join(books.LOANS.splitlines()[:2]).replace("0.146", "0.12"),
            instalments=without_two,
            set="as_of = 2026-03-05\n",
        ),
    )

    session.refresh(loan)
    assert (loan.id, loan.ref, loan.created_at) == kept
    assert (loan.annual_rate_ppm, loan.as_of) == (120_000, date(2026, 3, 5))
    second = session.scalar(select(Instalment).where(Instalment.loan_id == loan.id, Instalment.number == 2))
    assert second.principal_paid == 100_000
    assert (count(session, Borrower), count(session, Loan), count(session, Instalment)) == (2, 2, 5)
    other = session.scalar(select(Loan).where(Loan.contract_no == "L2"))
    assert other.as_of == date(2026, 3, 1)
    phones = session.scalars(
        select(ContactPoint).where(ContactPoint.kind == ContactKind.PHONE).order_by(ContactPoint.id)
    ).all()
    assert [(point.value, point.main) for point in phones] == [
        ("+886912345678", False),
        ("+886987654321", True),
    ]


def test_a_telephone_that_comes_back_is_the_main_one_again(session, lender, tmp_path):
    changed = books.BORROWERS.replace("0912345678", "0987654321")
    take_in(session, lender, books.write(tmp_path / "one"))
    take_in(session, lender, books.write(tmp_path / "two", borrowers=changed, set="as_of = 2026-03-02\n"))
    take_in(session, lender, books.write(tmp_path / "three", set="as_of = 2026-03-03\n"))

    points = session.scalars(select(ContactPoint).where(ContactPoint.kind == ContactKind.PHONE))
    found = {point.value: (point.main, point.main_since is not None) for point in points}
    assert found == {"+886912345678": (True, True), "+886987654321": (False, False)}


def test_an_older_set_is_refused(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "new"))
    older = check(session, lender, books.write(tmp_path / "old", set="as_of = 2026-02-27\n"))

    with pytest.raises(Refused, match="book_older"):
        imports.write(session, lender=lender, check=older, actor=system(lender.id, "import"), now=NOW)


def test_a_file_changed_while_it_is_read_is_refused(session, lender, tmp_path):
    place = books.write(tmp_path / "book")
    book = open_set(place, kinds=imports.KINDS)
    (place / "payments.csv").write_text(books.PAYMENTS.replace("1036.50", "9999.00"), "utf-8")

    with pytest.raises(Refused, match="book_changed_while_read"):
        imports.check(session, lender=lender, book=book)


def test_what_was_checked_is_written_and_no_file_is_read_again(session, lender, tmp_path):
    """While a set is written, on SQLite nobody else can write: nothing is read by then."""
    parties = "contract_no,party_no,role,name,consent,signs\nL1,1,guarantor,Test Three,yes,no\n"
    place = books.write(tmp_path / "book", parties=parties)
    checked = check(session, lender, place)
    shutil.rmtree(place)
    imports.write(session, lender=lender, check=checked, actor=system(lender.id, "import"), now=NOW)

    assert {each.name for each in session.scalars(select(Borrower))} == {"林示範", "Test Two"}
    assert [each.name for each in session.scalars(select(Party))] == ["Test Three"]
    assert session.scalars(select(Payment.amount)).all() == [103650]


def test_how_much_is_written_is_told_over_all_files(session, lender, tmp_path):
    checked = check(session, lender, books.write(tmp_path / "book"))

    assert checked.percent_written("borrowers", 1) == 10  # of 2 + 2 + 5 + 1 rows
    assert checked.percent_written("instalments", 5) == 90
    assert checked.percent_written("payments", 1) == 100


def test_payments_alone_may_follow_when_their_loans_are_in_the_book(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "book"))
    later = tmp_path / "payments.csv"
    later.write_text(books.PAYMENTS.replace("P1,L1,2026-02-01", "P2,L1,2026-03-04"), "utf-8")
    take_in(session, lender, later, as_of=date(2026, 3, 4))

    assert count(session, Payment) == 2
    assert session.scalar(select(Loan.as_of).where(Loan.contract_no == "L1")) == date(2026, 3, 1)


def test_what_a_newer_set_says_again_is_not_written_again(session, lender, tmp_path):
    """A book is sent every day, and nearly all of it is as it was."""
    take_in(session, lender, books.write(tmp_path / "one"))
    sealed = [
        session.scalars(select(column)).all() for column in (Borrower.name_sealed, ContactPoint.value_sealed)
    ]
    touched = select(Instalment.created_at, Instalment.ref).order_by(Instalment.id)
    rows = session.execute(touched).all()
    take_in(session, lender, books.write(tmp_path / "two", set="as_of = 2026-03-02\n"))

    again = [
        session.scalars(select(column)).all() for column in (Borrower.name_sealed, ContactPoint.value_sealed)
    ]
    assert again == sealed
    assert session.execute(touched).all() == rows
    assert set(session.scalars(select(Loan.as_of))) == {date(2026, 3, 2)}
    assert set(session.scalars(select(Loan.import_id))) == {session.scalar(select(func.max(BookImport.id)))}


def test_a_changed_name_number_place_or_zone_of_a_borrower_is_taken_over(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "one"))
    changed = books.BORROWERS.replace("林示範,tw_id,A123456789", "林新名,passport,X1").replace(
        "25.03", "25.04"
    )
    take_in(session, lender, books.write(tmp_path / "two", borrowers=changed, set="as_of = 2026-03-02\n"))

    borrower = session.scalar(select(Borrower).where(Borrower.borrower_no == "B1"))
    assert (borrower.name, borrower.id_type, borrower.id_no) == ("林新名", IdType.PASSPORT, "X1")
    assert borrower.id_no_index == crypto.keyring().index(lender.id, "borrower.id_no", "X1")
    address = session.scalar(select(ContactPoint).where(ContactPoint.kind == ContactKind.ADDRESS))
    assert (address.position, address.area, address.main) == ("25.04,121.51", "臺北市 中正區", True)


def test_a_loan_of_the_book_keeps_its_currency(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "one"))
    other = books.LOANS.replace("L2,B2,card,TWD", "L2,B2,card,CNY")
    place = books.write(tmp_path / "two", loans=other, instalments=None, set="as_of = 2026-03-02\n")

    assert only_problem(session, lender, place)[1:] == (3, "currency", "CNY", "was TWD before")


def test_memory_does_not_grow_with_the_book(session, lender, tmp_path, monkeypatch):
    """What is held at the worst moment is the same for a book and for one five times as long."""
    monkeypatch.setattr(imports, "CHUNK", 100)
    monkeypatch.setattr(imports, "READ_AT_ONCE", 100)
    monkeypatch.setattr(book_rows, "MOST_REMEMBERED", 100)
    peaks = {}
    for size in (500, 600, 3000):  # the first warms up what is kept for good
        place = tmp_path / str(size)
        loans = "".join(
            f"X{size}-{number},B1,card,TWD,5000,0.15,2026-01-01,4,minimum_payment,act/365,\n"
            for number in range(size // 4)
        )
        rows = "".join(
            f"X{size}-{number // 4},{number % 4 + 1},2026-03-01,{number}.17,0,0,0,0,0\n"
            for number in range(size)
        )
        books.write(place, loans=books.LOANS + loans, instalments=books.INSTALMENTS + rows)
        tracemalloc.start()
        take_in(session, lender, place)
        peaks[size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count(session, Instalment) == 4105
    assert peaks[3000] < peaks[600] * 2, peaks
