"""The route list: the stops of a day."""

from datetime import date, timedelta

from flask import Response, g, request

from portal.agent import blueprint
from portal.infra import clock
from portal.services import routes
from portal.vocabulary import Role
from portal.web import access
from portal.web.page import page
from portal.web.transactions import session
from portal.web.words.on_site import PLACES


@blueprint.get("/route")
@access.roles(Role.AGENT)
def route() -> Response:
    actor, now = access.actor(), clock.now()
    today = now.astimezone(g.zone).date()
    day = _wanted(today)
    stops = routes.stops(session, actor=actor, day=day, zone=g.zone, now=now)
    return page(
        "agent/route/route.html",
        stops=stops,
        first_to_go=next((stop for stop in stops if stop.to_go), None),
        day=day,
        today=today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        places=PLACES,
    )


def _wanted(today: date) -> date:
    """The day that was asked for; a day that does not exist, or lies at the end of time, is today."""
    try:
        wanted = date.fromisoformat(request.args.get("date", ""))
    except ValueError:
        return today
    return wanted if date(2000, 1, 1) <= wanted <= date(2999, 12, 31) else today
