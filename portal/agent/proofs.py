"""Documents to check: the queue, one document with its pages, accepting, sending back, logging paper."""

from datetime import date

from flask import Response, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import DateField, Form, IntegerField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import cases, files, proof_reviews, proofs
from portal.services.cases import Case
from portal.services.proofs import Proof
from portal.vocabulary import Channel, ProofKind, ProofRejection, Role
from portal.web import access, uploads, words
from portal.web.forms import CHOSEN, REQUIRED, PortalForm
from portal.web.page import go_to, page, picture
from portal.web.transactions import commits, session

REVIEWERS = (Role.CALLER, Role.LEAD, Role.MANAGER)
OTHER_WAYS = (Channel.EMAIL, Channel.LETTER, Channel.HAND_IN)


class AcceptForm(PortalForm):
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])
    issued_on = DateField(_l("Date on the document"), validators=[Optional()])
    expires_on = DateField(_l("Valid until"), validators=[Optional()])


class RejectForm(PortalForm):
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])
    reason = RadioField(
        _l("Why it is sent back"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in ProofRejection],
        validators=[CHOSEN],
    )
    note = TextAreaField(_l("For the borrower, in plain words"), validators=[Optional(), Length(max=500)])


class BorrowerForm(Form):
    """Whose document it is. Asked by GET."""

    borrower = StringField(_l("Borrower number"), validators=[REQUIRED])


class ReceivedForm(PortalForm):
    kind = RadioField(
        _l("What it is"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in ProofKind],
        validators=[CHOSEN],
    )
    channel = RadioField(
        _l("How it arrived"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in OTHER_WAYS],
        validators=[CHOSEN],
    )
    received_on = DateField(_l("Day it arrived"), validators=[REQUIRED])
    photo = FileField(_l("Scan or photo"))


@blueprint.get("/proofs")
@access.roles(*REVIEWERS, Role.AUDITOR)
def proof_queue() -> Response:
    after = request.args.get("after")
    found, following = proof_reviews.waiting(session, actor=access.actor(), now=clock.now(), after=after)
    return page(
        "agent/proofs/proofs.html",
        waiting=[(proof, _case_of(proof)) for proof in found],
        next_url=url_for("agent.proof_queue", after=following) if following else None,
        first_url=url_for("agent.proof_queue") if after else None,
        today=_today(),
    )


@blueprint.get("/proofs/<ref>")
@access.roles(*REVIEWERS, Role.AUDITOR)
def proof(ref: str) -> Response:
    shown = _proof(ref)
    return _proof_page(shown, _accept_form(shown), _reject_form(shown))


