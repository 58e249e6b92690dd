"""Pages that need no sign-in. They name no lender's business and no person."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)

from portal.public import complaints, development, health, link, start  # noqa: E402, F401  (registers their routes)
