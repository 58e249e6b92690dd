"""Delivers what is due. Each step is a transaction of its own, so that a crash costs at most a repeat."""

from datetime import datetime

from structlog import get_logger

from portal.infra import tenancy
from portal.infra.delivery import Carrier, Letter, NotDelivered
from portal.infra.installation import Installation
from portal.services import lenders, outbox

BATCH = 50
log = get_logger()


def run(installation: Installation, *, carrier: Carrier, now: datetime) -> int:
    """Deliver the messages that are due, lender by lender. Returns how many left."""
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    return sum(_run(installation, lender, carrier, now) for lender in every)


def _run(installation: Installation, lender: lenders.Lender, carrier: Carrier, now: datetime) -> int:
    with installation.reading() as session:
        lenders.enter(session, lender)
        if not outbox.waiting(session, now=now):
            return 0
    with installation.writing.begin() as session:
        lenders.enter(session, lender)
        letters = outbox.claim(session, now=now, limit=BATCH)
    return sum(_deliver(installation, letter, carrier, now) for letter in letters)


def _deliver(installation: Installation, letter: Letter, carrier: Carrier, now: datetime) -> bool:
    try:
        carrier.deliver(letter)
    except NotDelivered as error:
        log.warning("message_not_delivered", message=letter.ref, problem=str(error))
        with installation.writing.begin() as session:
            tenancy.enter(session, letter.lender_id)
            outbox.failed(session, letter=letter, problem=str(error), now=now)
        return False
    with installation.writing.begin() as session:
        tenancy.enter(session, letter.lender_id)
        return outbox.sent(session, letter=letter, now=now)
