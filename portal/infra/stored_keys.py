"""Wrapped keys in the database, read and kept apart from anybody's transaction."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from portal.infra import clock, tenancy

_DATA_KEYS = text(
    "SELECT ref, wrapped FROM data_key WHERE lender_id = :lender "
    "ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, id DESC"
)
_ROOT = text("SELECT wrapped FROM installation_key WHERE purpose = 'root'")
_LOCATED = text("SELECT 1 FROM locator LIMIT 1")
_KEEP_ROOT = text(
    "INSERT INTO installation_key (purpose, wrapped, created_at) VALUES ('root', :wrapped, :at) "
    "ON CONFLICT (purpose) DO NOTHING"
)


class StoredKeys:
    """The keys of one database, as `crypto.Keyring` wants them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reads = engine.execution_options(only_reads=True)

    def data_keys(self, lender_id: int) -> list[tuple[str, bytes]]:
        with self._reads.connect() as connection:
            tenancy.tell(connection, lender_id)
            rows = connection.execute(_DATA_KEYS, {"lender": lender_id}).all()
        return [(row.ref, bytes(row.wrapped)) for row in rows]

    def root(self) -> bytes | None:
        with self._reads.connect() as connection:
            return _root(connection)

    def keep_root(self, make: Callable[[bool], bytes]) -> bytes:
        with self._engine.begin() as connection:
            wrapped = make(connection.execute(_LOCATED).first() is not None)
            at = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
            connection.execute(_KEEP_ROOT, {"wrapped": wrapped, "at": at})
            kept = _root(connection)
        assert kept is not None
        return kept


def _root(connection: Connection) -> bytes | None:
    found = connection.execute(_ROOT).scalar()
    return None if found is None else bytes(found)
