"""My account: where I am signed in, my password, my authenticator and recovery codes."""

from typing import TYPE_CHECKING, Any

from flask import Response, abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, Length

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock, ids
from portal.services import accounts, authenticators, browser_sessions, people
from portal.vocabulary import Role
from portal.web import access, qr_codes, second_step
from portal.web.forms import REQUIRED, SecretForm, printable
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

if TYPE_CHECKING:
    from portal.models import Staff

AUTHENTICATOR, RECOVERY_CODES = "authenticator", "recovery-codes"


class PasswordForm(SecretForm):
    old = PasswordField(_l("Password so far"), validators=[REQUIRED])
    password = PasswordField(_l("New password"), validators=[REQUIRED])
    again = PasswordField(
        _l("The new password again"),
        validators=[REQUIRED, EqualTo("password", _l("The two passwords are not the same."))],
    )


class ConfirmationForm(SecretForm):
    password = PasswordField(_l("Password"), validators=[REQUIRED])
    code = StringField(
        _l("Code of your authenticator"), filters=[printable], validators=[REQUIRED, Length(max=40)]
    )


class FirstCodeForm(SecretForm):
    code = StringField(
        _l("Code of the new authenticator"), filters=[printable], validators=[REQUIRED, Length(max=40)]
    )


@blueprint.get("/account")
@access.roles(*Role)
def account() -> Response:
    staff, actor = _me(), access.actor()
    return page(
        "agent/account/account.html",
        person=staff,
        roles=people.roles_of(staff),
        sessions=browser_sessions.of_actor(session, actor=actor, own=access.cookie().digest, now=clock.now()),
        codes_left=authenticators.recovery_codes_left(session, staff=staff),
        key=ids.new_ref(),
    )


@blueprint.post("/account/sessions/<ref>/ending")
@access.roles(*Role)
@commits
def end_session(ref: str) -> Response:
    ended = browser_sessions.end_one(session, ref=ref, actor=access.actor(), now=clock.now())
    access.or_404(ended or None)
    flash(_("The session was ended; that browser opens nothing any more."), "success")
    return go_to(url_for("agent.account"))


@blueprint.post("/account/sessions/ending")
@access.roles(*Role)
@commits
def end_other_sessions() -> Response:
    browser_sessions.end_others(session, own=access.cookie().digest, actor=access.actor(), now=clock.now())
    flash(_("All other sessions were ended."), "success")
    return go_to(url_for("agent.account"))


@blueprint.get("/account/password")
@access.roles(*Role)
def password() -> Response:
    return page("agent/account/password.html", form=PasswordForm(formdata=None))


@blueprint.post("/account/password")
@access.roles(*Role)
@commits
def change_password() -> Response:
    form, staff, actor, now = PasswordForm(), _me(), access.actor(), clock.now()
    if not form.validate_on_submit():
        return page("agent/account/password.html", status=422, form=form)
    field = form.old
    try:
        accounts.confirm_password(
            session, staff=staff, password=form.old.data, address=access.address(), now=now
        )
        field = form.password
        accounts.change_password(session, staff=staff, password=form.password.data, actor=actor, now=now)
    except Refused as refusal:
        form.refuse(refusal, field)
        return page("agent/account/password.html", status=_status(refusal), form=form)
    browser_sessions.end_others(session, own=access.cookie().digest, actor=actor, now=now)
    access.cookie().rotate()
    flash(_("Your password was changed. Your other sessions were ended."), "success")
    return go_to(url_for("agent.account"))


@blueprint.get("/account/confirmation")
@access.roles(*Role)
def confirmation() -> Response:
    return page("agent/account/confirmation.html", form=ConfirmationForm(formdata=None), wanted=_wanted())


@blueprint.post("/account/confirmation")
@access.roles(*Role)
@commits
def confirm_myself() -> Response:
    form, staff, wanted, now = ConfirmationForm(), _me(), _wanted(), clock.now()
    if not form.validate_on_submit():
        return page("agent/account/confirmation.html", status=422, form=form, wanted=wanted)
    facts: dict[str, Any] = {"staff": staff, "address": access.address(), "now": now}
    field = form.password
    try:
        accounts.confirm_password(session, password=form.password.data, **facts)
        field = form.code
        authenticators.use_either(session, code=form.code.data, **facts)
    except Refused as refusal:
        form.refuse(refusal, field)
        return page("agent/account/confirmation.html", status=_status(refusal), form=form, wanted=wanted)
    second_step.step_up(staff)
    if wanted == AUTHENTICATOR:
        return go_to(url_for("agent.new_authenticator"))
    return _make_codes(staff)


@blueprint.get("/account/authenticator")
@access.roles(*Role)
def new_authenticator() -> Response:
    proposal = second_step.proposal_of_proved()
    if proposal is None:
        return go_to(url_for("agent.confirmation", to=AUTHENTICATOR))
    return _authenticator_page(proposal, FirstCodeForm(formdata=None))


@blueprint.post("/account/authenticator")
@access.roles(*Role)
@commits
def confirm_authenticator() -> Response:
    form, staff, actor, now = FirstCodeForm(), _me(), access.actor(), clock.now()
    proposal = second_step.proposal_of_proved()
    if proposal is None:
        return go_to(url_for("agent.confirmation", to=AUTHENTICATOR))
    if not form.validate_on_submit():
        return _authenticator_page(proposal, form, status=422)
    facts: dict[str, Any] = {"code": form.code.data, "address": access.address(), "actor": actor, "now": now}
    try:
        authenticators.confirm(session, staff=staff, proposal=proposal, **facts)
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return _authenticator_page(proposal, form, status=_status(refusal))
    browser_sessions.end_others(session, own=access.cookie().digest, actor=actor, now=now)
    second_step.step_down()
    access.cookie().rotate()
    flash(_("The new authenticator counts from now on. Your other sessions were ended."), "success")
    return go_to(url_for("agent.account"))


@blueprint.get("/account/recovery-codes")
@access.roles(*Role)
def recovery_codes() -> Response:
    codes = second_step.shown_codes(_me())
    if codes is None:
        return go_to(url_for("agent.account"))
    return page("agent/account/recovery_codes.html", codes=codes)


@blueprint.post("/account/recovery-codes")
@access.roles(*Role)
@commits
def keep_recovery_codes() -> Response:
    authenticators.note_kept(session, staff=_me(), actor=access.actor(), now=clock.now())
    return go_to(second_step.hide_codes())


def _me() -> "Staff":
    actor = access.actor()
    return access.or_404(accounts.find_staff(session, lender_id=actor.lender_id, ref=actor.ref))


def _wanted() -> str:
    """What both steps are proved for."""
    wanted = request.args.get("to", AUTHENTICATOR)
    return wanted if wanted in (AUTHENTICATOR, RECOVERY_CODES) else abort(404)


def _make_codes(staff: "Staff") -> Response:
    codes = authenticators.new_recovery_codes(session, staff=staff, actor=access.actor(), now=clock.now())
    second_step.step_down()
    second_step.show_codes(staff, codes, then=url_for("agent.account"))
    return go_to(url_for("agent.recovery_codes"))


def _authenticator_page(proposal: str, form: FirstCodeForm, *, status: int = 200) -> Response:
    offer = authenticators.offer(staff=_me(), proposal=proposal)
    return page(
        "agent/account/authenticator.html",
        status=status,
        form=form,
        offer=offer,
        picture=qr_codes.picture(offer.uri),
    )


def _status(refusal: Refused) -> int:
    return 429 if refusal.code == "too_many_tries" else 422
