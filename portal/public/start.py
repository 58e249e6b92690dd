"""The first page, and the way out."""

from flask import Response, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.public import blueprint
from portal.web import access
from portal.web.page import go_to, page


@blueprint.get("/")
def start() -> AnyResponse:
    if current_user.is_authenticated:
        return redirect("/my" if current_user.actor.is_borrower else "/agent", 303)
    return page("public/start.html")


@blueprint.post("/sign-out")
def sign_out() -> Response:
    access.sign_out()
    return go_to(url_for("public.start"))
