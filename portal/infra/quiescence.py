"""Waiting until what is under way in the database has ended."""

import time

from sqlalchemy import Engine, text

from portal.infra import clock

POLL_SECONDS = 0.05
_NUMBER = text("SELECT pg_current_xact_id()::text::bigint")
_OLDEST = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


class StillBusy(Exception):
    """A transaction that began before has not ended within the time allowed."""


def wait_for_writers(engine: Engine, *, seconds: float) -> None:
    """Wait until every transaction that has written something by now has ended. Raises StillBusy.

    On SQLite there is one at a time, and beginning one waits for it."""
    if engine.dialect.name != "postgresql":
        with engine.begin():
            return
    with engine.begin() as connection:
        number = connection.execute(_NUMBER).scalar_one()
    deadline = clock.monotonic() + seconds
    while True:
        with engine.begin() as connection:
            if connection.execute(_OLDEST).scalar_one() > number:
                return
        if clock.monotonic() > deadline:
            raise StillBusy
        time.sleep(POLL_SECONDS)
