"""May this process be sent visitors? Asked by load balancers every few seconds: it never waits for long."""

import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from portal.infra import database_role, db, schema
from portal.infra.files import FileStore, NotStored
from portal.infra.installation import Installation

PATIENCE = 2.0


class Check:
    """Something to be asked that may hang. While it does, the next to ask is told so at once."""

    def __init__(self, name: str, ask: Callable[[], str | None]) -> None:
        """`ask` returns what is wrong, in a few words; None: nothing."""
        self.name = name
        self._ask = ask
        self._one = threading.Lock()

    def problem(self, patience: float = PATIENCE) -> str | None:
        """Return what is wrong; None: all is well."""
        if not self._one.acquire(timeout=patience):
            return f"{self.name} does not answer"
        found: list[str | None] = []
        asking = threading.Thread(target=self._run, args=(found,), daemon=True)
        asking.start()
        asking.join(patience)
        return found[0] if found else f"{self.name} does not answer"

    def _run(self, found: list[str | None]) -> None:
        try:
            found.append(self._ask())
        finally:
            self._one.release()


def checks(installation: Installation) -> tuple[Check, ...]:
    """Return what must be well for a visitor to be served."""
    return (database(installation.settings.database_url), files(installation.files))


def database(url: str) -> Check:
    """The database answers on a new connection, has the newest schema, and stops us where it should."""

    def ask() -> str | None:
        engine = db.make_engine(url)
        reads = engine.execution_options(only_reads=True)
        try:
            if not schema.is_current(reads):
                return "the database schema is not current"
            if database_role.problem(reads):
                return "the database role is not a plain one"
        except SQLAlchemyError:
            return "the database does not answer"
        finally:
            engine.dispose()
        return None

    return Check("the database", ask)


def files(store: FileStore) -> Check:
    """The place where files are kept is in reach."""

    def ask() -> str | None:
        try:
            store.check()
        except NotStored:
            return "the place where files are kept does not answer"
        return None

    return Check("the place where files are kept", ask)
