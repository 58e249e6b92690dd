"""The messages that left, as their readers would see them. There is no such page in production."""

import re

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from portal.infra.delivery import OutboxFolder
from portal.public import blueprint
from portal.services import lenders
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


def register(state: BlueprintSetupState) -> None:
    """Add the page, except where real people get the messages."""
    if not state.app.extensions["installation"].settings.production:
        state.add_url_rule("/development/messages", endpoint="messages", view_func=messages)


blueprint.record(register)
