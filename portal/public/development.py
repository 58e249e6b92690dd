"""For trying out: the messages that left, as their readers would see them, and what the authenticators of the
demo's staff show. There are no such pages in production."""

import re

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from portal.infra import clock
from portal.infra.delivery import OutboxFolder
from portal.public import blueprint
from portal.services import authenticators, lenders
from portal.vocabulary import Channel
from portal.web.page import page
from portal.web.transactions import installation, session

NEWEST = 50
ADDRESS = re.compile(r"(https?://[\x21-\x7e]+)")  # in Chinese, no space stands before it


def messages() -> Response:
    """Show the newest messages; `to` keeps those whose recipient holds a text."""
    wanted = request.args.get("to", "").strip()
    folder = OutboxFolder(installation().settings.outbox)
    found = [each for each in folder.letters(limit=NEWEST) if wanted.casefold() in each.recipient.casefold()]
    names = {lender.id: lender.names for lender in lenders.all_lenders(session)}
    shown = [(letter, Channel(letter.channel), names[letter.lender_id]) for letter in found]
    return page("public/development/messages.html", messages=shown, wanted=wanted, parts=ADDRESS.split)


def demo_codes() -> Response:
    """Show the codes of now of everybody whose address is made up."""
    now, shown = clock.now(), []
    with installation().reading() as database:
        known = lenders.all_lenders(database)
    for lender in known:
        with installation().reading() as database:
            lenders.enter(database, lender)
            if codes := authenticators.codes_for_trying_out(database, lender_id=lender.id, now=now):
                shown.append((lender.names, codes))
    left = authenticators.seconds_left(now)
    return page("public/development/codes.html", shown=shown, seconds_left=left)


def register(state: BlueprintSetupState) -> None:
    """Add the pages, except where real people get the messages."""
    if not state.app.extensions["installation"].settings.production:
        state.add_url_rule("/development/messages", endpoint="messages", view_func=messages)
        state.add_url_rule("/development/codes", endpoint="demo_codes", view_func=demo_codes)


blueprint.record(register)
