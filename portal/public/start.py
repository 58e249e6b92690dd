"""The way in: a personal link for borrowers, a sign-in for staff."""

from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, PasswordField

from portal.domain.refusals import Refused
from portal.infra import clock
from portal.public import blueprint
from portal.services import accounts
from portal.web import access
from portal.web.forms import REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

STAFF_IDLE_MINUTES = 60
STAFF_LIFE_HOURS = 12


class SignInForm(PortalForm):
    email = EmailField(_l("E-mail address"), validators=[REQUIRED])
    password = PasswordField(_l("Password"), validators=[REQUIRED])


@blueprint.get("/")
def start() -> AnyResponse:
    if current_user.is_authenticated:
        return redirect("/my" if current_user.actor.is_borrower else "/agent", 303)
    return page("public/start.html")


@blueprint.get("/agent/sign-in")
def staff_sign_in() -> Response:
    return page("public/sign_in.html", form=SignInForm(formdata=None))


@blueprint.post("/agent/sign-in")
@commits
def enter_staff() -> Response:
    form = SignInForm()
    if not form.validate_on_submit():
        return page("public/sign_in.html", status=422, form=form)
    try:
        actor = accounts.sign_in(session, email=form.email.data, password=form.password.data, now=clock.now())
    except Refused as refusal:
        form.refuse(refusal)
        return page("public/sign_in.html", status=422, form=form)
    access.sign_in(actor, idle_minutes=STAFF_IDLE_MINUTES, life_hours=STAFF_LIFE_HOURS)
    return go_to(_own_path(request.args.get("next")) or "/agent")


@blueprint.post("/sign-out")
def sign_out() -> Response:
    access.sign_out()
    return go_to(url_for("public.start"))


def _own_path(target: str | None) -> str | None:
    """Follow `next` only within the agent portal."""
    if not target or not target.startswith("/agent"):
        return None
    parts = urlsplit(target)
    return None if parts.netloc or parts.scheme else target
