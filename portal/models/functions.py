"""SQL that the two databases spell differently, or that both need beside the queries."""

from typing import Any

from sqlalchemy import Integer, Text, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement


class days_from(FunctionElement[int]):  # noqa: N801  (reads as the SQL function it is)
    """`days_from(earlier, later)`: the calendar days from one date column to another."""

    type = Integer()
    inherit_cache = True


@compiles(days_from, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({later} - {earlier})"


@compiles(days_from, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def refresh_statistics(session: Session, *models: Any) -> None:
    """Let the database count again after many rows of these tables changed in this transaction.

    With the counts of before, both databases choose plans that take minutes instead of a second."""
    dialect = session.get_bind().dialect
    for model in models:
        table = model.__table__
        if (
            dialect.name == "postgresql"
        ):  # only the owner of a table may count it; the function is the owner's
            session.execute(text("SELECT refresh_statistics(:of)"), {"of": table.name})
        else:
            session.execute(text("PRAGMA analysis_limit = 1000"))  # a sample says enough, whatever the size
            session.execute(text(f"ANALYZE {dialect.identifier_preparer.format_table(table)}"))


class by_code_point(FunctionElement[str]):  # noqa: N801  (reads as the SQL function it is)
    """`by_code_point(text)`: text that sorts as Python sorts it, whatever language the database speaks."""

    type = Text()
    inherit_cache = True


@compiles(by_code_point, "postgresql")
def _code_point_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


@compiles(by_code_point, "sqlite")
def _code_point_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} COLLATE BINARY)"
