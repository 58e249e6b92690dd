"""One lender at a time: what a database session sees and writes.

A session enters a lender once. From then on every statement carries the lender, nothing of another lender is
flushed, and PostgreSQL is told whose rows its policies may show. A session that has entered none reaches only
the few tables that belong to no lender. What goes past the ORM has `check_rows`, and behind it the database's
own keys and policies."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Table, event, inspect, text
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    QueryContext,
    Session,
    SessionTransaction,
    UOWTransaction,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.sql import visitors

INSTALLATION = 0  # stands where a lender's id does for what belongs to the installation as a whole
KEY = "lender_id"
TABLES: set[str] = set()  # the tables whose rows belong to lenders; the models fill it in
TELL = text("SELECT set_config('portal.lender_id', :lender, true)")


class LenderUnknown(Exception):
    """Rows of lenders were asked for before it was said of which lender."""


class WrongLender(Exception):
    """Rows of a lender were to be read or written in a session of another."""


class OfLender:
    """Mark of a mapped class each of whose rows belongs to one lender."""

    @declared_attr
    def lender_id(cls) -> Mapped[int]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return mapped_column()


class TenantSession(Session):
    """A session of one lender; see `enter`."""

    def bulk_save_objects(self, *_args: object, **_options: object) -> None:
        """Not for rows of lenders: it goes past every check."""
        raise WrongLender("rows in bulk carry no lender that is checked: use `check_rows` or `add_all`")

    bulk_insert_mappings = bulk_save_objects
    bulk_update_mappings = bulk_save_objects


def enter(session: Session, lender_id: int) -> None:
    """From here on the session is this lender's. Raises WrongLender once it holds rows of another."""
    current = lender_of(session)
    if current == lender_id:
        return
    if current is not None and any(isinstance(each, OfLender) for each in session):
        raise WrongLender(f"the session holds rows of lender {current}; lender {lender_id} needs its own")
    session.info[KEY] = lender_id
    if session.in_transaction():
        tell(session.connection(), lender_id)


def lender_of(session: Session) -> int | None:
    """Return the id of the lender whose session this is; None before it was entered."""
    found: int | None = session.info.get(KEY)
    return found


def tell(connection: Connection, lender_id: int) -> None:
    """Let the policies of PostgreSQL know the lender, until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(TELL, {"lender": str(lender_id)})


def check_rows(session: Session, rows: Iterable[Mapping[str, Any]]) -> None:
    """Check rows that are written in bulk, past the ORM. Raises WrongLender for one of another lender."""
    entered = _entered(session)
    for row in rows:
        if row["lender_id"] != entered:
            raise WrongLender(f"a row of lender {row['lender_id']} in the session of lender {entered}")


def _entered(session: Session) -> int:
    lender_id = lender_of(session)
    if lender_id is None:
        raise LenderUnknown("enter a lender before reading or writing its rows")
    return lender_id


@event.listens_for(TenantSession, "after_begin")
def _begun(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    lender_id = lender_of(session)
    if lender_id is not None and not transaction.nested:
        tell(connection, lender_id)


@event.listens_for(TenantSession, "before_flush")
def _check_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, OfLender):
            _check_row(session, row)


def _check_row(session: Session, row: OfLender) -> None:
    """Check whose a row is, and whose it was when it was read."""
    entered = _entered(session)
    for lender_id in (row.lender_id, *inspect(row).attrs.lender_id.history.deleted):
        if lender_id != entered:
            raise WrongLender(f"{type(row).__name__} of lender {lender_id} in the session of {entered}")


@event.listens_for(TenantSession, "loaded_as_persistent")
def _check_loaded(session: Session, row: object) -> None:
    """Check what came from the database, however it was asked for."""
    if isinstance(row, OfLender) and row.__dict__.get(KEY) not in (None, lender_of(session)):
        raise WrongLender(f"{type(row).__name__} of another lender was read by lender {lender_of(session)}")


@event.listens_for(OfLender, "refresh", propagate=True)
def _check_refreshed(row: OfLender, context: QueryContext, _names: object) -> None:
    if isinstance(context.session, TenantSession):
        _check_loaded(context.session, row)


@event.listens_for(TenantSession, "do_orm_execute")
def _check_statement(state: ORMExecuteState) -> None:
    lender_id = lender_of(state.session)
    if lender_id is None:
        if _reaches_lenders(state.statement):
            raise LenderUnknown("enter a lender before reading or writing its rows")
    elif not state.is_orm_statement:
        if _reaches_lenders(state.statement):
            raise WrongLender("a statement on bare tables carries no lender: name the model")
    elif state.is_insert:
        _check_insert(state)
    else:
        if state.is_update:
            _check_update(state)
        own = with_loader_criteria(
            OfLender,
            lambda model: model.lender_id == lender_id,
            include_aliases=True,
            propagate_to_loaders=False,  # what a relationship loads passes here by itself
        )
        state.statement = state.statement.options(own)


def _check_insert(state: ORMExecuteState) -> None:
    """Only plain rows are inserted: each says whose it is."""
    mapper = state.bind_mapper
    if mapper is None or not issubclass(mapper.class_, OfLender):
        return
    given = state.parameters
    if not given:
        given = state.statement.compile().params  # type: ignore[attr-defined]
    rows: list[Any] = given if isinstance(given, list) else [given]
    if not all(KEY in row for row in rows):
        raise WrongLender("rows of a query, or several in one statement, do not say of which lender they are")
    check_rows(state.session, rows)


def _check_update(state: ORMExecuteState) -> None:
    """Rows are changed by a condition, which gets the lender; none is handed to another lender."""
    if state.parameters:
        raise WrongLender("an update of rows by their keys carries no lender: give a condition")
    if any(column.name == KEY for column in state.statement._values or ()):  # type: ignore[attr-defined]
        raise WrongLender("a row stays with its lender")


def _reaches_lenders(statement: Executable) -> bool:
    """Whether a statement names a table whose rows belong to lenders."""
    named: Any = statement
    if not isinstance(named, visitors.ExternallyTraversible):
        return False
    return any(isinstance(each, Table) and each.name in TABLES for each in visitors.iterate(named))
