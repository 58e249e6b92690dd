"""Several processes add to one row through the portal's own sessions, and nobody's addition is lost."""

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from sqlalchemy import select

from portal.config import Settings
from portal.infra import tenancy
from portal.infra.installation import open_installation
from portal.models import Lender, PersonalLink
from portal.services import links
from portal.vocabulary import Channel
from tests import factories
from tests.reliability.fleet import Place, now

# A plain fork would hand the children the parent's connections; a server for them imports everything once.
START = multiprocessing.get_context("forkserver")
START.set_forkserver_preload(["tests.reliability.writers"])


@dataclass(frozen=True)
class Found:
    writers: int
    additions: int
    sum: int
    seconds: float
    problems: tuple[str, ...]


def run(place: Place, *, writers: int, additions: int, patience: float = 120) -> Found:
    """Let so many processes at once add one so many times to the same row: read it, add, write it back."""
    with place.installation.writing.begin() as session:
        borrower = factories.borrower(session, factories.lender(session))
        links.create(
            session,
            borrower=borrower,
            channel=Channel.SMS,
            actor=factories.nightly(session.get_one(Lender, borrower.lender_id)),
            now=now(),
        )
        lender_id = borrower.lender_id
    ready, problems = START.Barrier(writers), START.SimpleQueue()
    crew = [
        START.Process(
            target=_add, args=(dict(place.environ), lender_id, additions, ready, problems), daemon=True
        )
        for _ in range(writers)
    ]
    began = time.monotonic()
    for each in crew:
        each.start()
    for each in crew:
        each.join(max(0.0, began + patience - time.monotonic()))
    hanging = [each for each in crew if each.is_alive()]
    for each in hanging:
        each.kill()
    said = [f"{len(hanging)} writers hang"] if hanging else []
    while not problems.empty():
        said.append(problems.get())
    with place.installation.reading() as session:
        tenancy.enter(session, lender_id)
        total = session.scalars(select(PersonalLink.uses)).one()
    return Found(writers, writers * additions, total, round(time.monotonic() - began, 1), tuple(said))


def _add(
    environ: Mapping[str, str],
    lender_id: int,
    additions: int,
    ready: Barrier,
    problems: "multiprocessing.SimpleQueue[str]",
) -> None:
    """One writer, in a process of its own."""
    installation = open_installation(Settings.load(environ))
    try:
        ready.wait(60)
        for _ in range(additions):
            with installation.writing.begin() as session:
                tenancy.enter(session, lender_id)
                row = session.scalars(select(PersonalLink).with_for_update()).one()
                row.uses += 1
    except Exception as error:  # told to the test, which has no ear in this process
        problems.put(repr(error))
    finally:
        installation.engine.dispose()
