"""My agreement: reading it, signing or declining it, and my own original."""

from flask import Response, flash, url_for
from flask_babel import gettext as _

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import agreements, followups, signatures
from portal.services.agreements import Agreement
from portal.vocabulary import Signer
from portal.web import access, words
from portal.web.page import download, go_to, page, picture
from portal.web.signing import ConsentForm, DeclineForm, SignForm, file_name, this_browser
from portal.web.transactions import commits, installation, session
from portal.web.uploads import folder


@blueprint.get("/agreements/<ref>")
def agreement(ref: str) -> Response:
    return _page(_find(ref))


@blueprint.post("/agreements/<ref>/code")
@commits
def send_signing_code(ref: str) -> Response:
    found, form = _find(ref), ConsentForm()
    if not form.validate_on_submit():
        return _page(found, form=form, status=422)
    try:
        signatures.send_code(
            session,
            agreement=found,
            browser=this_browser().digest,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(found, form=form, status=409)
    return go_to(url_for(".agreement", ref=ref, _anchor="sign"))


@blueprint.post("/agreements/<ref>/signature")
@commits
def sign_agreement(ref: str) -> Response:
    found, form = _find(ref), SignForm()
    if not form.validate_on_submit():
        return _page(found, form=form, status=422)
    try:
        signatures.sign(
            session,
            agreement=found,
            browser=this_browser(),
            code=form.code.data,
            path=form.path.data or "",
            typed=form.typed.data or "",
            folder=folder(),
            tsa_url=installation().settings.tsa_url,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse_signature(refusal)
        return _page(found, form=form, status=422)
    flash(_("Thank you. Your signature is on the agreement."), "success")
    return go_to(url_for(".agreement", ref=ref))


@blueprint.post("/agreements/<ref>/refusal")
@commits
def decline_agreement(ref: str) -> Response:
    found, form = _find(ref), DeclineForm()
    if not form.validate_on_submit():
        return _page(found, form=form, status=422)
    try:
        agreements.decline(
            session, agreement=found, reason=form.reason.data, actor=access.actor(), now=clock.now()
        )
    except Refused as refusal:
        flash(words.refusal(refusal), "error")
        return go_to(url_for(".agreement", ref=ref))
    flash(_("Thank you for telling us. Nothing was signed."), "success")
    return go_to(url_for(".agreement", ref=ref))


@blueprint.get("/agreements/<ref>/document")
def agreement_document(ref: str) -> Response:
    found = _find(ref)
    data = agreements.document(session, agreement=found, folder=folder())
    return download(data, media_type="application/pdf", name=file_name(found.number, sealed=False))


@blueprint.get("/agreements/<ref>/pages/<int:number>")
def agreement_page(ref: str, number: int) -> Response:
    made = agreements.page_picture(session, agreement=_find(ref), number=number, folder=folder())
    return picture(access.or_404(made), media_type="image/jpeg")


@blueprint.get("/agreements/<ref>/original")
def agreement_original(ref: str) -> Response:
    found = _find(ref)
    data = agreements.original(session, agreement=found, party=Signer.BORROWER, folder=folder())
    return download(
        access.or_404(data), media_type="application/pdf", name=file_name(found.number, sealed=True)
    )


def _find(ref: str) -> Agreement:
    return access.or_404(agreements.find(session, ref, actor=access.actor(), now=clock.now()))


def _page(
    found: Agreement, *, form: ConsentForm | SignForm | DeclineForm | None = None, status: int = 200
) -> Response:
    sent = signatures.code_sent(
        session,
        agreement=found,
        browser=this_browser().digest,
        actor=access.actor(),
        now=clock.now(),
    )
    return page(
        "borrower/agreements/agreement.html",
        status=status,
        contents=agreements.contents(session, agreement=found),
        pages=agreements.pages_of(session, agreement=found),
        follow_ups=followups.of_agreement(session, agreement=found),
        code_channel=sent.channel if sent else None,
        form=form,
        consent_form=form if isinstance(form, ConsentForm) else ConsentForm(formdata=None),
        sign_form=form if isinstance(form, SignForm) else SignForm(formdata=None),
        decline_form=form if isinstance(form, DeclineForm) else DeclineForm(formdata=None),
    )
