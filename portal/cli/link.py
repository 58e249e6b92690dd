"""`portal link`: a borrower's personal link."""

from typing import TYPE_CHECKING

import click

from portal.cli.context import InputError, json_option, lender_of, open_portal, show
from portal.vocabulary import Channel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.models import Borrower

CHANNELS = (Channel.SMS.value, Channel.EMAIL.value)


@click.command(
    epilog="""\b
Example:  portal link B0001 --lender pingan-bank
          portal link B0001 --lender pingan-bank --send --channel email"""
)
@click.argument("borrower")
@click.option("--lender", "code", help="The code of the lender; needed when BORROWER is not a reference.")
@click.option("--channel", type=click.Choice([*CHANNELS]), help="How it goes out. Default: SMS, else e-mail.")
@click.option("--send", is_flag=True, help="Send it by the outbox instead of printing it.")
@json_option
def link(borrower: str, code: str | None, channel: str | None, *, send: bool, as_json: bool) -> None:
    """Make a personal link for BORROWER (a reference, or the lender's number); older ones die.

    The code that the link asks for is sent by another channel than the link's, if there is one."""
    from portal.domain.actor import system
    from portal.infra import clock
    from portal.services import links

    installation = open_portal()
    by = Channel(channel) if channel else None
    base_url, now = installation.settings.base_url, clock.now()
    with installation.writing.begin() as session:
        person = _find(session, borrower, code)
        actor = system(person.lender_id, "command-line")
        if send:
            made = links.send(session, borrower=person, channel=by, base_url=base_url, actor=actor, now=now)
            result = {"sent_by": made.channel.value}
        else:
            made, token = links.create(
                session, borrower=person, channel=by or Channel.SMS, actor=actor, now=now
            )
            result = {"url": f"{base_url}/l/{token}"}
        result |= {"borrower": person.ref, "expires_at": made.expires_at.isoformat()}
    show(result, as_json=as_json, text=lambda said: said.get("url") or f"Sent by {said['sent_by']}.")


def _find(session: "Session", name: str, code: str | None) -> "Borrower":
    """Enter the borrower's lender and return the borrower, or end the command."""
    from portal.domain.actor import system
    from portal.models import Borrower
    from portal.services import lenders, scope

    chosen = [lender_of(session, code)] if code else lenders.all_lenders(session)
    for lender in chosen:
        query = scope.of_lender(Borrower, system(lender.id, "command-line"))
        by_name = (Borrower.ref == name) | (Borrower.borrower_no == name) if code else Borrower.ref == name
        lenders.enter(session, lender)
        if found := session.scalar(query.where(by_name)):
            return found
    hint = "" if code else "; a lender's own number needs --lender"
    raise InputError(f"there is no borrower {name!r}{hint}")


COMMANDS = (link,)
