"""Writing a loan book in chunks: new rows are added, known ones are updated, nothing is ever deleted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.infra import crypto, ids, tenancy
from portal.models import Borrower, ContactPoint, Instalment, Loan, Payment
from portal.services.book_rows import Row
from portal.vocabulary import ContactKind

CHUNK = 2000
_PARTS = ("principal", "interest", "fees", "principal_paid", "interest_paid", "fees_paid")


@dataclass(frozen=True)
class Target:
    """Where the rows go: the lender, the import that brings them, its day."""

    session: Session
    lender_id: int
    import_id: int
    as_of: date
    now: datetime

    def new_row(self) -> dict[str, Any]:
        return {"lender_id": self.lender_id, "created_at": self.now, "ref": ids.new_ref()}

    def add(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            tenancy.check_rows(self.session, rows)
            self.session.connection().execute(statement, rows)

    def change(self, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set what each row of values holds on the lender's row whose id it names as `at`."""
        if rows:
            table = _table(model)
            own = update(table).where(table.c.id == bindparam("at"), table.c.lender_id == self.lender_id)
            self.session.connection().execute(own, rows)

    def known(self, key: Any, values: Iterable[str], *columns: Any) -> dict[str, Any]:
        """Return the lender's rows that have one of these numbers, by number."""
        query = select(key, *columns).where(
            key.class_.lender_id == self.lender_id, key.in_(list(dict.fromkeys(values)))
        )
        return {row[0]: row for row in self.session.execute(query)}


def write_borrowers(target: Target, rows: Sequence[Row]) -> None:
    before = target.known(Borrower.borrower_no, _numbers(rows, "borrower_no"), Borrower.id, Borrower.ref)
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in rows:
        old = before.get(row["borrower_no"])
        own = {"at": old.id, "ref": old.ref} if old else target.new_row()
        values = own | _borrower(target.lender_id, own["ref"], row)
        if old:
            changed.append(_without(values, "ref"))
        else:
            added.append(values)
    target.add(insert(_table(Borrower)), added)
    target.change(Borrower, changed)
    now_there = target.known(Borrower.borrower_no, _numbers(rows, "borrower_no"), Borrower.id)
    known_ids = [old.id for old in before.values()]
    _write_points(target, [(now_there[row["borrower_no"]].id, row) for row in rows], known_ids)


def _borrower(lender_id: int, ref: str, row: Row) -> dict[str, Any]:
    number = row["id_no"]
    return {
        "borrower_no": row["borrower_no"],
        "name_sealed": Borrower.name.seal(lender_id, ref, row["name"]),
        "id_type": row["id_type"],
        "id_no_sealed": Borrower.id_no.seal(lender_id, ref, number),
        "id_no_index": crypto.keyring().index(lender_id, "borrower.id_no", number) if number else None,
        "locale": row["language"],
        "timezone": row["timezone"],
    }


def _write_points(target: Target, rows: Sequence[tuple[int, Row]], known_ids: Sequence[int]) -> None:
    """Make what the book says the main point of its kind; points known from elsewhere stay, as others."""
    before = _points_of(target, known_ids)
    keyring = crypto.keyring()
    added, changed = [], []
    for borrower_id, row in rows:
        for kind in ContactKind:
            if not row[kind.value]:
                continue
            indexes = keyring.indexes(target.lender_id, f"contact.{kind}", row[kind.value])
            known = [before.pop((borrower_id, kind, index), None) for index in indexes]
            old = next(filter(None, known), None)
            own = {"at": old.id, "ref": old.ref} if old else target.new_row()
            point = own | {"main": True, "value_index": indexes[0]}
            point |= _point(target.lender_id, own["ref"], kind, row)
            if old:
                changed.append(_without(point, "ref"))
            else:
                added.append(point | {"borrower_id": borrower_id, "kind": kind})
    told = {(borrower_id, kind) for borrower_id, row in rows for kind in ContactKind if row[kind.value]}
    others = [{"at": old.id, "main": False} for key, old in before.items() if old.main and key[:2] in told]
    target.change(ContactPoint, others)
    target.add(insert(_table(ContactPoint)), added)
    target.change(ContactPoint, changed)


