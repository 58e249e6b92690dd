"""Keys seen so far, in a temporary database that spills to disk: memory stays flat however many there are."""

import pysqlite3.dbapi2 as sqlite


class KeyStore:
    """Remembers one text value for each key of each kind. Gone when closed, or with the process."""

    def __init__(self) -> None:
        self._database = sqlite.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE seen (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def add(self, kind: str, key: str, value: str = "") -> bool:
        """Remember a key. False: it was there already, and keeps its value."""
        cursor = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (kind, key, value))
        return bool(cursor.rowcount)

    def get(self, kind: str, key: str) -> str | None:
        found = self._database.execute("SELECT value FROM seen WHERE kind = ? AND key = ?", (kind, key))
        row = found.fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        self._database.close()
