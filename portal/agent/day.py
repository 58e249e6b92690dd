"""My day: what waits for the signed-in member of staff."""

from flask import Response

from portal.agent import blueprint
from portal.vocabulary import Role
from portal.web import access
from portal.web.page import page


@blueprint.get("")
@access.roles(*Role)
def day() -> Response:
    return page("agent/day/day.html")
