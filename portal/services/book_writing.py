"""Writing a loan book in chunks: new rows are added, known ones are updated, nothing is ever deleted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from portal.infra import crypto, ids
from portal.infra.book_stage import BookStage
from portal.infra.bulk import Bulk
from portal.models import Borrower, ContactPoint, Instalment, Loan, Payment
from portal.models.base import Sealed
from portal.services.book_rows import Row
from portal.vocabulary import ContactKind

CHUNK = 5000
Rows = Sequence[Any]


@dataclass(frozen=True)
class Target:
    """Where the rows go: the lender, the import that brings them, its day."""

    session: Session
    lender_id: int
    import_id: int
    as_of: date
    now: datetime

    @property
    def moment(self) -> str:
        """The time of the import as the databases take it."""
        return self.now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def write(self, bulk: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
        bulk.write(self.session, self.lender_id, rows)

    def write_new(self, bulk: Bulk, rows: Rows) -> None:
        """Write rows that begin with a new reference and the time."""
        moment = self.moment
        refs = ids.new_refs(len(rows))
        self.write(bulk, [(ref, moment, *row) for ref, row in zip(refs, rows, strict=True)])

    def change(self, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set what each row of values holds on the lender's row whose id it names as `at`."""
        if rows:
            table = table_of(model)
            own = update(table).where(table.c.id == bindparam("at"), table.c.lender_id == self.lender_id)
            self.session.connection().execute(own, rows)

    def known(self, key: Any, values: Iterable[str], *columns: Any) -> dict[str, Any]:
        """Return the lender's rows that have one of these numbers, by number."""
        query = select(key, *columns).where(
            key.class_.lender_id == self.lender_id, key.in_(list(dict.fromkeys(values)))
        )
        return {row[0]: row for row in self.session.execute(query)}

    def holds(self, sealed: Sealed, ref: str, stored: bytes | None, value: str | None) -> bool:
        """Whether a sealed column has this value already, under the key that is current."""
        if stored is None or not value:
            return stored is None and not value
        keyring = crypto.keyring()
        if not keyring.is_current(self.lender_id, stored):
            return False
        return keyring.open(self.lender_id, sealed.place(ref), stored) == value.encode()


def table_of(model: Any) -> Table:
    table: Table = model.__table__
    return table


NEW = ("ref", "created_at")
_BORROWER = ("name_sealed", "id_type", "id_no_sealed", "id_no_index", "locale", "timezone")
_POINT = ("main", "value_sealed", "value_index", "area_sealed", "position_sealed")
BORROWERS = Bulk(table_of(Borrower), (*NEW, "borrower_no", *_BORROWER), ("lender_id", "borrower_no"))
POINTS = Bulk(
    table_of(ContactPoint), (*NEW, "borrower_id", "kind", *_POINT), ("borrower_id", "kind", "value_index")
)


def write_borrowers(target: Target, stage: BookStage, rows: Sequence[Row]) -> None:
    numbers = [row["borrower_no"] for row in rows]
    plain = (Borrower.id_type, Borrower.locale, Borrower.timezone)
    sealed = (Borrower.name_sealed, Borrower.id_no_sealed)
    before = target.known(Borrower.borrower_no, numbers, Borrower.id, Borrower.ref, *plain, *sealed)
    added: list[tuple[Any, ...]] = []
    changed: list[dict[str, Any]] = []
    refs = iter(ids.new_refs(len(rows)))
    for row in rows:
        if old := before.get(row["borrower_no"]):
            if not _same_borrower(target, old, row):
                changed.append({"at": old.id} | _borrower(target.lender_id, old.ref, row))
            continue
        ref = next(refs)
        values = _borrower(target.lender_id, ref, row)
        added.append((ref, target.moment, row["borrower_no"], *(values[name] for name in _BORROWER)))
    target.write(BORROWERS, added)
    target.change(Borrower, changed)
    now_there = target.known(Borrower.borrower_no, numbers, Borrower.id)
    stage.resolve("borrower", {number: row.id for number, row in now_there.items()})
    known_ids = [old.id for old in before.values()]
    _write_points(target, [(now_there[row["borrower_no"]].id, row) for row in rows], known_ids)


def _same_borrower(target: Target, old: Any, row: Row) -> bool:
    return (
        (old.id_type, old.locale, old.timezone) == (row["id_type"], row["language"], row["timezone"])
        and target.holds(Borrower.name, old.ref, old.name_sealed, row["name"])
        and target.holds(Borrower.id_no, old.ref, old.id_no_sealed, row["id_no"])
    )


def _borrower(lender_id: int, ref: str, row: Row) -> dict[str, Any]:
    number = row["id_no"]
    return {
        "name_sealed": Borrower.name.seal(lender_id, ref, row["name"]),
        "id_type": row["id_type"],
        "id_no_sealed": Borrower.id_no.seal(lender_id, ref, number),
        "id_no_index": crypto.keyring().index(lender_id, "borrower.id_no", number) if number else None,
        "locale": row["language"],
        "timezone": row["timezone"],
    }


