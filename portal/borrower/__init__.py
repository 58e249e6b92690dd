"""The borrower's pages."""

from flask import Blueprint

from portal.web import access

blueprint = Blueprint("borrower", __name__, url_prefix="/my")
blueprint.before_request(access.only_borrowers)

from portal.borrower import (  # noqa: E402  (registers their routes)
    agreements,  # noqa: F401
    bookings,  # noqa: F401
    budget,  # noqa: F401
    complaints,  # noqa: F401
    consents,  # noqa: F401
    debts,  # noqa: F401
    disputes,  # noqa: F401
    home,  # noqa: F401
    plans,  # noqa: F401
    preferences,  # noqa: F401
    proofs,  # noqa: F401
    support,  # noqa: F401
    timeline,  # noqa: F401
    visits,  # noqa: F401
)
