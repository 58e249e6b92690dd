"""A night over a million loans with 3.5 million instalments, a fifth of them overdue: beside one bare
`UPDATE … FROM` that computes the days past due of the overdue loans and nothing else.

The book is made inside. Of the overdue loans some paid since the opening balance, some were given relief and
some payments were taken back, so that every way through the ageing is taken. Each run is for another date, so
that every overdue loan changes."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench import databases
from bench.measure import Measure, beside, forget_peak, peak_memory, within
from portal.infra.installation import Installation
from portal.models.functions import refresh_statistics
from portal.models.loan import Instalment, Loan, Payment
from portal.services import ageing, lenders, policies
from portal.vocabulary import Locale

LOANS = 1_000_000
MOST = 3
MEMORY = 300
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)

NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
    "SELECT i FROM n) n",
    "postgresql": "generate_series(1, {rows}) n(i)",
}
DAY = {"sqlite": "date('2026-03-02', ({0}) || ' days')", "postgresql": "(date '2026-03-02' + ({0})::int)"}
COLUMNS = {
    "borrower": (
        "id, lender_id, ref, borrower_no, name_sealed, id_type, locale, created_at",
        "WHERE i % 2 = 0",
    ),
    "loan": (
        "id, lender_id, ref, borrower_id, contract_no, product, currency, principal, annual_rate_ppm, "
        "start_date, periods, method, day_count, as_of, dpd, overdue_amount, overdue_principal, "
        "overdue_interest, overdue_fees, penalty, reduced_by_cap, outstanding, credit, "
        "from_opening, created_at",
        "",
    ),
    "instalment": (
        "lender_id, ref, loan_id, number, due_date, principal, interest, fees, principal_paid, "
        "interest_paid, fees_paid, created_at",
        "WHERE k > i % 2",
    ),
    "payment": (
        "lender_id, ref, loan_id, payment_no, paid_on, amount, currency, kind, reference, created_at",
        "WHERE i % 200 IN (0, 7)",
    ),
    "relief": ("lender_id, ref, loan_id, kind, first_day, actor, created_at", "WHERE i % 5000 = 5"),
}
"""What is written of each table, and for which loan numbers."""


def run(*, rows: int | None = None) -> list[Measure]:
    """Measure on each database there is. `rows` is how many loans there are."""
    return [
        measure
        for name, installation, _ in databases.each()
        for measure in _measured(name, installation, rows or LOANS)
    ]


def _measured(name: str, installation: Installation, rows: int) -> Iterator[Measure]:
    _tell(f"{name}: making a book of {rows:,} loans")
    lender_id = _filled(name, installation, rows)
    days = iter(TODAY + timedelta(days=number) for number in range(1, 11))
    _tell(f"{name}: ageing it")

    def night() -> None:
        with installation.writing.begin() as session:
            lender = lenders.get(session, lender_id)
            lenders.enter(session, lender)
            ageing.age_loans(
                session, lender=lender, policy=policies.of(lender, NOW), business_date=next(days)
            )

    forget_peak()
    for _ in range(2):  # the first looks at every loan, as after an import of them all
        night()
    memory = peak_memory()  # before the peer, which holds all it is going to write
    bare = _bare(name, installation, lender_id)
    yield beside(f"nightly ageing, {name}", night, lambda: bare(next(days)), most=MOST)
    yield within(f"nightly memory, {name}", [memory], limit=MEMORY, unit="MB")
    with installation.reading() as session:
        lender = lenders.get(session, lender_id)
        lenders.enter(session, lender)
        found = ageing.summary(session, lender=lender, policy=policies.of(lender, NOW))
    assert (found.loans, found.by_bucket["M2"] > rows // 10) == (rows, True), found


def _filled(name: str, installation: Installation, rows: int) -> int:
    with installation.writing.begin() as session:
        names = dict.fromkeys(Locale, "Bench")
        lender = lenders.add(session, code="bench", preset="default", names=names, now=NOW)
        lenders.enter(session, lender)
        lender_id = int(lender.id)
        connection = session.connection()
        for table in COLUMNS:
            statement = _insert(name, table, rows, lender_id)
            connection.exec_driver_sql(statement.replace("%", "%%") if name == "postgresql" else statement)
        refresh_statistics(session, Loan, Instalment, Payment)
    return lender_id


def _insert(name: str, table: str, rows: int, lender_id: int) -> str:
    """Write the rows of a table from the numbers of the loans: every fifth has two instalments overdue."""
    columns, condition = COLUMNS[table]
    day: Callable[[str], str] = DAY[name].format
    nothing = ", ".join(["0"] * 9)
    no = "0" if name == "sqlite" else "false"
    at = "'2026-03-02T02:00:00.000000Z'"
    paid = "CASE WHEN k <= CASE WHEN i % 5 = 0 THEN 1 ELSE 3 END THEN {0} ELSE 0 END".format
    values = {
        "borrower": f"i, {lender_id}, 'B' || i, 'B' || i, {_blob(name)}, 'none', 'en', {at}",
        "loan": f"i, {lender_id}, 'L' || i, i + i % 2, 'L' || i, 'consumer_loan', 'CNY', 1200000, 182500, "
        f"{day('-100')}, 4, 'equal_instalment', 'act/365', {day('-3')}, {nothing}, {no}, {at}",
        "instalment": f"{lender_id}, 'I' || i || '-' || k, i, k, {day('30 * (k - 3) - i % 20 - 1')}, "
        f"300000 + i % 1000, 4500, 0, {paid('300000 + i % 1000')}, {paid('4500')}, 0, {at}",
        "payment": f"{lender_id}, 'P' || i, i, 'P' || i, {day('-1')}, 90000, 'CNY', "
        f"CASE WHEN i % 10000 = 0 THEN 'reversal' ELSE 'payment' END, '', {at}",
        "relief": f"{lender_id}, 'R' || i, i, 'penalty_stop', {day('-2')}, 'system:bench', {at}",
    }[table]
    numbers = NUMBERS[name].format(rows=rows + rows % 2 if table == "borrower" else rows)
    times = " CROSS JOIN (SELECT 1 k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) k"
    source = numbers + (times if table == "instalment" else "")
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source} {condition}"  # noqa: S608


def _blob(name: str) -> str:
    return "x'00'" if name == "sqlite" else "'\\x00'::bytea"


def _bare(name: str, installation: Installation, lender_id: int) -> Callable[[date], None]:
    """The peer: days past due of the overdue loans, by the driver alone."""
    age, mark = {
        "sqlite": ("CAST(julianday(?) - julianday(f.since) AS INTEGER)", "?"),
        "postgresql": ("%s::date - f.since", "%s"),
    }[name]
    statement = (
        f"UPDATE loan SET dpd = {age} FROM (SELECT loan_id, min(due_date) AS since FROM instalment "  # noqa: S608
        f"WHERE due_date < {mark} AND principal + interest + fees "
        "> principal_paid + interest_paid + fees_paid GROUP BY loan_id) f WHERE loan.id = f.loan_id"
    )

    def update(day: date) -> None:
        connection: Any = installation.engine.raw_connection()
        cursor = connection.cursor()
        value: object = day
        if name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
            value = day.isoformat()
        else:
            cursor.execute("SELECT set_config('portal.lender_id', %s, true)", [str(lender_id)])
        cursor.execute(statement, [value, value])
        cursor.execute("COMMIT") if name == "sqlite" else connection.commit()
        connection.close()

    return update


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)  # noqa: T201
