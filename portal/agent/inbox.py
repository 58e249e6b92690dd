"""The complaint inbox."""

from datetime import date
from typing import Any

from flask import Response, g, request

from portal.agent import blueprint
from portal.infra import clock
from portal.services import inbox
from portal.vocabulary import Role
from portal.web import access
from portal.web.page import page
from portal.web.transactions import session


@blueprint.get("/inbox")
@access.roles(Role.HANDLER, Role.MANAGER, Role.AUDITOR)
def complaint_inbox() -> Response:
    return page("agent/inbox/inbox.html", **inbox_facts())


def inbox_facts() -> dict[str, Any]:
    """What the inbox shows: folders with counts, and the page of one folder."""
    actor, now = access.actor(), clock.now()
    wanted = request.args.get("q", "")
    folder = inbox.Folder(_known(request.args.get("folder", "")))
    found = inbox.page_of(
        session,
        actor=actor,
        folder=folder,
        today=today(),
        now=now,
        wanted=wanted,
        after=request.args.get("after", ""),
    )
    counts = inbox.count_by_folder(session, actor=actor, today=today(), now=now)
    return {"folders": counts, "folder": folder, "found": found, "wanted": wanted, "today": today()}


def today() -> date:
    return clock.now().astimezone(g.zone).date()


def _known(name: str) -> str:
    return name if name in set(inbox.Folder) else inbox.Folder.OPEN
