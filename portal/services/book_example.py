"""A small loan book to look at: nobody in it exists, and every column of the book has its place in it."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date

from portal.services import book_rows, imports

NAME = "loan-book-example.zip"
AS_OF = date(2026, 3, 1)
_SECOND = {"borrower_no": "EX-2", "name": "Test Person Two", "language": "en"}
ROWS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "borrowers": (
        {
            "borrower_no": "EX-1",
            "name": "Example Person One",
            "email": "one@borrower.example",
            "language": "en",
            "province": "Example Province",
            "city": "Example City",
            "address": "1 Example Road",
        },
        _SECOND,
    ),
    "loans": (
        {
            "contract_no": "EX-L1",
            "borrower_no": "EX-1",
            "product": "consumer_loan",
            "currency": "TWD",
            "principal": "3000.00",
            "annual_rate": "0.12",
            "start_date": "2025-12-01",
            "periods": "3",
            "method": "equal_principal",
            "day_count": "30/360",
        },
        {
            "contract_no": "EX-L2",
            "borrower_no": "EX-2",
            "product": "card",
            "currency": "TWD",
            "principal": "500.00",
            "annual_rate": "0.15",
            "start_date": "2026-02-01",
            "periods": "1",
            "method": "minimum_payment",
            "day_count": "act/365",
            "credit_limit": "20000.00",
        },
    ),
    "instalments": tuple(
        {
            "contract_no": contract,
            "number": number,
            "due_date": due,
            "principal": principal,
            "interest": interest,
            "fees": "0",
            "principal_paid": principal if paid else "0",
            "interest_paid": interest if paid else "0",
            "fees_paid": "0",
        }
        for contract, number, due, principal, interest, paid in (
            ("EX-L1", "1", "2026-01-01", "1000.00", "30.00", True),
            ("EX-L1", "2", "2026-02-01", "1000.00", "20.00", False),
            ("EX-L1", "3", "2026-03-01", "1000.00", "10.00", False),
            ("EX-L2", "1", "2026-03-01", "500.00", "0", False),
        )
    ),
    "payments": (
        {
            "payment_id": "EX-P1",
            "contract_no": "EX-L1",
            "paid_on": "2026-01-01",
            "amount": "1030.00",
            "currency": "TWD",
            "kind": "payment",
            "reference": "EX-REF-1",
        },
    ),
}


def archive() -> bytes:
    """Return the example as a zip archive, each file with every column there is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("set.toml", f"as_of = {AS_OF.isoformat()}\n")
        for kind in imports.KINDS:
            text = io.StringIO()
            writer = csv.DictWriter(text, imports.COLUMNS[kind], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROWS.get(kind, ()))
            files.writestr(f"{kind}.csv", text.getvalue())
    return packed.getvalue()


def columns() -> list[tuple[str, list[str], list[str]]]:
    """Return each kind of file with the columns it needs and those it may have."""
    return [
        (kind, list(needed), [name for name in imports.COLUMNS[kind] if name not in needed])
        for kind in imports.KINDS
        for needed in [book_rows.needed(kind)]
    ]
