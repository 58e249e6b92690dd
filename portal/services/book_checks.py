"""What one row of a loan book must say, alone and beside the others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.domain.accrual import fits_accrual
from portal.domain.id_numbers import check_digit_fits
from portal.infra.key_store import KeyStore
from portal.services import book_rows
from portal.services.book_rows import CellError, Row

OF_SET, OF_BOOK = "set", "book"
BROKEN = "?"


@dataclass
class Keys:
    """The numbers in the set and in the lender's book, and what the rows that name them need to know."""

    region: str
    store: KeyStore = field(default_factory=KeyStore)

    def in_book(self, kind: str, key: str, value: str = "") -> None:
        """Remember a number of the book itself; the set may name it too, once."""
        self.store.add(f"{OF_BOOK} {kind}", key, value)

    def first_time(self, kind: str, key: str, value: str = "") -> bool:
        return self.store.add(f"{OF_SET} {kind}", key, value)

    def broken(self, kind: str, row: Row) -> None:
        """Remember the number of a row that could not be read, so that only this row is told about."""
        number = row.get({"borrowers": "borrower_no", "loans": "contract_no"}.get(kind, ""))
        if number:
            self.first_time(kind.removesuffix("s"), number, BROKEN)

    def find(self, kind: str, key: str) -> str | None:
        """Return what is known of a number: as the set says, else as the book says."""
        found = self.store.get(f"{OF_SET} {kind}", key)
        return self.store.get(f"{OF_BOOK} {kind}", key) if found is None else found


def typed(kind: str, cells: Any, keys: Keys, wrong: list[CellError]) -> Row:
    """Read a row with its amounts in minor units; what is wrong is added to `wrong`."""
    row = book_rows.read(kind, cells, wrong)
    if row.get("phone"):
        try:
            row["phone"] = book_rows.phone(row["phone"], keys.region)
        except ValueError as error:
            wrong.append(CellError("phone", row["phone"], str(error)))
    if kind == "borrowers":
        return row
    currency = row.get("currency") if kind != "instalments" else _currency(row.get("contract_no"), keys)
    if currency:
        wrong.extend(book_rows.read_amounts(kind, row, currency))
    return row


def _currency(contract_no: str | None, keys: Keys) -> str | None:
    found = keys.find("loan", contract_no) if contract_no else None
    return found.partition(" ")[0] if found and found != BROKEN else None


def check(kind: str, row: Row, keys: Keys) -> Iterator[CellError]:
    """Compare a row that could be read with the others, and remember its number."""
    yield from _CHECKS[kind](row, keys)


def warning(kind: str, row: Row) -> str | None:
    """Return what is odd about a row and no error: the column of an ID number with a wrong check digit."""
    if kind != "borrowers" or not row.get("id_no"):
        return None
    return "id_no" if check_digit_fits(row["id_type"], row["id_no"]) is False else None


def _borrower(row: Row, keys: Keys) -> Iterator[CellError]:
    if not keys.first_time("borrower", row["borrower_no"]):
        yield CellError("borrower_no", row["borrower_no"], "stands twice in the set")
    if (row["lat"] is None) != (row["lon"] is None):
        column = "lat" if row["lat"] is None else "lon"
        yield CellError(column, "", "is blank although its partner is not")


def _loan(row: Row, keys: Keys) -> Iterator[CellError]:
    number, principal, ppm = row["contract_no"], row["principal"], row["annual_rate"]
    before = keys.find("loan", number)
    if not keys.first_time("loan", number, f"{row['currency']} {principal}"):
        yield CellError("contract_no", number, "stands twice in the set")
    elif before and before != BROKEN and before.partition(" ")[0] != row["currency"]:
        yield CellError("currency", row["currency"], f"was {before.partition(' ')[0]} before")
    if keys.find("borrower", row["borrower_no"]) is None:
        yield CellError("borrower_no", row["borrower_no"], "is no borrower of this set or of the book")
    if principal == 0:
        yield CellError("principal", "0", "is zero")
    if not fits_accrual(principal, ppm):
        yield CellError(
            "principal", str(principal), "is too large at this rate: ten years do not fit 64 bits"
        )


def _instalment(row: Row, keys: Keys) -> Iterator[CellError]:
    number = row["contract_no"]
    loan = keys.find("loan", number)
    if loan is None:
        yield CellError("contract_no", number, "is no loan of this set or of the book")
        return
    if not keys.first_time("instalment", f"{number}|{row['number']}"):
        yield CellError("number", str(row["number"]), "stands twice in the set for this loan")
    if loan == BROKEN:
        return
    if row["principal"] > int(loan.partition(" ")[2]):
        yield CellError("principal", str(row["principal"]), "is more than the loan's principal")
    for part in ("principal", "interest", "fees"):
        if row[f"{part}_paid"] > row[part]:
            yield CellError(f"{part}_paid", str(row[f"{part}_paid"]), f"is more than {part}")


def _payment(row: Row, keys: Keys) -> Iterator[CellError]:
    if not keys.first_time("payment", row["payment_id"]):
        yield CellError("payment_id", row["payment_id"], "stands twice in the set")
    currency = _currency(row["contract_no"], keys)
    if keys.find("loan", row["contract_no"]) is None:
        yield CellError("contract_no", row["contract_no"], "is no loan of this set or of the book")
    elif currency and currency != row["currency"]:
        yield CellError("currency", row["currency"], f"is not the loan's currency, {currency}")
    if row["amount"] == 0:
        yield CellError("amount", "0", "is zero; a reversal is a positive row of its own kind")


_CHECKS = {"borrowers": _borrower, "loans": _loan, "instalments": _instalment, "payments": _payment}
