"""What migrations do for a table that belongs to lenders, or to the record of what happened."""

from alembic import op

POLICY = "lender_id = current_lender()"


def on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def protect(*tables: str) -> None:
    """Show and take only rows of the lender of the transaction, whoever asks: PostgreSQL's row-level security.

    Every new table with a `lender_id` that names its owner is protected by the migration that makes it."""
    if not on_postgresql():
        return
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_rows ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})')


def append_only(table: str) -> None:
    """Let rows be added and never changed. On PostgreSQL the rights of the portal's role say so."""
    if on_postgresql():
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
