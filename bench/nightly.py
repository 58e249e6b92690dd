"""A night over a million loans with 3.5 million instalments, a fifth of them overdue: ageing, promises, cases
and the call list, beside one bare `UPDATE … FROM` that computes days past due over the same table.

The peer leaves the right number on every loan, 0 where nothing is overdue any more: an update that touches
the overdue loans alone would leave yesterday's number on a loan that was paid. The book is made inside; one
case in ten was called without an answer, one in fifty has a promise that ends on one of the days. Each run is
for another date, so that every overdue loan changes. The first nights, which open two hundred thousand cases,
are not measured."""

import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench import databases, loan_book
from bench.measure import Measure, beside, forget_peak, peak_memory, within
from portal.infra.installation import Installation
from portal.services import lenders
from portal.services import night as night_of

LOANS = 1_000_000
MOST = 3
MEMORY = 300
ZONE = ZoneInfo("Asia/Shanghai")


def run(*, rows: int | None = None) -> list[Measure]:
    """Measure on each database there is. `rows` is how many loans there are."""
    return [
        measure
        for name, installation, _ in databases.each()
        for measure in _measured(name, installation, rows or LOANS)
    ]


def _measured(name: str, installation: Installation, rows: int) -> Iterator[Measure]:
    _tell(f"{name}: making a book of {rows:,} loans")
    lender_id = loan_book.filled(name, installation, rows)
    found: list[dict[str, Any]] = []
    days = iter(loan_book.TODAY + timedelta(days=number) for number in range(1, 11))
    _tell(f"{name}: ageing it")

    def night() -> None:
        day = next(days)
        with installation.writing.begin() as session:
            lender = lenders.get(session, lender_id)
            lenders.enter(session, lender)
            at = datetime(day.year, day.month, day.day, 1, tzinfo=ZONE)
            found.append(night_of.run(session, lender=lender, business_date=day, now=at))

    night()  # the first looks at every loan, as after an import of them all
    _tell(f"{name}: what happened on the cases")
    loan_book.happened(name, installation, lender_id)
    forget_peak()
    night()
    memory = peak_memory()  # before the peer, which holds all it is going to write
    bare = _bare(name, installation, lender_id)
    yield beside(f"a night, {name}", night, lambda: bare(next(days)), most=MOST)
    yield within(f"nightly memory, {name}", [memory], limit=MEMORY, unit="MB")
    aged, listed = found[-1]["ageing"], found[-1]["call_list"]
    assert (aged["loans"], aged["by_bucket"]["M2"] > rows // 10) == (rows, True), aged
    assert listed["due"]["call"] > rows // 10 > listed["looked_at"] > 0, listed
    assert sum(each["promises"]["broken"] for each in found) > 0


def _bare(name: str, installation: Installation, lender_id: int) -> Callable[[date], None]:
    """The peer: days past due of all loans, by the driver alone."""
    age, mark = {
        "sqlite": ("CAST(julianday(?) - julianday(f.since) AS INTEGER)", "?"),
        "postgresql": ("%s::date - f.since", "%s"),
    }[name]
    statement = (
        f"UPDATE loan SET dpd = coalesce({age}, 0) FROM (SELECT l.id, min(i.due_date) AS since FROM loan l "  # noqa: S608
        f"LEFT JOIN instalment i ON i.loan_id = l.id AND i.due_date < {mark} AND i.principal + i.interest "
        "+ i.fees > i.principal_paid + i.interest_paid + i.fees_paid GROUP BY l.id) f WHERE loan.id = f.id"
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
