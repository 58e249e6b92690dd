"""What the rows of a loan book about people must say: how to reach them, who else signed, history."""

from collections.abc import Sequence
from datetime import datetime

from portal.infra import crypto
from portal.infra.book_files import RawRow
from portal.services import book_cells
from portal.services.book_checks import Checks, Found, Staged, half_a_position, no_loan
from portal.services.book_rows import CellError, Row
from portal.vocabulary import ContactKind

NO_BORROWER = "is no borrower of this set or of the book"
WHOSE = "either this or borrower_no says whose contact it was"


def take(checks: Checks, kind: str, rows: Sequence[RawRow]) -> Found | None:
    """Check some rows of one of these files; None: the file is of another kind."""
    if kind not in _CHECKS:
        return None
    found = Found()
    read = _CHECKS[kind](checks, rows, found)
    checks.put_aside(kind, read, found)
    found.wrong.sort(key=lambda each: each[0])
    return found


def typed(checks: Checks, kind: str, row: RawRow, wrong: list[CellError]) -> Row:
    """Read a row, the value of a contact point as what its kind says, a time without a zone on the lender's
    clocks."""
    read = checks.typed(kind, row.cells, wrong)
    if kind == "contact_points" and {"kind", "value"} <= read.keys():
        try:
            read["value"] = _point_value(checks, read["kind"], read["value"])
        except ValueError as error:
            wrong.append(CellError("value", read["value"], str(error)))
    if isinstance(at := read.get("at"), datetime) and at.tzinfo is None:
        read["at"] = at.replace(tzinfo=checks.zone)
    return read


def _point_value(checks: Checks, kind: ContactKind, value: str) -> str:
    if kind is ContactKind.PHONE:
        return book_cells.phone(value, checks.region)
    return book_cells.email(value) if kind is ContactKind.EMAIL else value


def _contact_points(checks: Checks, rows: Sequence[RawRow], found: Found) -> list[Row]:
    borrowers = checks.known_borrowers({raw.cells.get("borrower_no", "") for raw in rows})
    keyring, staged, read = crypto.keyring(), Staged(), list[Row]()
    for place, raw in enumerate(rows):
        wrong: list[CellError] = []
        row = typed(checks, "contact_points", raw, wrong)
        read.append(row)
        if not wrong:
            wrong += half_a_position(row)
            number, kind = row["borrower_no"], row["kind"]
            if number not in borrowers:
                wrong.append(CellError("borrower_no", number, NO_BORROWER))
            index = keyring.index(checks.lender_id, f"contact.{kind}", row["value"]).hex()
            staged.add(place, (f"point|{number}|{kind}|{index}", raw.line))
        found.add(place, wrong)
    checks.keep("other", (), staged, "value", found)
    return read


def _parties(checks: Checks, rows: Sequence[RawRow], found: Found) -> list[Row]:
    loans = checks.known_loans({raw.cells.get("contract_no", "") for raw in rows})
    staged, read = Staged(), list[Row]()
    for place, raw in enumerate(rows):
        wrong: list[CellError] = []
        row = typed(checks, "parties", raw, wrong)
        read.append(row)
        if not wrong:
            if row["contract_no"] not in loans:
                wrong.append(no_loan(row))
            checks.look_at_number(place, row, found)
            staged.add(place, (f"party|{row['contract_no']}|{row['party_no']}", raw.line))
        found.add(place, wrong)
    checks.keep("other", (), staged, "party_no", found)
    return read


def _contacts(checks: Checks, rows: Sequence[RawRow], found: Found) -> list[Row]:
    loans = checks.known_loans({raw.cells.get("contract_no", "") for raw in rows} - {""})
    borrowers = checks.known_borrowers({raw.cells.get("borrower_no", "") for raw in rows} - {""})
    staged, read = Staged(), list[Row]()
    for place, raw in enumerate(rows):
        wrong: list[CellError] = []
        row = typed(checks, "contacts", raw, wrong)
        read.append(row)
        if not wrong:
            loan, borrower, at = row["contract_no"] or "", row["borrower_no"] or "", row["at"]
            if bool(loan) == bool(borrower):
                wrong.append(CellError("contract_no", loan, WHOSE))
            elif loan and loan not in loans:
                wrong.append(no_loan(row))
            elif borrower and borrower not in borrowers:
                wrong.append(CellError("borrower_no", borrower, NO_BORROWER))
            if at.astimezone(checks.zone).date() > checks.as_of:
                wrong.append(CellError("at", "", "is after the day of the set"))
            staged.add(place, (f"contact|{loan}|{borrower}|{at.timestamp()}|{row['channel']}", raw.line))
        found.add(place, wrong)
    checks.keep("other", (), staged, "at", found)
    return read


_CHECKS = {"contact_points": _contact_points, "parties": _parties, "contacts": _contacts}
