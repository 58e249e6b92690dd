"""A lender's own gateways for SMS and e-mail: addresses with a password in them, kept sealed."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.models import Lender
from portal.services import audit, lender_secrets
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Channel

COLUMNS = {Channel.SMS: "sms_url_sealed", Channel.EMAIL: "mail_url_sealed"}


def of(lender: Lender) -> dict[Channel, str]:
    """Return the addresses a lender has of its own, by channel."""
    found = {channel: lender_secrets.read(lender, column) for channel, column in COLUMNS.items()}
    return {channel: address.decode() for channel, address in found.items() if address}


@in_savepoint
def put(
    session: Session, *, lender: Lender, channel: Channel, address: str | None, actor: Actor, now: datetime
) -> None:
    """Keep an address for a channel; None goes back to the installation's. It was checked before."""
    lender_secrets.put(lender, COLUMNS[channel], address.encode() if address else None)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="carrier_set",
        subject=f"lender/{lender.ref}",
        now=now,
        channel=channel,
        own=address is not None,
    )
