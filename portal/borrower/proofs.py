"""My documents: what is there, what is still needed, sending one, taking one back."""

from datetime import date

from flask import Response, after_this_request, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Length, Optional

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import cases, files, proofs
from portal.services.cases import Case
from portal.services.proofs import Proof
from portal.vocabulary import Channel, ProofKind
from portal.web import access, uploads
from portal.web.forms import TICKED, PortalForm
from portal.web.page import download, go_to, page, picture
from portal.web.transactions import commits, session

TOO_LARGE = "upload_too_large"


class UploadForm(PortalForm):
    photo = FileField(_l("Photo or file"))


class StatementForm(PortalForm):
    agree = BooleanField(_l("I have no income at the moment. This is true."), validators=[TICKED])
    words = TextAreaField(_l("If you like, say how you get by"), validators=[Optional(), Length(max=1000)])


@blueprint.get("/proofs", endpoint="proofs")
def proofs_page() -> Response:
    return _page()


@blueprint.post("/proofs/<kind>")
@uploads.cleans_upload("photo")
@commits
def send_proof(kind: str) -> Response:
    wanted = access.or_404(next((each for each in ProofKind if each.value == kind), None))
    try:
        proofs.hand_in(
            session,
            case=_case(),
            kind=wanted,
            upload=uploads.cleaned(),
            channel=Channel.PORTAL,
            received_on=_today(),
            today=_today(),
            folder=uploads.folder(),
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form = UploadForm()
        form.refuse(refusal, form.photo)
        return _page(wanted, form, status=413 if refusal.code == TOO_LARGE else 422)
    flash(_("Thank you, it has arrived. We look at it soon."), "success")
    return go_to(url_for("borrower.proofs"))


@blueprint.post("/proofs/statement")
@commits
def state_no_income() -> Response:
    form = StatementForm()
    if not form.validate_on_submit():
        return _page(statement=form, status=422)
    said = f"{form.agree.label.text}\n{form.words.data or ''}".strip()
    try:
        proofs.state_no_income(
            session, case=_case(), statement=said, received_on=_today(), actor=access.actor(), now=clock.now()
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(statement=form, status=422)
    flash(_("Thank you for telling us. That is enough; you need no proof of income now."), "success")
    return go_to(url_for("borrower.proofs"))


@blueprint.post("/proofs/<ref>/withdrawal")
@commits
def take_back_proof(ref: str) -> Response:
    proof = _proof(ref)
    files.check_reach(uploads.folder())
    unneeded = proofs.take_back(session, proof=proof, case=_case(), actor=access.actor(), now=clock.now())

    @after_this_request
    def remove(response: Response) -> Response:
        # Only once it is committed that nobody needs them: a file too many does less harm than one too few.
        if response.status_code < 400:
            files.remove(unneeded, folder=uploads.folder())
        return response

    flash(_("Taken back. The file is deleted."), "success")
    return go_to(url_for("borrower.proofs"))


@blueprint.get("/proofs/<ref>/file")
def proof_file(ref: str) -> Response:
    proof = _proof(ref)
    file = access.or_404(proofs.file_of(session, proof))
    name = f"{proof.kind}-{proof.received_on.isoformat()}.{uploads.EXTENSIONS[file.media_type]}"
    return download(files.read(file, folder=uploads.folder()), media_type=file.media_type, name=name)


@blueprint.get("/proofs/<ref>/thumbnail")
def proof_thumbnail(ref: str) -> Response:
    file = access.or_404(proofs.file_of(session, _proof(ref), thumbnail=True))
    return picture(files.read(file, folder=uploads.folder()), media_type=file.media_type)


def _page(
    kind: ProofKind | None = None,
    form: UploadForm | None = None,
    *,
    statement: StatementForm | None = None,
    status: int = 200,
) -> Response:
    """Every kind has an upload form of its own; the one that was just sent keeps its errors."""
    rows = proofs.rows(session, case=_case(), today=_today(), policy=g.policy)
    forms = {row.standing.kind: _form(row.standing.kind) for row in rows}
    if kind and form:
        forms[kind] = _named(form, kind)
    needed = [row.standing.kind for row in rows if row.standing.required and not row.standing.opens_booking]
    return page(
        "borrower/proofs/proofs.html",
        status=status,
        rows=rows,
        forms=forms,
        form=form or statement,
        statement=statement or StatementForm(formdata=None),
        needed=needed,
        opened=kind or (needed[0] if needed else None),
        me=str(access.actor()),
        hand_in_place=g.lender.hand_in_place,
        policy=g.policy,
    )


def _form(kind: ProofKind) -> UploadForm:
    return _named(UploadForm(formdata=None), kind)


def _named(form: UploadForm, kind: ProofKind) -> UploadForm:
    form.photo.id = f"photo-{kind}"
    return form


def _case() -> Case:
    return access.or_404(cases.open_case_of(session, borrower=access.actor(), now=clock.now()))


def _proof(ref: str) -> Proof:
    return access.or_404(proofs.find(session, ref, actor=access.actor(), now=clock.now()))


def _today() -> date:
    return clock.now().astimezone(g.zone).date()