def _points_of(target: Target, borrower_ids: Sequence[int]) -> dict[tuple[int, ContactKind, bytes], Any]:
    if not borrower_ids:
        return {}
    point = ContactPoint
    query = select(point.id, point.ref, point.borrower_id, point.kind, point.value_index, point.main).where(
        point.lender_id == target.lender_id, point.borrower_id.in_(borrower_ids)
    )
    return {(row.borrower_id, row.kind, bytes(row.value_index)): row for row in target.session.execute(query)}


def _point(lender_id: int, ref: str, kind: ContactKind, row: Row) -> dict[str, Any]:
    place = kind is ContactKind.ADDRESS
    area = " ".join(filter(None, (row["province"], row["city"]))) if place else None
    position = f"{row['lat']},{row['lon']}" if place and row["lat"] is not None else None
    return {
        "value_sealed": ContactPoint.value.seal(lender_id, ref, row[kind.value]),
        "area_sealed": ContactPoint.area.seal(lender_id, ref, area),
        "position_sealed": ContactPoint.position.seal(lender_id, ref, position),
    }


def write_loans(target: Target, rows: Sequence[Row]) -> None:
    borrowers = target.known(Borrower.borrower_no, _numbers(rows, "borrower_no"), Borrower.id)
    before = target.known(Loan.contract_no, _numbers(rows, "contract_no"), Loan.id)
    added, changed = [], []
    for row in rows:
        values = {
            "borrower_id": borrowers[row["borrower_no"]].id,
            "import_id": target.import_id,
            "annual_rate_ppm": row["annual_rate"],
            **{name: row[name] for name in _LOAN_COLUMNS},
        }
        if old := before.get(row["contract_no"]):
            changed.append({"at": old.id} | values | {"from_opening": False})
        else:
            unaged = {"dpd": 0, "overdue_amount": 0, "outstanding": 0}
            added.append(target.new_row() | values | {"as_of": target.as_of} | unaged)
    target.add(insert(_table(Loan)), added)
    target.change(Loan, changed)


_LOAN_COLUMNS = (
    *("contract_no", "product", "currency", "principal", "start_date"),
    *("periods", "method", "day_count", "credit_limit"),
)


def write_instalments(target: Target, rows: Sequence[Row]) -> None:
    """The paid figures become the opening balance of the set's day, which the loan takes over with them."""
    numbers = _numbers(rows, "contract_no")
    loans = target.known(Loan.contract_no, numbers, Loan.id, Loan.as_of, Loan.import_id)
    carried = ("due_date", *_PARTS)
    values = [
        target.new_row()
        | {"loan_id": loans[row["contract_no"]].id, "number": row["number"]}
        | {name: row[name] for name in carried}
        for row in rows
    ]
    target.add(_upsert(target, Instalment, ("loan_id", "number"), carried), values)
    day = {"as_of": target.as_of, "import_id": target.import_id}
    older = [loan for loan in loans.values() if (loan.as_of, loan.import_id) != tuple(day.values())]
    target.change(Loan, [{"at": loan.id} | day | {"from_opening": False} for loan in older])


def write_payments(target: Target, rows: Sequence[Row]) -> None:
    loans = target.known(Loan.contract_no, _numbers(rows, "contract_no"), Loan.id)
    carried = ("paid_on", "amount", "currency", "kind", "reference")
    values = [
        target.new_row()
        | {"payment_no": row["payment_id"], "loan_id": loans[row["contract_no"]].id}
        | {name: row[name] for name in carried}
        for row in rows
    ]
    target.add(_upsert(target, Payment, ("lender_id", "payment_no"), ("loan_id", *carried)), values)


Writer = Callable[[Target, Sequence[Row]], None]
WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "borrowers": write_borrowers,
        "loans": write_loans,
        "instalments": write_instalments,
        "payments": write_payments,
    }
)


def _numbers(rows: Sequence[Row], column: str) -> list[str]:
    return [row[column] for row in rows]


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def _upsert(target: Target, model: Any, key: tuple[str, ...], carried: tuple[str, ...]) -> Any:
    """Insert, or carry the new values over to the row that has the key already."""
    on_postgres = target.session.get_bind().dialect.name == "postgresql"
    statement: Any = (postgresql.insert if on_postgres else sqlite.insert)(_table(model))
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in carried}
    )


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
