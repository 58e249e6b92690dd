"""One installation: its settings, database and keys, opened once per process."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url

from portal.config import Settings
from portal.infra import counters, crypto, database_role, db, policy_files, schema
from portal.infra.buckets import Bucket
from portal.infra.files import FileStore
from portal.infra.stored_keys import StoredKeys


@dataclass(frozen=True)
class Installation:
    settings: Settings
    engine: Engine
    writing: db.Sessions
    reading: db.Sessions
    files: FileStore


def open_installation(settings: Settings) -> Installation:
    """Connect to the database and load the keyring. Nothing is read or written yet."""
    engine = db.make_engine(settings.database_url)
    crypto.use(keyring(settings, engine))
    counters.use(counters.Counters(settings.redis_url) if settings.redis_url else None)
    policy_files.use(settings.policies)
    settings.outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Installation(settings, engine, db.writing(engine), db.reading(engine), _files(settings.files_at))


def _files(place: Path | str) -> FileStore:
    if isinstance(place, str):
        return FileStore(Bucket(place))
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileStore(place)


def keyring(settings: Settings, engine: Engine) -> crypto.Keyring:
    """Return the keys of a database as these settings open them."""
    return crypto.Keyring(settings.master_key, StoredKeys(engine), old_master_key=settings.old_master_key)


class Unfit(Exception):
    """The database is not as the portal needs it. One line: what is wrong, and what to do."""


def check_fit(installation: Installation) -> None:
    """Refuse a stale schema, and a role whom the policies of PostgreSQL would not stop. Raises Unfit.

    Once all is well, the root key is loaded; the first process to come here makes it."""
    if not schema.is_current(installation.engine):
        raise Unfit("the database schema is not current: run `portal db upgrade`")
    if problem := database_role.problem(installation.engine):
        raise Unfit(
            f"PORTAL_DATABASE_URL names {problem}: give that address as PORTAL_DATABASE_OWNER_URL to "
            "`portal db upgrade`, and the address of the plain role it makes as PORTAL_DATABASE_URL"
        )
    _load_root(crypto.keyring())


def upgrade(settings: Settings) -> str | None:
    """Bring the database to the newest schema, working as its owner where settings name one.

    On PostgreSQL the role that the portal works as is made, or its rights are renewed. Where settings name no
    plain role, one is made: returns its address, which is known only now. Raises Unfit."""
    engine = db.make_engine(settings.database_owner_url or settings.database_url)
    try:
        role = _role_for(settings, engine)
        known = role is None or _is_known(engine, role)
        schema.upgrade(engine, role=role)
        _load_root(keyring(settings, engine))
    finally:
        engine.dispose()
    if role is None or known or settings.database_owner_url:
        return None
    url = make_url(settings.database_url).set(username=role.name, password=role.password)
    return url.render_as_string(hide_password=False)


def _role_for(settings: Settings, engine: Engine) -> database_role.Role | None:
    if engine.dialect.name != "postgresql":
        return None
    if settings.database_owner_url:
        return database_role.Role.of(settings.database_url)
    if database_role.problem(engine) is None:
        return None
    return database_role.Role(f"{engine.url.database}_portal", secrets.token_urlsafe(24))


def _is_known(engine: Engine, role: database_role.Role) -> bool:
    with engine.connect() as connection:
        return database_role.exists(connection, role.name)


def _load_root(keyring: crypto.Keyring) -> None:
    try:
        keyring.root()
    except crypto.NotOpened as error:
        raise Unfit(f"{error}: PORTAL_MASTER_KEY is not the one of this database") from error
