"""Replacing a lender's key: a new one, everything sealed again under it, the old ones destroyed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.infra import crypto
from portal.models import Base, DataKey, InstallationKey, Lender, Row, StoredFile
from portal.models.base import BlindIndex, Sealed, sealed_of
from portal.services import audit, lender_secrets, lenders

NAME = "keys"
AT_A_TIME = 400


def begin(session: Session, *, lender: Lender, now: datetime) -> bool:
    """Give the lender a new key and retire the others; they still open what is sealed under them.

    Returns False when a rotation was begun before and not finished: then that one is to be finished."""
    session.execute(select(Lender.id).where(Lender.id == lender.id).with_for_update(key_share=True))
    if retired(session):
        return False
    session.execute(update(DataKey).where(DataKey.retired_at.is_(None)).values(retired_at=now))
    lenders.add_key(session, lender=lender, now=now)
    audit.record(
        session,
        actor=system(lender.id, NAME),
        action="key_replaced",
        subject=f"lender/{lender.ref}",
        now=now,
    )
    return True


def retired(session: Session) -> int:
    """Return how many keys of the lender wait to be destroyed."""
    return session.scalar(select(func.count(DataKey.id)).where(DataKey.retired_at.is_not(None))) or 0


def opened(session: Session, *, lender: Lender) -> tuple[int, int]:
    """Open every key of the lender; return how many are in use, how many retired. Raises crypto.NotOpened."""
    keyring = crypto.keyring()
    keys = session.scalars(select(DataKey)).all()
    for key in keys:
        what = crypto.wrapping(lender.id, key.ref)
        keyring.unwrap(key.wrapped, what, f"a key of {lender.code}")
    count = sum(key.retired_at is not None for key in keys)
    return len(keys) - count, count


def destroy_retired(session: Session, *, lender: Lender, counts: Mapping[str, int], now: datetime) -> int:
    """Delete the retired keys, for good; what is sealed under one never opens again, so look for that before.

    `counts` is what was sealed again, for the audit log."""
    keys = session.scalars(select(DataKey).where(DataKey.retired_at.is_not(None))).all()
    for key in keys:
        session.delete(key)
    facts = {**counts, "destroyed": len(keys)}
    done = audit.Occurrence(f"lender/{lender.ref}", None, facts)
    audit.record_many(
        session, actor=system(lender.id, NAME), action="keys_rotated", occurrences=[done], now=now
    )
    return len(keys)


@dataclass(frozen=True)
class SealedTable:
    """A model with sealed values, and what is read of its rows to seal them again."""

    model: Any  # a Row
    sealed: tuple[Sealed, ...]

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)

    @property
    def indexed(self) -> list[tuple[Sealed, BlindIndex]]:
        return [(each, each.index) for each in self.sealed if each.index]

    @property
    def columns(self) -> list[str]:
        """The columns that change with the key."""
        return [each.column for each in self.sealed] + [index.column for _, index in self.indexed]

    def query(self) -> Any:
        named = {name for _, index in self.indexed for name in index.names}
        read = dict.fromkeys(["id", "lender_id", "ref", *self.columns, *sorted(named)])
        return select(*(getattr(self.model, name) for name in read))

    def under_another(self, ref: str) -> Any:
        """Whether a row holds a value that is sealed under another key than this one."""
        head = crypto.VERSION + ref.encode()
        columns = [getattr(self.model, each.column) for each in self.sealed]
        return or_(*(func.substr(column, 1, len(head)) != head for column in columns))


def sealed_tables() -> list[SealedTable]:
    """Every table with sealed values, by name."""
    models = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Row)]
    tables = [SealedTable(model, sealed_of(model)) for model in models if sealed_of(model)]
    return sorted(tables, key=lambda table: table.name)


@dataclass(frozen=True)
class Batch:
    """Rows to seal again, and up to which row was looked; None: to the end."""

    ids: Sequence[int]
    looked_at: int | None


def stale_rows(session: Session, table: SealedTable, *, lender: Lender, after: int = 0) -> Batch:
    """Look for rows that hold something sealed or indexed under another key than the current one."""
    model = table.model
    if table.indexed:  # an index does not tell its key: it is computed and compared
        rows = session.execute(
            table.query().where(model.id > after).order_by(model.id).limit(AT_A_TIME)
        ).all()
        return Batch([row.id for row in rows if _is_stale(table, row)], rows[-1].id if rows else None)
    other = table.under_another(crypto.keyring().current_ref(lender.id))
    query = select(model.id).where(model.id > after, other).order_by(model.id).limit(AT_A_TIME)
    ids = session.scalars(query).all()
    return Batch(ids, ids[-1] if ids else None)


def count_stale(session: Session, *, lender: Lender) -> int:
    """Return about how many rows and files there are to seal again."""
    ref = crypto.keyring().current_ref(lender.id)
    counted = [
        select(func.count(table.model.id)).where(table.under_another(ref)) for table in sealed_tables()
    ]
    counted.append(select(func.count(StoredFile.id)))
    return sum(session.scalar(query) or 0 for query in counted)


def reseal_lender(session: Session, *, lender: Lender) -> int:
    """Seal what the lender's own row keeps under the current key. Returns how many values were."""
    return lender_secrets.reseal(session, lender=lender)


