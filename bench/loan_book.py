"""The loan book that measures work on: any number of loans, 3.5 instalments each, a fifth of them overdue.

Of the overdue loans some paid since the opening balance, some were given relief and some payments were taken
back; each day another one in two hundred loans is newly overdue."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from portal.infra.installation import Installation
from portal.models import Contact, ContactPoint, Decision, Instalment, Loan, Payment, Promise
from portal.models.functions import refresh_statistics
from portal.services import lenders
from portal.vocabulary import Locale

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
    "contact_point": (
        "lender_id, ref, borrower_id, kind, main, value_sealed, value_index, created_at",
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


def happened(name: str, installation: Installation, lender_id: int) -> None:
    """Calls without an answer on every tenth case, and a promise on every fiftieth."""
    at, day = "'2026-03-01T02:00:00.000000Z'", DAY[name].format
    no, yes = ("0", "1") if name == "sqlite" else ("false", "true")
    statements = (
        "INSERT INTO decision (lender_id, ref, case_id, action, action_class, allowed, rules, pack_version, "  # noqa: S608
        "actor, created_at) SELECT lender_id, 'D' || id, id, 'call', 'collection', "
        f"{yes}, '{{}}', 'bench', 'system:bench', {at} FROM \"case\" WHERE id % 10 = 0",
        "INSERT INTO contact (lender_id, ref, case_id, decision_id, channel, inbound, at, outcome, "  # noqa: S608
        "created_at) "
        f"SELECT lender_id, 'C' || id, case_id, id, 'phone', {no}, {at}, 'no_answer', {at} FROM decision",
        "INSERT INTO promise (lender_id, ref, case_id, amount, currency, due_on, state, created_at) "  # noqa: S608
        f"SELECT lender_id, 'V' || id, id, 50000, 'CNY', {day('id / 50 % 9')}, 'active', {at} "
        'FROM "case" WHERE id % 50 = 0',
    )
    with installation.writing.begin() as session:
        lenders.enter(session, lenders.get(session, lender_id))
        for statement in statements:
            written = statement.replace("%", "%%") if name == "postgresql" else statement
            session.connection().exec_driver_sql(written)
        refresh_statistics(session, Contact, Promise, Decision)


def filled(name: str, installation: Installation, rows: int) -> int:
    with installation.writing.begin() as session:
        names = dict.fromkeys(Locale, "Bench")
        lender = lenders.add(session, code="bench", preset="default", names=names, now=NOW)
        lenders.enter(session, lender)
        lender_id = int(lender.id)
        connection = session.connection()
        for table in COLUMNS:
            statement = _insert(name, table, rows, lender_id)
            connection.exec_driver_sql(statement.replace("%", "%%") if name == "postgresql" else statement)
        refresh_statistics(session, Loan, Instalment, Payment, ContactPoint)
    return lender_id


def _insert(name: str, table: str, rows: int, lender_id: int) -> str:
    """Write the rows of a table from the numbers of the loans: every fifth has two instalments overdue."""
    columns, condition = COLUMNS[table]
    day: Callable[[str], str] = DAY[name].format
    nothing = ", ".join(["0"] * 9)
    no, yes = ("0", "1") if name == "sqlite" else ("false", "true")
    at = "'2026-03-02T02:00:00.000000Z'"
    paid = "CASE WHEN k <= CASE WHEN i % 5 = 0 THEN 1 ELSE 3 END THEN {0} ELSE 0 END".format
    due = "CASE WHEN i % 20 = 3 AND k = 4 THEN i / 20 % 10 ELSE 30 * (k - 3) - i % 20 - 1 END"
    values = {
        "borrower": f"i, {lender_id}, 'B' || i, 'B' || i, {_blob(name)}, 'none', 'en', {at}",
        "contact_point": f"{lender_id}, 'C' || i, i, 'phone', {yes}, {_blob(name)}, {_blob(name)}, {at}",
        "loan": f"i, {lender_id}, 'L' || i, i + i % 2, 'L' || i, 'consumer_loan', 'CNY', 1200000, 182500, "
        f"{day('-100')}, 4, 'equal_instalment', 'act/365', {day('-3')}, {nothing}, {no}, {at}",
        "instalment": f"{lender_id}, 'I' || i || '-' || k, i, k, {day(due)}, "
        f"300000 + i % 1000, 4500, 0, {paid('300000 + i % 1000')}, {paid('4500')}, 0, {at}",
        "payment": f"{lender_id}, 'P' || i, i, 'P' || i, {day('-1')}, 90000, 'CNY', "
        f"CASE WHEN i % 10000 = 0 THEN 'reversal' ELSE 'payment' END, '', {at}",
        "relief": f"{lender_id}, 'R' || i, i, 'penalty_stop', {day('-2')}, 'system:bench', {at}",
    }[table]
    numbers = NUMBERS[name].format(rows=rows if "loan_id" in columns or table == "loan" else rows + rows % 2)
    times = " CROSS JOIN (SELECT 1 k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) k"
    source = numbers + (times if table == "instalment" else "")
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source} {condition}"  # noqa: S608


def _blob(name: str) -> str:
    return "x'00'" if name == "sqlite" else "'\\x00'::bytea"
