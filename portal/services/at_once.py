"""Several short lists in one statement: what a page shows of one case, kind by kind."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, literal, select, union_all
from sqlalchemy.orm import Session


def read(session: Session, *queries: Select[Any]) -> list[list[Any]]:
    """Return the rows of each query, in no order. Each asks for another model, by conditions alone.

    The keys of all of them come first, and each row is found by its key: for lists of a few rows."""
    models: Sequence[Any] = [query.column_descriptions[0]["entity"] for query in queries]
    keys = union_all(
        *(
            query.with_only_columns(literal(part).label("part"), model.id.label("row"))
            for part, (query, model) in enumerate(zip(queries, models, strict=True))
        )
    ).subquery()
    statement = select(keys.c.part, *models).select_from(keys)
    for part, model in enumerate(models):
        here = keys.c.part == literal(part)
        statement = statement.outerjoin(model, and_(here, model.id == keys.c.row))
    found: list[list[Any]] = [[] for _ in queries]
    for part, *rows in session.execute(statement):
        found[part].append(rows[part])
    return found