def _write_points(target: Target, rows: Sequence[tuple[int, Row]], known_ids: Sequence[int]) -> None:
    """Make what the book says the main point of its kind; points known from elsewhere stay, as others."""
    before = points_of(target, known_ids)
    keyring = crypto.keyring()
    added, changed, again = [], [], []
    told: set[tuple[int, ContactKind]] = set()
    refs = iter(ids.new_refs(len(rows) * len(ContactKind)))
    for borrower_id, row in rows:
        for kind in ContactKind:
            if not row[kind.value]:
                continue
            told.add((borrower_id, kind))
            indexes = keyring.indexes(target.lender_id, f"contact.{kind}", row[kind.value])
            known = [before.pop((borrower_id, kind, index), None) for index in indexes]
            old = next(filter(None, known), None)
            if old and old.main and _same_point(target, old, kind, row):
                continue
            ref = old.ref if old else next(refs)
            point = {"main": 1, "value_index": indexes[0]} | _point(target.lender_id, ref, kind, row)
            if old:
                changed.append({"at": old.id} | point | {"main": True})
                if not old.main:
                    again.append({"at": old.id, "main_since": target.now})
            else:
                values = (point[name] for name in _POINT)
                added.append((ref, target.moment, borrower_id, kind, *values))
    others = [{"at": old.id, "main": False} for key, old in before.items() if old.main and key[:2] in told]
    target.change(ContactPoint, others)
    target.write(POINTS, added)
    target.change(ContactPoint, changed)
    target.change(ContactPoint, again)


def points_of(target: Target, borrower_ids: Sequence[int]) -> dict[tuple[int, ContactKind, bytes], Any]:
    if not borrower_ids:
        return {}
    point = ContactPoint
    key = (point.borrower_id, point.kind, point.value_index)
    sealed = (point.value_sealed, point.area_sealed, point.position_sealed)
    query = select(point.id, point.ref, *key, point.main, *sealed).where(
        point.lender_id == target.lender_id, point.borrower_id.in_(borrower_ids)
    )
    return {(row.borrower_id, row.kind, bytes(row.value_index)): row for row in target.session.execute(query)}


def _same_point(target: Target, old: Any, kind: ContactKind, row: Row) -> bool:
    """Whether a point that has the value already is what the row says in every other way."""
    area, position = place_of(kind, row)
    return (
        crypto.keyring().is_current(target.lender_id, old.value_sealed)
        and target.holds(ContactPoint.area, old.ref, old.area_sealed, area)
        and target.holds(ContactPoint.position, old.ref, old.position_sealed, position)
    )


def place_of(kind: ContactKind, row: Row) -> tuple[str | None, str | None]:
    """Province and city, and the position, of an address."""
    if kind is not ContactKind.ADDRESS:
        return None, None
    area = " ".join(filter(None, (row["province"], row["city"])))
    return area, f"{row['lat']},{row['lon']}" if row["lat"] is not None else None


def _point(lender_id: int, ref: str, kind: ContactKind, row: Row) -> dict[str, Any]:
    area, position = place_of(kind, row)
    return {
        "value_sealed": ContactPoint.value.seal(lender_id, ref, row[kind.value]),
        "area_sealed": ContactPoint.area.seal(lender_id, ref, area),
        "position_sealed": ContactPoint.position.seal(lender_id, ref, position),
    }


_LOAN = (
    *("borrower_id", "contract_no", "product", "currency", "principal", "annual_rate_ppm", "start_date"),
    *("periods", "method", "day_count", "credit_limit", "import_id", "from_opening"),
)
_UNAGED = (
    *("dpd", "overdue_amount", "overdue_principal", "overdue_interest", "overdue_fees"),
    *("penalty", "reduced_by_cap", "outstanding", "credit"),
)
LOANS = Bulk(table_of(Loan), (*NEW, *_LOAN, "as_of", *_UNAGED), ("lender_id", "contract_no"), carried=_LOAN)


def write_loans(target: Target, stage: BookStage, rows: Rows) -> None:
    """The opening balance of a loan that is known keeps its day until its instalments come."""
    beside = (target.import_id, 0, target.as_of.isoformat(), *(0 for _ in _UNAGED))
    target.write_new(LOANS, [(*row, *beside) for row in rows])
    now_there = target.known(Loan.contract_no, [row[1] for row in rows], Loan.id)
    stage.resolve("loan", {number: row.id for number, row in now_there.items()})


_PARTS = ("principal", "interest", "fees", "principal_paid", "interest_paid", "fees_paid")
INSTALMENTS = Bulk(
    table_of(Instalment),
    (*NEW, "loan_id", "number", "due_date", *_PARTS),
    ("loan_id", "number"),
    carried=("due_date", *_PARTS),
)


def write_instalments(target: Target, _stage: BookStage, rows: Rows) -> None:
    """The paid figures become the opening balance of the set's day, which the loan takes over with them."""
    target.write_new(INSTALMENTS, rows)
    brought = Loan.import_id.is_distinct_from(target.import_id)
    target.session.execute(
        update(Loan)
        .where(
            Loan.lender_id == target.lender_id,
            Loan.id.in_(list(dict.fromkeys(row[0] for row in rows))),
            or_(Loan.as_of != target.as_of, brought),
        )
        .values(as_of=target.as_of, import_id=target.import_id, from_opening=False)
        .execution_options(synchronize_session=False)
    )


_PAYMENT = ("loan_id", "paid_on", "amount", "currency", "kind", "reference")
PAYMENTS = Bulk(
    table_of(Payment),
    (*NEW, "loan_id", "payment_no", *_PAYMENT[1:]),
    ("lender_id", "payment_no"),
    carried=_PAYMENT,
)


def write_payments(target: Target, _stage: BookStage, rows: Rows) -> None:
    target.write_new(PAYMENTS, rows)
