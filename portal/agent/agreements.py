"""An agreement from the lender's side: offering it, reading it, signing it, and the lender's original."""

from flask import Response, flash, url_for
from flask_babel import gettext as _

from portal.agent import blueprint
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import agreements, followups, on_site, signatures
from portal.services.agreements import Agreement
from portal.vocabulary import Role, Signer
from portal.web import access
from portal.web.page import download, go_to, page, picture
from portal.web.signing import CodeForm, SignForm, file_name, this_browser
from portal.web.transactions import commits, installation, session
from portal.web.uploads import folder

READERS = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
SIGNERS = (Role.AGENT, Role.LEAD, Role.MANAGER)


@blueprint.post("/plans/<ref>/agreement")
@access.roles(*SIGNERS)
@commits
def offer_agreement(ref: str) -> Response:
    actor, now = access.actor(), clock.now()
    plan = access.or_404(agreements.find_plan(session, ref, actor=actor, now=now))
    made = agreements.offer(session, plan=plan, folder=folder(), actor=actor, now=now)
    flash(_("The agreement is written. The borrower can read and sign it now."), "success")
    return go_to(url_for(".agreement", ref=made.ref))


@blueprint.get("/agreements/<ref>")
@access.roles(*READERS)
def agreement(ref: str) -> Response:
    return _page(_find(ref))


@blueprint.post("/agreements/<ref>/code")
@access.roles(*SIGNERS)
@commits
def send_signing_code(ref: str) -> Response:
    found, form = _find(ref), CodeForm()
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
@access.roles(*SIGNERS)
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
    flash(_("The lender has signed."), "success")
    return go_to(url_for(".agreement", ref=ref))


@blueprint.get("/agreements/<ref>/document")
@access.roles(*READERS)
def agreement_document(ref: str) -> Response:
    found = _find(ref)
    data = agreements.document(session, agreement=found, folder=folder())
    return download(data, media_type="application/pdf", name=file_name(found.number, sealed=False))


@blueprint.get("/agreements/<ref>/pages/<int:number>")
@access.roles(*READERS)
def agreement_page(ref: str, number: int) -> Response:
    made = agreements.page_picture(session, agreement=_find(ref), number=number, folder=folder())
    return picture(access.or_404(made), media_type="image/jpeg")


@blueprint.get("/agreements/<ref>/original")
@access.roles(*READERS)
def agreement_original(ref: str) -> Response:
    found = _find(ref)
    data = agreements.original(session, agreement=found, party=Signer.LENDER, folder=folder())
    return download(
        access.or_404(data), media_type="application/pdf", name=file_name(found.number, sealed=True)
    )


def _find(ref: str) -> Agreement:
    return access.or_404(agreements.find(session, ref, actor=access.actor(), now=clock.now()))


def _page(found: Agreement, *, form: CodeForm | SignForm | None = None, status: int = 200) -> Response:
    actor, now = access.actor(), clock.now()
    sent = signatures.code_sent(session, agreement=found, browser=this_browser().digest, actor=actor, now=now)
    contents = agreements.contents(session, agreement=found)
    return page(
        "agent/agreements/agreement.html",
        status=status,
        contents=contents,
        visit_ref=_visit_to_see(contents.visit_ref, actor),
        pages=agreements.pages_of(session, agreement=found),
        follow_ups=followups.of_agreement(session, agreement=found),
        code_sent=sent is not None,
        form=form,
        code_form=form if isinstance(form, CodeForm) else CodeForm(formdata=None),
        sign_form=form if isinstance(form, SignForm) else SignForm(formdata=None),
    )


def _visit_to_see(ref: str | None, actor: Actor) -> str | None:
    """The visit to go back to, for who may look at it."""
    if ref is None or not access.may("agent.visit"):
        return None
    return ref if on_site.find_to_read(session, ref, actor=actor, now=clock.now()) else None
