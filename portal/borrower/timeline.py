"""Everything that happened, in words: only acts that have a sentence are shown."""

from flask import Response

from portal import formats
from portal.borrower import blueprint
from portal.infra import clock
from portal.services import audit, cases
from portal.web import access
from portal.web.locale import current_locale, current_zone
from portal.web.page import page
from portal.web.transactions import session
from portal.web.words.borrower_entry import EVENTS

MOST = 500


@blueprint.get("/timeline")
def timeline() -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    events = audit.timeline(session, case=case, limit=MOST, actions=frozenset(EVENTS)) if case else []
    return page("borrower/timeline/timeline.html", entries=entries(events))


def entries(events: list[audit.Event]) -> list[dict[str, object]]:
    """Write events the way the timeline shows them."""
    locale, zone = current_locale(), current_zone()
    return [
        {
            "iso": event.at.isoformat(timespec="seconds"),
            "when": formats.moment(event.at, locale, zone),
            "title": EVENTS[event.action].sentence,
            "icon": EVENTS[event.action].icon,
            "tone": EVENTS[event.action].tone,
        }
        for event in events
    ]