@blueprint.post("/proofs/<ref>/acceptance")
@access.roles(*REVIEWERS)
@commits
def accept_proof(ref: str) -> Response:
    shown, form = _proof(ref), AcceptForm()
    if not form.validate_on_submit():
        return _proof_page(shown, form, _reject_form(shown), status=422)
    try:
        proof_reviews.accept(
            session,
            proof=shown,
            case=_case_of(shown),
            version=form.version.data,
            issued_on=form.issued_on.data,
            expires_on=form.expires_on.data,
            policy=g.policy,
            today=_today(),
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _proof_page(shown, form, _reject_form(shown), status=409)
    flash(_("Accepted."), "success")
    return _to_next()


@blueprint.post("/proofs/<ref>/rejection")
@access.roles(*REVIEWERS)
@commits
def reject_proof(ref: str) -> Response:
    shown, form = _proof(ref), RejectForm()
    if not form.validate_on_submit():
        return _proof_page(shown, _accept_form(shown), form, status=422)
    try:
        proof_reviews.reject(
            session,
            proof=shown,
            case=_case_of(shown),
            version=form.version.data,
            reason=ProofRejection(form.reason.data),
            note=form.note.data or "",
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        note_missing = refusal.code == "proof_note_missing"
        form.refuse(refusal, form.note if note_missing else None)
        return _proof_page(shown, _accept_form(shown), form, status=422 if note_missing else 409)
    flash(_("Sent back. The borrower has been told what is needed."), "success")
    return _to_next()


@blueprint.get("/proofs/<ref>/pages/<number>")
@access.roles(*REVIEWERS, Role.AUDITOR)
def proof_page_picture(ref: str, number: str) -> Response:
    """Staff look at a picture of the page, never at the file."""
    file = access.or_404(proofs.file_of(session, _proof(ref)))
    wanted = int(number) if number.isdecimal() else 0
    made = access.or_404(files.page_picture(file, wanted, folder=uploads.folder()))
    return picture(made, media_type="image/jpeg")


@blueprint.get("/proofs/new")
@access.roles(*REVIEWERS)
def new_proof() -> Response:
    if "case" not in request.args:
        return _find_case()
    form = ReceivedForm(formdata=None, received_on=_today())
    return page("agent/proofs/new.html", form=form, case=_asked_case(), today=_today())


@blueprint.post("/proofs")
@access.roles(*REVIEWERS)
@uploads.cleans_upload("photo")
@commits
def log_proof() -> Response:
    case, form = _asked_case(), ReceivedForm()
    if not form.validate_on_submit():
        return page("agent/proofs/new.html", status=422, form=form, case=case, today=_today())
    try:
        kept = proofs.hand_in(
            session,
            case=case,
            kind=ProofKind(form.kind.data),
            upload=uploads.cleaned(),
            channel=Channel(form.channel.data),
            received_on=form.received_on.data,
            today=_today(),
            folder=uploads.folder(),
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal, form.photo if refusal.code.startswith("upload_") else form.received_on)
        return page("agent/proofs/new.html", status=422, form=form, case=case, today=_today())
    flash(_("Kept with the case."), "success")
    return go_to(url_for("agent.proof", ref=kept.ref))


def _find_case() -> Response:
    form = BorrowerForm(request.args)
    if "borrower" in request.args and form.validate():
        number = (form.borrower.data or "").strip()
        case = proofs.case_of_number(session, number, actor=access.actor(), now=clock.now())
        if case:
            return go_to(url_for("agent.new_proof", case=case.ref))
        form.borrower.errors = [_("There is no open case under this number. Please check it.")]
    return page("agent/proofs/new.html", form=form, case=None)


def _proof_page(shown: Proof, accept: AcceptForm, reject: RejectForm, *, status: int = 200) -> Response:
    case = _case_of(shown)
    file = proofs.file_of(session, shown)
    return page(
        "agent/proofs/proof.html",
        status=status,
        proof=shown,
        case=case,
        pages=file.pages if file else 0,
        accept=accept,
        reject=reject,
        form=accept if accept.errors else reject,
        papers=proofs.rows(session, case=case, today=_today(), policy=g.policy),
        can_review=proof_reviews.can_review(shown),
    )


def _accept_form(shown: Proof) -> AcceptForm:
    return AcceptForm(formdata=None, version=shown.version)


def _reject_form(shown: Proof) -> RejectForm:
    return RejectForm(formdata=None, version=shown.version)


def _to_next() -> Response:
    """On to the oldest that still waits."""
    left, _following = proof_reviews.waiting(session, actor=access.actor(), now=clock.now())
    return go_to(url_for("agent.proof", ref=left[0].ref) if left else url_for("agent.proof_queue"))


def _asked_case() -> Case:
    return access.or_404(
        cases.find(session, request.args.get("case", ""), actor=access.actor(), now=clock.now())
    )


def _case_of(shown: Proof) -> Case:
    return proofs.case_of(session, shown)


def _proof(ref: str) -> Proof:
    return access.or_404(proofs.find(session, ref, actor=access.actor(), now=clock.now()))


def _today() -> date:
    return clock.now().astimezone(g.zone).date()
