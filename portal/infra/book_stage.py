"""The rows of a loan book between being read and being written: in a temporary database of this process.

It spills to disk, so that memory stays flat however many rows there are, and it is gone when closed, or
with the process. What says who somebody is stands in it under a key that only this process has: names,
identity numbers, telephone numbers and the like."""

import json
import pickle
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pysqlite3.dbapi2 as sqlite
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
NUMBERS = 2048  # an instalment's key is its loan's handle times this, plus its number
OF_BOOK = 0  # the line of what stands in the book and not in the set

# `key` is what a row must have alone; `line` is where the row stands in its file.
_TABLES = """
CREATE TABLE borrower (handle INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, line INTEGER, book_id INTEGER);
CREATE TABLE loan (
    handle INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, line INTEGER, book_id INTEGER,
    broken INTEGER, borrower INTEGER, product TEXT, currency TEXT, principal INTEGER, annual_rate INTEGER,
    start_date TEXT, periods INTEGER, method TEXT, day_count TEXT, credit_limit INTEGER);
CREATE TABLE instalment (
    key INTEGER PRIMARY KEY, line INTEGER, due_date TEXT, principal INTEGER, interest INTEGER, fees INTEGER,
    principal_paid INTEGER, interest_paid INTEGER, fees_paid INTEGER);
CREATE TABLE payment (
    handle INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, line INTEGER,
    loan INTEGER, paid_on TEXT, amount INTEGER, currency TEXT, kind TEXT, reference TEXT);
CREATE TABLE other (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE aside (handle INTEGER PRIMARY KEY, kind TEXT, nonce BLOB, sealed BLOB);
"""
LOANS = """
SELECT borrower.book_id, loan.key, product, currency, principal, annual_rate, start_date, periods, method,
       day_count, credit_limit
FROM loan JOIN borrower ON borrower.handle = loan.borrower WHERE loan.line > 0 ORDER BY loan.handle
"""
INSTALMENTS = f"""
SELECT loan.book_id, instalment.key % {NUMBERS}, due_date, instalment.principal, interest, fees,
       principal_paid, interest_paid, fees_paid
FROM instalment CROSS JOIN loan ON loan.handle = instalment.key / {NUMBERS} ORDER BY instalment.key
"""  # noqa: S608  (a number of our own)
PAYMENTS = """
SELECT loan.book_id, payment.key, paid_on, amount, payment.currency, kind, reference
FROM payment CROSS JOIN loan ON loan.handle = payment.loan ORDER BY payment.handle
"""


class BookStage:
    """Rows by kind, each key once."""

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._database = sqlite.connect("", isolation_level=None)
        for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -16000"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def add(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[int]:
        """Add rows, which begin with key and line. Return the places of those whose key was taken."""
        names, marks = ", ".join(("key", "line", *columns)), ", ".join("?" * (len(columns) + 2))
        statement = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  (names of ours)
        if self._database.executemany(statement, rows).rowcount == len(rows):
            return []
        first = self.known(table, {row[0] for row in rows}, "line")
        return [place for place, row in enumerate(rows) if first[row[0]][0] != row[1]]

    def known(self, table: str, keys: Iterable[Any], *columns: str) -> dict[Any, tuple[Any, ...]]:
        """Return these columns of the rows that have one of the keys."""
        found = self._database.execute(
            f"SELECT key, {', '.join(columns)} FROM {table} "  # noqa: S608  (names of ours)
            "WHERE key IN (SELECT value FROM json_each(?))",
            [json.dumps(list(keys))],
        )
        return {row[0]: row[1:] for row in found}

    def resolve(self, table: str, ids: Mapping[str, int]) -> None:
        """Say under which id the rows with these keys stand in the book now."""
        change = f"UPDATE {table} SET book_id = ? WHERE key = ?"  # noqa: S608  (a name of ours)
        self._database.executemany(change, [(book_id, key) for key, book_id in ids.items()])

    def put_aside(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep rows of a kind as they are, sealed, for when they are written."""
        if rows:
            nonce = secrets.token_bytes(NONCE_BYTES)
            sealed = self._cipher.encrypt(nonce, pickle.dumps(rows), kind.encode())
            self._database.execute(
                "INSERT INTO aside (kind, nonce, sealed) VALUES (?, ?, ?)", [kind, nonce, sealed]
            )

    def aside(self, kind: str) -> Iterator[Any]:
        """Return the rows of a kind that were put aside, in their order."""
        query = "SELECT nonce, sealed FROM aside WHERE kind = ? ORDER BY handle"
        for nonce, sealed in self._database.execute(query, [kind]):
            yield from pickle.loads(self._cipher.decrypt(nonce, sealed, kind.encode()))  # noqa: S301  (ours)

    def chunks(self, query: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Read what a query of this module finds, some rows at a time."""
        cursor = self._database.execute(query)
        while rows := cursor.fetchmany(size):
            yield rows

    def close(self) -> None:
        self._database.close()