def reseal_rows(session: Session, table: SealedTable, *, ids: Sequence[int]) -> int:
    """Seal these rows' values under the current key. Returns how many values were.

    A row that somebody else is changing right now is left for later, so that neither waits for the other; a
    row's version stays, since what it says does not change."""
    query = table.query().where(table.model.id.in_(ids)).order_by(table.model.id)
    rows = session.execute(query.with_for_update(key_share=True, skip_locked=True)).all()
    renewed = [(row, new) for row in rows if (new := _renewed(table, row))]
    if renewed:
        values = [
            {"at": row.id, "of": row.lender_id}
            | {f"new_{name}": new.get(name, getattr(row, name)) for name in table.columns}
            for row, new in renewed
        ]
        session.connection().execute(_update(table), values)
    return sum(len(new) for _, new in renewed)


def _update(table: SealedTable) -> Any:
    own: Table = table.model.__table__
    return (
        update(own)
        .where(own.c.id == bindparam("at"), own.c.lender_id == bindparam("of"))
        .values({name: bindparam(f"new_{name}") for name in table.columns})
    )


def _is_stale(table: SealedTable, row: Any) -> bool:
    keyring = crypto.keyring()
    sealed = (getattr(row, each.column) for each in table.sealed)
    if any(not keyring.is_current(row.lender_id, each) for each in sealed if each is not None):
        return True
    return bool(_renewed(table, row))


def _renewed(table: SealedTable, row: Any) -> dict[str, bytes]:
    """Return the columns of a row that are not under the current key, as they are under it."""
    keyring, renewed = crypto.keyring(), {}
    for each in table.sealed:
        sealed = getattr(row, each.column)
        if sealed is None:
            continue
        stale = not keyring.is_current(row.lender_id, sealed)
        if not (stale or each.index):
            continue
        value = keyring.open(row.lender_id, each.place(row.ref), sealed)
        if stale:
            renewed[each.column] = keyring.seal(row.lender_id, each.place(row.ref), value)
        if each.index and (index := each.index.of(row, value.decode())) != getattr(row, each.index.column):
            renewed[each.index.column] = index
    return renewed


def stored_files(session: Session, *, after: int = 0) -> list[tuple[int, str]]:
    """Name some of the lender's files by number and reference."""
    query = select(StoredFile.id, StoredFile.ref).where(StoredFile.id > after)
    rows = session.execute(query.order_by(StoredFile.id).limit(AT_A_TIME))
    return [(row.id, row.ref) for row in rows]


def has_file(session: Session, ref: str) -> bool:
    return session.scalar(select(StoredFile.id).where(StoredFile.ref == ref)) is not None


def rewrap(session: Session, *, to: crypto.Keyring, now: datetime) -> int:
    """Lock every lender's keys and the root key with another master key. Returns how many keys that were.

    One transaction of the whole installation. Raises crypto.NotOpened when one does not open now."""
    keyring, count = crypto.keyring(), 0
    keyring.root()
    for lender in lenders.all_lenders(session):
        session.expunge_all()
        lenders.enter(session, lender)
        keys = session.scalars(select(DataKey).with_for_update()).all()
        for key in keys:
            what = crypto.wrapping(lender.id, key.ref)
            key.wrapped = to.wrap(keyring.unwrap(key.wrapped, what, f"a key of {lender.code}"), what)
        actor, subject = system(lender.id, NAME), f"lender/{lender.ref}"
        audit.record(
            session, actor=actor, action="master_key_replaced", subject=subject, now=now, keys=len(keys)
        )
        count += len(keys)
    root = session.get_one(InstallationKey, "root", with_for_update=True)
    root.wrapped = to.wrap(keyring.unwrap(root.wrapped, crypto.ROOT, "the root key"), crypto.ROOT)
    session.flush()
    audit.record_for_installation(
        session, action="master_key_replaced", subject="installation_key/root", now=now, keys=count + 1
    )
    return count + 1
