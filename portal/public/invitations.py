"""An invitation to work here: a neutral page, then a password of one's own, then the authenticator.

Reading any of these pages changes nothing. From the first press of the button on, no address holds the
token."""

from collections.abc import Callable
from functools import wraps

from flask import Response, url_for
from flask import session as browser
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import EqualTo

from portal.domain.refusals import Refused
from portal.infra import clock
from portal.public import blueprint
from portal.services import invitations, lenders
from portal.web import access, second_step
from portal.web.forms import REQUIRED, SecretForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

InvitationView = Callable[[invitations.Invitation], Response]


class PasswordForm(SecretForm):
    password = PasswordField(_l("New password"), validators=[REQUIRED])
    again = PasswordField(
        _l("The new password again"),
        validators=[REQUIRED, EqualTo("password", _l("The two passwords are not the same."))],
    )


def with_open_invitation(view: InvitationView) -> Callable[[], Response]:
    """Give the view the invitation this browser came by; without an open one there is only the calm page."""

    @wraps(view)
    def wrapper() -> Response:
        found = invitations.resume(session, lender_id=browser.get("lender_id"), ref=browser.get("invitation"))
        if found is None or not invitations.is_open(session, invitation=found, now=clock.now()):
            return go_to(url_for("public.closed_invitation"))
        return view(found)

    return wrapper


@blueprint.get("/invitations/<token>")
def invitation(token: str) -> Response:
    """The page is the same for every token: only the button asks whose it is."""
    return page("public/invitations/neutral.html")


@blueprint.post("/invitations/<token>")
@commits
def open_invitation(token: str) -> Response:
    found = invitations.find(session, token=token)
    if found is None or not invitations.is_open(session, invitation=found, now=clock.now()):
        return go_to(url_for("public.closed_invitation"))
    access.use_lender(lenders.get(session, found.lender_id))
    access.sign_out()
    access.cookie().rotate()
    browser["lender_id"], browser["invitation"] = found.lender_id, found.ref
    return go_to(url_for("public.first_password"))


@blueprint.get("/invitation/password")
@with_open_invitation
def first_password(_invitation: invitations.Invitation) -> Response:
    return page("public/invitations/password.html", form=PasswordForm(formdata=None))


@blueprint.post("/invitation/password")
@commits
@with_open_invitation
def choose_first_password(found: invitations.Invitation) -> Response:
    form = PasswordForm()
    if not form.validate_on_submit():
        return page("public/invitations/password.html", status=422, form=form)
    try:
        staff = invitations.take_up(session, invitation=found, password=form.password.data, now=clock.now())
    except Refused as refusal:
        form.refuse(refusal, form.password)
        return page("public/invitations/password.html", status=422, form=form)
    second_step.begin(staff)
    return go_to(url_for("public.staff_authenticator"))


@blueprint.get("/invitation/closed")
def closed_invitation() -> Response:
    return page("public/invitations/closed.html")
