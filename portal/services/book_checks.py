"""What the rows of a loan book must say, alone and beside the others. What is right goes to the stage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.accrual import fits_accrual
from portal.domain.id_numbers import check_digit_fits
from portal.infra.book_files import RawRow
from portal.infra.book_stage import NUMBERS, OF_BOOK, BookStage
from portal.models import Borrower, Loan
from portal.services import book_cells
from portal.services.book_rows import CellError, Reading, Row

DIGIT = "the check digit does not fit"
_PARTS = (("principal", "principal_paid"), ("interest", "interest_paid"), ("fees", "fees_paid"))
_INSTALMENT = ("due_date", *(name for pair in zip(*_PARTS, strict=True) for name in pair))
_INSTALMENT_VALUES = itemgetter(*_INSTALMENT)
_LOAN = (
    *("book_id", "broken", "borrower", "product", "currency", "principal", "annual_rate", "start_date"),
    *("periods", "method", "day_count", "credit_limit"),
)
_PAYMENT = ("loan", "paid_on", "amount", "currency", "kind", "reference")


@dataclass
class Found:
    """What is wrong with some rows, and what is only odd, by their place among them."""

    wrong: list[tuple[int, CellError]] = field(default_factory=list)
    odd: list[tuple[int, CellError]] = field(default_factory=list)

    def add(self, place: int, errors: Iterable[CellError]) -> None:
        self.wrong += ((place, error) for error in errors)


@dataclass
class Staged:
    """Rows for the stage, and the place of each among the rows that were read."""

    places: list[int] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, place: int, row: tuple[Any, ...]) -> None:
        self.places.append(place)
        self.rows.append(row)


class KnownLoan(NamedTuple):
    handle: int
    currency: str | None
    principal: int
    broken: int


@dataclass
class Checks:
    """The checks of one set for one lender.

    `region` and `zone` are where its telephones and clocks are; `as_of` is the day of the set; with
    `strict_ids`, a check digit that does not fit is an error."""

    session: Session
    lender_id: int
    region: str
    zone: tzinfo
    as_of: date
    strict_ids: bool
    stage: BookStage = field(default_factory=BookStage)
    reading: Reading = field(default_factory=Reading)

    def typed(self, kind: str, cells: Mapping[str, str], wrong: list[CellError]) -> Row:
        """Read a row; what is wrong is added to `wrong`."""
        row = self.reading.read(kind, cells, wrong)
        if row.get("phone"):
            try:
                row["phone"] = book_cells.phone(row["phone"], self.region)
            except ValueError as error:
                wrong.append(CellError("phone", row["phone"], str(error)))
        return row

    def take(self, kind: str, rows: Sequence[RawRow]) -> Found:
        """Check some rows of a file, and remember them for the rows that name them and for writing."""
        found = Found()
        {
            "borrowers": self._borrowers,
            "loans": self._loans,
            "instalments": self._instalments,
            "payments": self._payments,
        }[kind](rows, found)
        found.wrong.sort(key=lambda each: each[0])
        return found

    def _borrowers(self, rows: Sequence[RawRow], found: Found) -> None:
        read, staged = [], Staged()
        for place, raw in enumerate(rows):
            wrong: list[CellError] = []
            row = self.typed("borrowers", raw.cells, wrong)
            read.append(row)
            if not wrong:
                wrong += half_a_position(row)
                self.look_at_number(place, row, found)
            found.add(place, wrong)
            if number := row.get("borrower_no"):
                staged.add(place, (number, raw.line))
        self.keep("borrower", (), staged, "borrower_no", found)
        self.put_aside("borrowers", read, found)

    def put_aside(self, kind: str, rows: Sequence[Row], found: Found) -> None:
        """Keep rows about people until they are written; of a set with something wrong nothing will be."""
        if not found.wrong:
            self.stage.put_aside(kind, rows)

    def look_at_number(self, place: int, row: Row, found: Found) -> None:
        """Say of an ID number whose check digit does not fit that it is wrong, or only odd."""
        if row["id_no"] and check_digit_fits(row["id_type"], row["id_no"]) is False:
            where = found.wrong if self.strict_ids else found.odd
            where.append((place, CellError("id_no", "", DIGIT)))

    def _loans(self, rows: Sequence[RawRow], found: Found) -> None:
        read, staged = [], Staged()
        for place, raw in enumerate(rows):
            wrong: list[CellError] = []
            row = self.typed("loans", raw.cells, wrong)
            found.add(place, wrong)
            read.append((place, raw.line, row, not wrong))
        borrowers = self.known_borrowers({row.get("borrower_no") for _, _, row, _ in read} - {None})
        before = self._loans_in_book({row.get("contract_no") for _, _, row, _ in read} - {None})
        for place, line, row, right in read:
            old = before.get(row.get("contract_no"))
            if right:
                found.add(place, _loan_errors(row, borrowers, old and old.currency))
            if number := row.get("contract_no"):
                staged.add(place, (number, line, *_loan_values(row, borrowers, old, broken=not right)))
        self.keep("loan", _LOAN, staged, "contract_no", found)

    def _instalments(self, rows: Sequence[RawRow], found: Found) -> None:
        """The bulk of any book: nothing is made for a row that it does not need."""
        loans = self.known_loans({raw.cells.get("contract_no", "") for raw in rows})
        read, staged, wrong = self.reading.read, Staged(), list[CellError]()
        for place, raw in enumerate(rows):
            loan = loans.get(raw.cells.get("contract_no", ""))
            row = read("instalments", raw.cells, wrong, loan.currency if loan else None)
            if not wrong and loan is None:
                wrong.append(no_loan(row))
            elif not wrong and loan and not loan.broken:
                _compare_parts(row, loan.principal, wrong)
            if wrong:
                found.add(place, wrong)
                wrong = []
            elif loan:
                key = loan.handle * NUMBERS + row["number"]
                staged.add(place, (key, raw.line, *_INSTALMENT_VALUES(row)))
        self.keep("instalment", _INSTALMENT, staged, "number", found)

    def _payments(self, rows: Sequence[RawRow], found: Found) -> None:
        loans = self.known_loans({raw.cells.get("contract_no", "") for raw in rows})
        staged = Staged()
        for place, raw in enumerate(rows):
            wrong: list[CellError] = []
            row = self.reading.read("payments", raw.cells, wrong)
            loan = loans.get(row.get("contract_no"))
            if not wrong:
                wrong += _payment_errors(row, loan)
            found.add(place, wrong)
            if "payment_id" in row:
                values = [row.get(name) for name in _PAYMENT[1:]]
                staged.add(place, (row["payment_id"], raw.line, loan and loan.handle, *values))
        self.keep("payment", _PAYMENT, staged, "payment_id", found)

    def keep(self, table: str, columns: Sequence[str], staged: Staged, column: str, found: Found) -> None:
        """Stage rows, each with its key and line first, and tell of keys that stand in the set already."""
        broken = {place for place, _ in found.wrong}
        for index in self.stage.add(table, columns, staged.rows):
            place, key = staged.places[index], staged.rows[index][0]
            if place in broken:
                continue
            of_loan = table == "instalment"
            value, where = (key % NUMBERS, " for this loan") if of_loan else (key, "")
            found.add(place, [CellError(column, str(value), f"stands twice in the set{where}")])

    def known_borrowers(self, numbers: set[Any]) -> dict[Any, int]:
        """The handles of borrowers of the set, and of the book where the set has none of the number."""
        known = self.stage.known("borrower", numbers, "handle")
        if unknown := numbers - known.keys():
            query = select(Borrower.borrower_no, Borrower.id).where(
                Borrower.lender_id == self.lender_id, Borrower.borrower_no.in_(sorted(unknown))
            )
            rows = [(row[0], OF_BOOK, row[1]) for row in self.session.execute(query)]
            self.stage.add("borrower", ("book_id",), rows)
            known |= self.stage.known("borrower", [row[0] for row in rows], "handle")
        return {number: row[0] for number, row in known.items()}

    def _loans_in_book(self, numbers: set[Any]) -> dict[Any, Any]:
        query = select(Loan.contract_no, Loan.id, Loan.currency, Loan.principal).where(
            Loan.lender_id == self.lender_id, Loan.contract_no.in_(sorted(numbers))
        )
        return {row.contract_no: row for row in self.session.execute(query)}

    def known_loans(self, numbers: set[Any]) -> dict[Any, KnownLoan]:
        columns = ("handle", "currency", "principal", "broken")
        known = self.stage.known("loan", numbers, *columns)
        if unknown := numbers - known.keys():
            book = self._loans_in_book(unknown).values()
            rows = [(row.contract_no, OF_BOOK, row.id, 0, row.currency, row.principal) for row in book]
            self.stage.add("loan", ("book_id", "broken", "currency", "principal"), rows)
            known |= self.stage.known("loan", [row[0] for row in rows], *columns)
        return {number: KnownLoan(*row) for number, row in known.items()}


def half_a_position(row: Row) -> Iterable[CellError]:
    if (row["lat"] is None) != (row["lon"] is None):
        column = "lat" if row["lat"] is None else "lon"
        yield CellError(column, "", "is blank although its partner is not")


def _loan_errors(row: Row, borrowers: Mapping[str, int], currency_before: str | None) -> Iterable[CellError]:
    principal = row["principal"]
    if currency_before and currency_before != row["currency"]:
        yield CellError("currency", row["currency"], f"was {currency_before} before")
    if row["borrower_no"] not in borrowers:
        yield CellError("borrower_no", row["borrower_no"], "is no borrower of this set or of the book")
    if principal == 0:
        yield CellError("principal", "0", "is zero")
    if not fits_accrual(principal, row["annual_rate"]):
        reason = "is too large at this rate: ten years do not fit 64 bits"
        yield CellError("principal", str(principal), reason)


def _loan_values(row: Row, borrowers: Mapping[str, int], old: Any, *, broken: bool) -> tuple[Any, ...]:
    borrower = borrowers.get(row.get("borrower_no", ""))
    return (old and old.id, broken, borrower, *(row.get(name) for name in _LOAN[3:]))


def _compare_parts(row: Row, principal: int, wrong: list[CellError]) -> None:
    """Say what is paid beyond what is owed, and what is owed beyond what was lent."""
    if row["principal"] > principal:
        wrong.append(CellError("principal", str(row["principal"]), "is more than the loan's principal"))
    for part, paid in _PARTS:
        if row[paid] > row[part]:
            wrong.append(CellError(paid, str(row[paid]), f"is more than {part}"))


def _payment_errors(row: Row, loan: KnownLoan | None) -> Iterable[CellError]:
    if loan is None:
        yield no_loan(row)
    elif not loan.broken and loan.currency != row["currency"]:
        yield CellError("currency", row["currency"], f"is not the loan's currency, {loan.currency}")
    if row["amount"] == 0:
        yield CellError("amount", "0", "is zero; a reversal is a positive row of its own kind")


def no_loan(row: Row) -> CellError:
    return CellError("contract_no", row["contract_no"], "is no loan of this set or of the book")
