"""What migrations do for a table that belongs to lenders, or to the record of what happened."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

POLICY = "lender_id = current_lender()"


def on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def protect(*tables: str) -> None:
    """Show and take only rows of the lender of the transaction, whoever asks: row-level security.

    Every new table with a `lender_id` that names its owner is protected by the migration that makes it."""
    if not on_postgresql():
        return
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_rows ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})')


@contextmanager
def unhidden(*tables: str) -> Iterator[None]:
    """Let the owner of the tables, who migrates, reach the rows of every lender."""
    if not on_postgresql():
        yield
        return
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
    yield
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')


def append_only(table: str) -> None:
    """Let rows be added and never changed. On PostgreSQL the rights of the portal's role say so.

    A table of numbered rows, `(lender_id, sequence)`: on SQLite a REPLACE would remove a row past its
    triggers, so a number, or an id, that is taken is refused too."""
    if on_postgresql():
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} "  # noqa: S608
        "WHERE id = NEW.id OR (lender_id = NEW.lender_id AND sequence = NEW.sequence)) "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
