"""One installation: its settings, database and keys, opened once per process."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from portal.config import Settings
from portal.infra import crypto, db


@dataclass(frozen=True)
class Installation:
    settings: Settings
    engine: Engine
    writing: db.Sessions
    reading: db.Sessions


def open_installation(settings: Settings) -> Installation:
    """Connect to the database and load the keyring. Nothing is read or written yet."""
    engine = db.make_engine(settings.database_url)
    crypto.use(crypto.Keyring(settings.master_key, _key_lookup(engine)))
    for folder in (settings.files, settings.outbox):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Installation(settings, engine, db.writing(engine), db.reading(engine))


def _key_lookup(engine: Engine) -> crypto.KeyLookup:
    newest = text(
        "SELECT ref, wrapped FROM data_key WHERE lender_id = :lender AND retired_at IS NULL "
        "ORDER BY id DESC LIMIT 1"
    )
    exact = text("SELECT ref, wrapped FROM data_key WHERE lender_id = :lender AND ref = :ref")
    reads = engine.execution_options(only_reads=True)

    def lookup(lender_id: int, ref: str | None) -> tuple[str, bytes] | None:
        with reads.connect() as connection:
            query = newest if ref is None else exact
            found = connection.execute(
                query, {"lender": lender_id, "ref": ref} if ref else {"lender": lender_id}
            )
            row = found.first()
        return (row.ref, bytes(row.wrapped)) if row else None

    return lookup
