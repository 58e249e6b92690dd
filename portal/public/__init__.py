"""Pages that need no sign-in. They name no lender's business and no person."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)

from portal.public import (  # noqa: E402  (registers their routes)
    complaints,  # noqa: F401
    delivery_reports,  # noqa: F401
    development,  # noqa: F401
    health,  # noqa: F401
    invitations,  # noqa: F401
    link,  # noqa: F401
    staff_entry,  # noqa: F401
    start,  # noqa: F401
)
