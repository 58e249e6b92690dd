"""The staff's way in: address and password, then a code of the authenticator or a recovery code. Who has no
authenticator yet sets one up first."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Length

from portal.domain.refusals import Refused
from portal.infra import clock
from portal.public import blueprint
from portal.services import accounts, authenticators
from portal.web import access, qr_codes, second_step
from portal.web.forms import REQUIRED, SecretForm, printable
from portal.web.page import go_to, page
from portal.web.second_step import Half
from portal.web.transactions import commits, session

LONGEST_CODE = 40
HalfView = Callable[[Half], Response]


class SignInForm(SecretForm):
    email = EmailField(_l("E-mail address"), validators=[REQUIRED])
    password = PasswordField(_l("Password"), validators=[REQUIRED])


class CodeForm(SecretForm):
    code = StringField(
        _l("Code of your authenticator"), filters=[printable], validators=[REQUIRED, Length(max=LONGEST_CODE)]
    )


class RecoveryForm(SecretForm):
    code = StringField(
        _l("Recovery code"), filters=[printable], validators=[REQUIRED, Length(max=LONGEST_CODE)]
    )


def between_steps(*, confirmed: bool) -> Callable[[HalfView], Callable[[], Response]]:
    """Give the view who stands between the steps; send others to the step they are at."""

    def declare(view: HalfView) -> Callable[[], Response]:
        @wraps(view)
        def wrapper() -> Response:
            half = second_step.current()
            if half is None:
                flash(_("Please sign in again: there are 10 minutes for both steps."), "info")
                return go_to(url_for("public.staff_sign_in"))
            if authenticators.is_confirmed(half.staff) != confirmed:
                return go_to(_next_step(half))
            return view(half)

        return wrapper

    return declare


@blueprint.get("/agent/sign-in")
def staff_sign_in() -> Response:
    return page("public/staff_entry/sign_in.html", form=SignInForm(formdata=None))


@blueprint.post("/agent/sign-in")
@commits
def enter_staff() -> Response:
    form = SignInForm()
    if not form.validate_on_submit():
        return page("public/staff_entry/sign_in.html", status=422, form=form)
    try:
        staff = accounts.check_password(
            session,
            email=form.email.data,
            password=form.password.data,
            address=access.address(),
            lender_id=access.lender_of_host(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return page("public/staff_entry/sign_in.html", status=_status(refusal), form=form)
    second_step.begin(staff, then=_own_path(request.args.get("next")))
    confirmed = authenticators.is_confirmed(staff)
    return go_to(url_for("public.staff_code" if confirmed else "public.staff_authenticator"))


@blueprint.get("/agent/sign-in/code")
@between_steps(confirmed=True)
def staff_code(_half: Half) -> Response:
    return page("public/staff_entry/code.html", form=CodeForm(formdata=None))


@blueprint.post("/agent/sign-in/code")
@commits
@between_steps(confirmed=True)
def enter_staff_code(half: Half) -> Response:
    form = CodeForm()
    if not form.validate_on_submit():
        return page("public/staff_entry/code.html", status=422, form=form)
    try:
        authenticators.use(
            session, staff=half.staff, code=form.code.data, address=access.address(), now=clock.now()
        )
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return page("public/staff_entry/code.html", status=_status(refusal), form=form)
    return go_to(second_step.finish(half, step="code"))


@blueprint.get("/agent/sign-in/recovery")
@between_steps(confirmed=True)
def staff_recovery(_half: Half) -> Response:
    return page("public/staff_entry/recovery.html", form=RecoveryForm(formdata=None))


@blueprint.post("/agent/sign-in/recovery")
@commits
@between_steps(confirmed=True)
def enter_staff_recovery(half: Half) -> Response:
    form = RecoveryForm()
    if not form.validate_on_submit():
        return page("public/staff_entry/recovery.html", status=422, form=form)
    try:
        left = authenticators.use_recovery_code(
            session, staff=half.staff, code=form.code.data, address=access.address(), now=clock.now()
        )
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return page("public/staff_entry/recovery.html", status=_status(refusal), form=form)
    then = second_step.finish(half, step="recovery_code")
    said = ngettext("%(num)s recovery code is left.", "%(num)s recovery codes are left.", left)
    advice = _("Set up another authenticator under My account.")
    flash(f"{said} {advice}", "warning")
    return go_to(then)


@blueprint.get("/agent/sign-in/authenticator")
@between_steps(confirmed=False)
def staff_authenticator(half: Half) -> Response:
    return _authenticator_page(half, CodeForm(formdata=None))


@blueprint.post("/agent/sign-in/authenticator")
@commits
@between_steps(confirmed=False)
def confirm_staff_authenticator(half: Half) -> Response:
    form, now, actor = CodeForm(), clock.now(), accounts.staff_actor(half.staff)
    if not form.validate_on_submit():
        return _authenticator_page(half, form, status=422)
    try:
        authenticators.confirm(
            session,
            staff=half.staff,
            proposal=half.proposal or "",
            code=form.code.data,
            address=access.address(),
            actor=actor,
            now=now,
        )
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return _authenticator_page(half, form, status=_status(refusal))
    codes = authenticators.new_recovery_codes(session, staff=half.staff, actor=actor, now=now)
    then = second_step.finish(half, step="authenticator")
    second_step.show_codes(half.staff, codes, then=then)
    return go_to(url_for("agent.recovery_codes"))


def _authenticator_page(half: Half, form: CodeForm, *, status: int = 200) -> Response:
    offer = authenticators.offer(staff=half.staff, proposal=half.proposal or "")
    return page(
        "public/staff_entry/authenticator.html",
        status=status,
        form=form,
        offer=offer,
        picture=qr_codes.picture(offer.uri),
    )


def _next_step(half: Half) -> str:
    confirmed = authenticators.is_confirmed(half.staff)
    return url_for("public.staff_code" if confirmed else "public.staff_authenticator")


def _status(refusal: Refused) -> int:
    return 429 if refusal.code == "too_many_tries" else 422


def _own_path(target: str | None) -> str | None:
    """Follow `next` only within the agent portal."""
    if not target or not target.startswith("/agent"):
        return None
    parts = urlsplit(target)
    return None if parts.netloc or parts.scheme else target
