"""Taking in a million instalments from CSV: beside a bare bulk load of the same rows into the same table,
with its constraints and indexes.

The bare load is what the database's driver does fastest with a file that stands in the table's own columns
already, references and loans' ids included: `executemany` over the rows as the CSV reader splits them on
SQLite, `COPY … FROM` as the owner of the tables on PostgreSQL. The import reads the set, checks every row
against its loan and the rest of the set, writes, moves the opening balance of every loan and says so on the
audit chain."""

import csv
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import databases
from bench.measure import Measure, beside, forget_peak, peak_memory, seconds, within
from portal.domain.actor import system
from portal.infra import book_files, db, ids
from portal.infra.installation import Installation
from portal.models.loan import Instalment, Loan
from portal.services import imports, lenders
from portal.vocabulary import Locale

INSTALMENTS = 1_000_000
OF_LOAN = 4
MOST = 4  # a quarter of the rows per second
MEMORY = 300
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OPENED = date(2025, 12, 1)
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
CSV = {
    "borrowers": (
        "borrower_no,name,id_type,id_no,phone,email,language,province,city,address,lat,lon",
        "B{0},Client {0},tw_id,A{0:09d},09{0:08d},client{0}@example.test,{1},臺北市,中正區,示範路{0}號,,",
    ),
    "loans": (
        "contract_no,borrower_no,product,currency,principal,annual_rate,start_date,periods,method,day_count",
        "L{0},B{1},consumer_loan,CNY,{2}.00,0.146,2025-12-01,4,equal_principal,act/365",
    ),
    "instalments": (
        "contract_no,number,due_date,principal,interest,fees,principal_paid,interest_paid,fees_paid",
        "L{0},{1},{2},{3:.2f},{4:.2f},0,0,0,0",
    ),
}
TABLE = (
    "lender_id, loan_id, number, due_date, principal, interest, fees, principal_paid, interest_paid, "
    "fees_paid, created_at, ref"
)


def run(*, rows: int | None = None) -> list[Measure]:
    """Measure on each database there is. `rows` is how many instalments there are."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        return [
            measure
            for name, installation, owner in databases.each()
            for measure in _measured(name, installation, owner, Path(folder) / name, rows or INSTALMENTS)
        ]


def _measured(
    name: str, installation: Installation, owner: str, folder: Path, rows: int
) -> Iterator[Measure]:
    loans = rows // OF_LOAN
    _tell(f"{name}: making a set of {rows:,} instalments")
    _write_set(folder, loans)
    lender_id = _lender(installation)
    days = iter(OPENED + timedelta(days=100 + number) for number in range(10))

    def take_in(place: Path) -> None:
        _import(installation, lender_id, place, next(days))

    took = seconds(lambda: take_in(folder / "people"))
    _tell(f"{name}: {loans // 2:,} borrowers, sealed, and {loans:,} loans took {took:.1f} s")
    bare = _bare(name, installation, owner, _table_file(installation, lender_id, folder))
    peaks, owner_engine = [], db.make_engine(owner)

    def emptied() -> None:
        with owner_engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM instalment")
        forget_peak()

    def product() -> None:
        take_in(folder / "schedules")
        peaks.append(peak_memory())

    yield beside(f"import, {name}", product, bare, most=MOST, before=emptied)
    yield within(f"import memory, {name}", peaks, limit=MEMORY, unit="MB")
    with installation.reading() as session:
        lenders.enter(session, lenders.get(session, lender_id))
        assert session.scalar(select(func.count(Instalment.id))) == loans * OF_LOAN


def _write_set(folder: Path, loans: int) -> None:
    people, schedules = folder / "people", folder / "schedules"
    people.mkdir(parents=True)
    schedules.mkdir()
    clients = ((i, LANGUAGES[i % 3]) for i in range(loans // 2))
    _write(people, "borrowers", clients)
    _write(people, "loans", ((i, i // 2 % (loans // 2), 12000 + i % 5000) for i in range(loans)))
    _write(schedules, "instalments", ((f"{i}", *row) for i in range(loans) for row in _schedule(i)))


def _schedule(loan: int) -> Iterator[tuple[int, date, float, float]]:
    """Number, due date, principal and interest of each instalment of a loan."""
    for number in range(1, OF_LOAN + 1):
        due = OPENED + timedelta(days=30 * number + loan % 28)
        yield number, due, 2900 + loan % 100 + number / 100, (146 - 30 * number) + loan % 97 / 100


def _write(folder: Path, kind: str, rows: Iterator[tuple[object, ...]]) -> None:
    header, row = CSV[kind]
    with (folder / f"{kind}.csv").open("w", encoding="utf-8") as text:
        text.write(header + "\n")
        text.writelines(row.format(*values) + "\n" for values in rows)


def _lender(installation: Installation) -> int:
    with installation.writing.begin() as session:
        names = dict.fromkeys(Locale, "Bench")
        lender = lenders.add(session, code="bench", preset="default", names=names, now=NOW)
        return int(lender.id)


def _import(installation: Installation, lender_id: int, place: Path, day: date) -> None:
    with installation.reading() as session:
        lender = lenders.get(session, lender_id)
        lenders.enter(session, lender)
        book = book_files.open_set(place, kinds=imports.KINDS, as_of=day)
        check = imports.check(session, lender=lender, book=book)
    assert not check.problems, check.problems[:3]
    with installation.writing.begin() as session:
        lender = lenders.get(session, lender_id)
        lenders.enter(session, lender)
        imports.write(session, lender=lender, check=check, actor=system(lender_id, "bench"), now=NOW)


def _table_file(installation: Installation, lender_id: int, folder: Path) -> Path:
    """Write the same rows as the table holds them."""
    path, rest = folder / "table.csv", f"0,0,0,0,{NOW.isoformat()}"
    with installation.reading() as session, path.open("w", encoding="utf-8") as text:
        lenders.enter(session, lenders.get(session, lender_id))
        loans = session.execute(select(Loan.id, Loan.contract_no).execution_options(yield_per=1000))
        for loan_id, contract_no in loans:
            for number, due, principal, interest in _schedule(int(contract_no[1:])):
                amounts = f"{round(principal * 100)},{round(interest * 100)}"
                text.write(f"{lender_id},{loan_id},{number},{due},{amounts},{rest},{ids.new_ref()}\n")
    return path


def _bare(name: str, installation: Installation, owner: str, path: Path) -> Callable[[], None]:
    def by_executemany() -> None:
        connection: Any = installation.engine.raw_connection()
        connection.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(TABLE.split(",")))
        with path.open(encoding="utf-8", newline="") as text:
            connection.executemany(f"INSERT INTO instalment ({TABLE}) VALUES ({marks})", csv.reader(text))  # noqa: S608
        connection.execute("COMMIT")
        connection.close()

    def by_copy() -> None:
        connection: Any = db.make_engine(owner).raw_connection()
        copying = connection.cursor().copy(f"COPY instalment ({TABLE}) FROM STDIN WITH (FORMAT csv)")
        with copying as copy, path.open("rb") as content:
            while part := content.read(1 << 18):
                copy.write(part)
        connection.commit()
        connection.close()

    return by_executemany if name == "sqlite" else by_copy


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)  # noqa: T201
