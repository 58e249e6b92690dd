"""Removes what has served its time: rows nobody asks for any more, drafts of processes that were killed."""

from dataclasses import asdict
from datetime import datetime

from structlog import get_logger

from portal.infra.delivery import OutboxFolder
from portal.infra.installation import Installation
from portal.services import leftovers, lenders

log = get_logger()


def run(installation: Installation, *, now: datetime) -> int:
    """Delete it, lender by lender. Returns how many; the log says of what. Any number of workers may."""
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    with installation.writing.begin() as session:
        counts = asdict(leftovers.remove_of_installation(session, now=now))
    counts["drafts"] = OutboxFolder(installation.settings.outbox).sweep(now=now)
    removed = _told(counts)
    for lender in every:
        with installation.writing.begin() as session:
            lenders.enter(session, lender)
            of_lender = leftovers.remove_of_lender(session, lender_id=lender.id, now=now)
        removed += _told(asdict(of_lender), lender=lender.code)
    return removed


def _told(counts: dict[str, int], **where: str) -> int:
    if total := sum(counts.values()):
        log.info("leftovers_removed", **where, **counts)
    return total
