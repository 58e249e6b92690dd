"""The staff's pages. Every view names the roles that may open it."""

from flask import Blueprint

from portal.web import access

blueprint = Blueprint("agent", __name__, url_prefix="/agent")
blueprint.before_request(access.only_staff)

from portal.agent import complaints, day, inbox, proofs  # noqa: E402, F401  (registers their routes)
