"""A borrower's way in: the neutral page of a personal link, who is there, the code, and closed links.

Reading any of these pages changes nothing: machines that fetch a link do no harm. From the first press of the
button on, no address holds the token."""

from collections.abc import Callable
from functools import wraps
from typing import cast

from flask import Response, flash, g, url_for
from flask import session as browser
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import Length

from portal.domain.refusals import Refused
from portal.infra import clock
from portal.public import blueprint
from portal.services import lenders, links
from portal.web import access
from portal.web.forms import REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.sessions import BrowserSession
from portal.web.transactions import commits, installation, session

LinkView = Callable[[links.PersonalLink], Response]


def _plain(text: str | None) -> str:
    return links.plain(text or "")


class IdentificationForm(PortalForm):
    last_four = StringField(
        _l("Last four characters of your ID number"),
        filters=[_plain],
        validators=[REQUIRED, Length(4, 4, _l("Please enter exactly four characters."))],
    )


class CodeForm(PortalForm):
    code = StringField(
        _l("Code"), filters=[_plain], validators=[REQUIRED, Length(6, 6, _l("The code has six digits."))]
    )


class RequestForm(PortalForm):
    """A new link is asked for without a word."""


def with_open_link(view: LinkView) -> Callable[[], Response]:
    """Give the view the link this browser came by; without an open one there is only the calm page."""

    @wraps(view)
    def wrapper() -> Response:
        link = _kept_link()
        if link is None or not links.is_open(session, link=link, now=clock.now()):
            return go_to(url_for("public.closed_link"))
        return view(link)

    return wrapper


@blueprint.get("/l/<token>")
def personal_link(token: str) -> Response:
    if link := links.find(session, token=token):
        access.use_lender(lenders.get(session, link.lender_id))
    return page("public/link/neutral.html")


@blueprint.post("/l/<token>")
@commits
def open_link(token: str) -> Response:
    link = links.find(session, token=token)
    if link is None:
        return go_to(url_for("public.closed_link"))
    access.use_lender(lenders.get(session, link.lender_id))
    if _belongs_to_current(link):
        return go_to("/my")
    _keep(link)
    try:
        links.open_link(session, link=link, now=clock.now())
    except Refused:
        return go_to(url_for("public.closed_link"))
    return go_to(url_for("public.identification"))


@blueprint.get("/enter")
@with_open_link
def identification(_link: links.PersonalLink) -> Response:
    return page("public/link/identification.html", form=IdentificationForm(formdata=None))


@blueprint.post("/enter")
@commits
@with_open_link
def identify(link: links.PersonalLink) -> Response:
    form = IdentificationForm()
    if not form.validate_on_submit():
        return page("public/link/identification.html", status=422, form=form)
    browser["identified"] = links.identify(
        session, link=link, last_four=form.last_four.data, browser=_cookie().digest, now=clock.now()
    )
    return go_to(url_for("public.code"))


@blueprint.get("/enter/code")
@with_open_link
def code(_link: links.PersonalLink) -> Response:
    if "identified" not in browser:
        return go_to(url_for("public.identification"))
    return page("public/link/code.html", form=CodeForm(formdata=None))


@blueprint.post("/enter/code")
@commits
@with_open_link
def enter(link: links.PersonalLink) -> Response:
    form = CodeForm()
    if not form.validate_on_submit():
        return page("public/link/code.html", status=422, form=form)
    try:
        person = links.enter(
            session, link=link, browser=_cookie().digest, code=form.code.data, now=clock.now()
        )
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return page("public/link/code.html", status=422, form=form)
    rules = g.policy.session
    access.sign_in(person, idle_minutes=rules.idle_minutes, life_hours=rules.life_hours)
    return go_to("/my")


@blueprint.post("/enter/codes")
@commits
@with_open_link
def send_code_again(link: links.PersonalLink) -> Response:
    identified = bool(browser.get("identified"))
    links.send_code(session, link=link, browser=_cookie().digest, identified=identified, now=clock.now())
    flash(_("If the four characters are right, a new code is on its way. Only the newest counts."), "info")
    return go_to(url_for("public.code"))


@blueprint.get("/enter/link")
def closed_link() -> Response:
    return page("public/link/closed.html", form=RequestForm(formdata=None), requested=False)


@blueprint.post("/enter/link")
@commits
def request_link() -> Response:
    if RequestForm().validate_on_submit() and (link := _kept_link()):
        base_url = installation().settings.base_url
        links.request_new(session, link=link, base_url=base_url, now=clock.now())
    return go_to(url_for("public.requested_link"))


@blueprint.get("/enter/link/requested")
def requested_link() -> Response:
    return page("public/link/closed.html", form=RequestForm(formdata=None), requested=True)


def _kept_link() -> links.PersonalLink | None:
    return links.resume(session, lender_id=browser.get("lender_id"), ref=browser.get("link"))


def _keep(link: links.PersonalLink) -> None:
    """Remember the link by its reference; whoever was signed in here before is not any more."""
    access.sign_out()
    _cookie().rotate()
    browser["lender_id"], browser["link"] = link.lender_id, link.ref


def _cookie() -> BrowserSession:
    return cast(BrowserSession, browser._get_current_object())  # type: ignore[attr-defined]


def _belongs_to_current(link: links.PersonalLink) -> bool:
    if not current_user.is_authenticated or not current_user.actor.is_borrower:
        return False
    return bool((current_user.actor.lender_id, current_user.actor.id) == (link.lender_id, link.borrower_id))
