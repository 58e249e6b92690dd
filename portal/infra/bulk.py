"""Many rows at once, past the ORM: new ones are added, and those that have the key already are changed.

On PostgreSQL the rows go through a temporary table of the transaction: COPY is much the fastest way in, but
reaches no table that has policies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from portal.infra import tenancy


@dataclass(frozen=True)
class Bulk:
    """Rows for a table, all of one lender.

    `columns` names what each row holds beside the lender. A row whose `key` is taken changes the `carried`
    columns of the row that is there, where one of them differs, and never another."""

    table: Table
    columns: tuple[str, ...]
    key: tuple[str, ...]
    carried: tuple[str, ...] = ()

    def write(self, session: Session, lender_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows whose values are as the driver takes them: dates and times as text."""
        tenancy.check_rows(session, [{"lender_id": lender_id}])
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            self._copy(connection, lender_id, rows)
        elif rows:
            marks = ", ".join("?" * len(self.columns))
            connection.exec_driver_sql(self._insert(f"VALUES ({int(lender_id)}, {marks})"), list(rows))

    def _copy(self, connection: Connection, lender_id: int, rows: Iterable[tuple[Any, ...]]) -> None:
        through, names = f"bulk_{self.table.name}", ", ".join(self.columns)
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {through} ON COMMIT DROP AS "  # noqa: S608  (names of ours)
            f'SELECT {names} FROM "{self.table.name}" WITH NO DATA'
        )
        cursor: Any = connection.connection.cursor()
        with cursor.copy(f"COPY {through} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.close()
        source = f"SELECT {int(lender_id)}, {names} FROM {through}"  # noqa: S608  (names of ours)
        connection.exec_driver_sql(self._insert(source))
        connection.exec_driver_sql(f"TRUNCATE {through}")

    def _insert(self, source: str) -> str:
        table = f'"{self.table.name}"'
        if not self.carried:
            action = "NOTHING"
        else:
            sets = ", ".join(f"{name} = excluded.{name}" for name in self.carried)
            differs = " OR ".join(f"{table}.{name} IS DISTINCT FROM excluded.{name}" for name in self.carried)
            action = f"UPDATE SET {sets} WHERE {differs}"
        return (
            f"INSERT INTO {table} (lender_id, {', '.join(self.columns)}) {source} "
            f"ON CONFLICT ({', '.join(self.key)}) DO {action}"
        )
