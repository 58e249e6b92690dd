"""Writes the reminders that are due into the outbox, in batches, for every lender."""

from collections.abc import Callable
from datetime import datetime

from portal.infra.installation import Installation
from portal.services import lenders, reminders

BATCH = 25
MOST_ROUNDS = 40


def run(installation: Installation, *, now: datetime) -> int:
    """Write until nothing is due, or for so many rounds. Returns how many cases were looked at."""
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    looks = (reminders.send_due, reminders.send_of_promises)
    return sum(_all_of(installation, lender, look, now) for lender in every for look in looks)


def _all_of(
    installation: Installation, lender: lenders.Lender, look: Callable[..., int], now: datetime
) -> int:
    """Each batch is a transaction of its own: one that is lost is written again whole, or not at all."""
    done = 0
    for _round in range(MOST_ROUNDS):
        with installation.writing.begin() as session:
            lenders.enter(session, lender)
            found = look(session, lender_id=lender.id, now=now, limit=BATCH)
        done += found
        if found < BATCH:
            break
    return done
