"""The borrower's pages."""

from flask import Blueprint

from portal.web import access

blueprint = Blueprint("borrower", __name__, url_prefix="/my")
blueprint.before_request(access.only_borrowers)
