"""The borrower's pages."""

from flask import Blueprint

from portal.web import access

blueprint = Blueprint("borrower", __name__, url_prefix="/my")
blueprint.before_request(access.only_borrowers)

from portal.borrower import bookings, complaints, consents, home, proofs, timeline, visits  # noqa: E402, F401  (registers their routes)
