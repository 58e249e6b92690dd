"""Delivers what is due. Each step is a transaction of its own, so that a crash costs at most a repeat."""

from datetime import datetime

from structlog import get_logger

from portal.infra import clock, tenancy
from portal.infra.delivery import Carrier, Letter, NotDelivered
from portal.infra.installation import Installation
from portal.services import carriers, lenders, outbox
from portal.vocabulary import Channel

BATCH = 50
MOST_ROUNDS = 10
log = get_logger()


def work(installation: Installation, *, carrier: Carrier) -> int:
    """Deliver until nothing is due, or for so many rounds. Returns how many messages left."""
    left = 0
    for _round in range(MOST_ROUNDS):
        went = run(installation, carrier=carrier, now=clock.now())
        if not went:
            break
        left += went
    return left


def run(installation: Installation, *, carrier: Carrier, now: datetime) -> int:
    """Deliver a batch of every lender's messages that are due. Returns how many left."""
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    began = clock.now()
    return sum(_batch(installation, lender, carrier, now + (clock.now() - began)) for lender in every)


def gateways_of(installation: Installation, lender_id: int) -> dict[Channel, str]:
    """Return the addresses of a lender's own gateways."""
    with installation.reading() as session:
        lender = lenders.get(session, lender_id)
        lenders.enter(session, lender)
        return carriers.of(lender)


def _batch(installation: Installation, lender: lenders.Lender, carrier: Carrier, now: datetime) -> int:
    with installation.reading() as session:
        lenders.enter(session, lender)
        if not outbox.waiting(session, now=now):
            return 0
    # What is not handed over well within the lease is left to whoever claims it next.
    until = clock.now() + outbox.LEASE / 2
    with installation.writing.begin() as session:
        lenders.enter(session, lender)
        letters = outbox.claim(session, now=now, limit=BATCH)
    return _hand_over(installation, letters, carrier, until=until, now=now)


def _hand_over(
    installation: Installation, letters: list[Letter], carrier: Carrier, *, until: datetime, now: datetime
) -> int:
    """Deliver letters in their order. Once a gateway is out of reach the others of its channel go back."""
    left, out_of_reach = 0, set[str]()
    back = []
    for letter in letters:
        if clock.now() >= until:
            break
        if letter.channel in out_of_reach:
            back.append(letter)
            continue
        try:
            left += _deliver(installation, letter, carrier, now)
        except NotDelivered as error:
            _note_failure(installation, letter, error, now)
            if error.gateway_down:
                out_of_reach.add(letter.channel)
    if back:
        with installation.writing.begin() as session:
            tenancy.enter(session, back[0].lender_id)
            outbox.release(session, letters=back)
    return left


def _deliver(installation: Installation, letter: Letter, carrier: Carrier, now: datetime) -> bool:
    carrier.deliver(letter)
    with installation.writing.begin() as session:
        tenancy.enter(session, letter.lender_id)
        return outbox.sent(session, letter=letter, now=now)


def _note_failure(installation: Installation, letter: Letter, error: NotDelivered, now: datetime) -> None:
    log.warning("message_not_delivered", message=letter.ref, problem=str(error))
    with installation.writing.begin() as session:
        tenancy.enter(session, letter.lender_id)
        outbox.failed(session, letter=letter, problem=str(error), now=now, for_good=error.for_good)
