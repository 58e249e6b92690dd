"""My consents: agreeing to the visit service, and taking it back."""

from flask import Response, flash, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import cases, consents
from portal.vocabulary import Channel, ConsentPurpose, ServiceReason
from portal.web import access, words
from portal.web.forms import CHOSEN, PortalForm
from portal.web.locale import current_locale
from portal.web.page import go_to, page
from portal.web.transactions import commits, session


class ConsentForm(PortalForm):
    reason = RadioField(
        _l("Why does a visit help you?"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in ServiceReason],
        validators=[CHOSEN],
    )
    agree = BooleanField(
        _l("I agree to the visit service as described above"),
        validators=[DataRequired(_l("Please tick that you agree. You need not, if you would rather not."))],
    )
    declaration = BooleanField(
        _l("What I tell you and send you is true, as far as I know"),
        validators=[DataRequired(_l("Please confirm that what you tell and send us is true."))],
    )


class RevocationForm(PortalForm):
    """Nothing is asked of who takes a consent back."""


@blueprint.get("/consents")
def consents_page() -> Response:
    return _page(ConsentForm(formdata=None))


@blueprint.post("/consents")
@commits
def give_consent() -> Response:
    form, actor, now = ConsentForm(), access.actor(), clock.now()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        consents.register(
            session,
            case=access.or_404(cases.open_case_of(session, borrower=actor, now=now)),
            reason=ServiceReason(form.reason.data),
            locale=current_locale(),
            channel=Channel.PORTAL,
            actor=actor,
            now=now,
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(form, status=409)
    flash(_("Thank you. You have agreed to the visit service; below is what comes next."), "success")
    return go_to(url_for("borrower.home"))


@blueprint.post("/consents/<ref>/revocation")
@commits
def revoke_consent(ref: str) -> Response:
    actor, now = access.actor(), clock.now()
    consent = access.or_404(consents.find(session, ref, actor=actor, now=now))
    form = RevocationForm()
    if not form.validate_on_submit():
        return _page(ConsentForm(formdata=None), status=422)
    consents.revoke(session, consent=consent, actor=actor, now=now)
    flash(_("You have taken back your consent. Nobody will visit you unless you agree again."), "success")
    return go_to(url_for("borrower.consents_page"))


def _page(form: ConsentForm, status: int = 200) -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    given = consents.in_force(session, case=case) if case else None
    return page(
        "borrower/consents/consents.html",
        status=status,
        form=form,
        revocation=RevocationForm(formdata=None),
        case=case,
        consent=given,
        registration=consents.registration_of(session, consent=given) if given else None,
        earlier=[each for each in consents.all_of(session, case=case) if each.revoked_at] if case else [],
        texts={"service": consents.TEXTS[ConsentPurpose.VISIT_SERVICE], "declaration": consents.DECLARATION},
    )
