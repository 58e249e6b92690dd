"""Taking in a loan book: hand it in, see how far the worker is, get the list of what is wrong."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, DateField, Field, Form
from wtforms.validators import StopValidation

from portal import formats
from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import book_example, book_uploads
from portal.services.book_uploads import HandedIn
from portal.vocabulary import Role, UploadState
from portal.web import access, locale, uploads, words
from portal.web.forms import PortalForm
from portal.web.page import download, go_to, page
from portal.web.transactions import commits, installation, session
from portal.web.words import import_reasons
from portal.web.words.imports import KINDS

if TYPE_CHECKING:
    from portal.models import BookUpload

READERS = (Role.ADMIN, Role.AUDITOR)
SHOWN = 20
LARGEST_MAPPING = 100_000  # bytes
FORM_BYTES = 1024 * 1024  # what is sent beside the file: its fields, the mapping, the borders between them
BADGES = {
    UploadState.WAITING: ("neutral", "clock"),
    UploadState.CHECKING: ("info", "search"),
    UploadState.WRITING: ("info", "pen"),
    UploadState.DONE: ("good", "check"),
    UploadState.UNCHANGED: ("good", "check"),
    UploadState.REFUSED: ("warn", "warning"),
    UploadState.FAILED: ("harm", "cross-circle"),
}
FIELDS = {"import_missing": "book", "import_kind_unknown": "book", "import_mapping_wrong": "mapping"}


def _when_given(_form: Form, field: Field) -> None:
    """An empty day is no mistake: the set names it itself."""
    if not "".join(field.raw_data or []).strip():
        field.errors = []
        raise StopValidation


class ImportForm(PortalForm):
    book = FileField(_l("Loan book"))
    mapping = FileField(_l("Mapping file"))
    as_of = DateField(_l("Day of the figures"), [_when_given])
    dry_run = BooleanField(_l("Only check it; nothing is changed"))

    def sent(self) -> HandedIn:
        """What was handed in. Refused: the mapping is too large, or no text."""
        book, mapping = self.book.data, self.mapping.data
        return HandedIn(
            name=(book.filename or "") if isinstance(book, FileStorage) else "",
            data=book.stream.read() if isinstance(book, FileStorage) else b"",
            mapping=_text(mapping) if isinstance(mapping, FileStorage) and mapping.filename else None,
            as_of=self.as_of.data,
            dry_run=bool(self.dry_run.data),
        )


def allow_a_book(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let whoever may hand in a book send a larger request. It comes before anything reads the form."""
    if endpoint == "agent.hand_in_book" and current_user.is_authenticated and access.may(endpoint):
        request.max_content_length = _limit_mb() * 1024**2 + FORM_BYTES


blueprint.url_value_preprocessor(allow_a_book)


@blueprint.get("/import")
@access.roles(*READERS)
def book_list() -> Response:
    return _list(ImportForm(formdata=None, dry_run=True))


@blueprint.post("/import")
@access.roles(Role.ADMIN)
@commits
def hand_in_book() -> Response:
    form, facts = ImportForm(), _facts()
    if not form.validate_on_submit():
        return _list(form, status=422)
    try:
        upload = book_uploads.hand_in(session, sent=form.sent(), folder=uploads.folder(), **facts)
    except Refused as refusal:
        if refusal.code not in FIELDS:
            raise
        form.refuse(refusal, form[FIELDS[refusal.code]])
        return _list(form, status=422)
    flash(_("The loan book was handed in. It is checked as soon as its turn comes."), "success")
    return go_to(url_for("agent.book_upload", ref=upload.ref))


@blueprint.get("/import/example")
@access.roles(*READERS)
def book_example_set() -> Response:
    return download(book_example.archive(), media_type="application/zip", name=book_example.NAME)


@blueprint.get("/import/<ref>")
@access.roles(*READERS)
def book_upload(ref: str) -> Response:
    upload = _find(ref)
    first = book_uploads.problems(session, upload=upload, folder=uploads.folder(), most=SHOWN)
    return page(
        "agent/imports/upload.html",
        "_upload.html",
        upload=upload,
        line=_line(upload),
        ended=upload.state in book_uploads.ENDED,
        may_take_in=book_uploads.may_take_in(upload),
        # What stands in the cells is personal: it is in the file, not on the page.
        problems=[
            (file, line, column, import_reasons.said(reason)) for file, line, column, _value, reason in first
        ],
        has_file=upload.problems_file_id is not None,
        problem=_whole_problem(upload),
        counts=_counts(upload.counts),
        kinds=KINDS,
    )


@blueprint.post("/import/<ref>/release")
@access.roles(Role.ADMIN)
@commits
def release_book(ref: str) -> Response:
    book_uploads.take_in(session, upload=_find(ref), actor=access.actor(), now=clock.now())
    flash(_("The loan book is taken in as soon as its turn comes."), "success")
    return go_to(url_for("agent.book_upload", ref=ref))


@blueprint.post("/import/<ref>/problems")
@access.roles(Role.ADMIN)
@commits
def book_problems(ref: str) -> Response:
    """The whole list, personal values and all: each download is an entry in the audit log."""
    upload = _find(ref)
    found = book_uploads.problems_csv(session, upload=upload, folder=uploads.folder(), **_facts())
    return download(found, media_type="text/csv", name=f"{upload.name.rpartition('.')[0]}.errors.csv")


def _list(form: ImportForm, *, status: int = 200) -> Response:
    after = request.args.get("after")
    found = book_uploads.page_of(session, after=after, actor=access.actor())
    return page(
        "agent/imports/imports.html",
        status=status,
        form=form,
        lines=[_line(each) for each in found.uploads],
        first_url=url_for("agent.book_list") if after else None,
        next_url=url_for("agent.book_list", after=found.after) if found.after else None,
        limit_mb=_limit_mb(),
        columns=book_example.columns(),
        kinds=KINDS,
    )


def _line(upload: "BookUpload") -> dict[str, Any]:
    """An upload as the pages show it."""
    word = words.label(upload.state)
    if upload.dry_run and upload.state is UploadState.DONE:
        word = _("In order")
    return {"upload": upload, "state": (word, *BADGES[upload.state])}


def _counts(counts: Mapping[str, object]) -> list[tuple[str, str]]:
    shown, order = locale.current_locale(), [*KINDS, *counts]
    return [
        (str(KINDS.get(kind, kind)), formats.number(int(str(rows)), shown))
        for kind, rows in sorted(counts.items(), key=lambda each: order.index(each[0]))
        if kind != "warnings"
    ]


def _whole_problem(upload: "BookUpload") -> str | None:
    """Why a set as a whole was not taken: the words of a refusal, or a line about its files."""
    code = upload.progress.get("code")
    if code is None:
        return import_reasons.said(upload.problem) if upload.problem else None
    facts = upload.progress.get("facts")
    return words.refusal(Refused(str(code), **(facts if isinstance(facts, dict) else {})))


def _text(sent: FileStorage) -> str:
    data = sent.stream.read(LARGEST_MAPPING + 1)
    if len(data) > LARGEST_MAPPING:
        raise Refused("import_mapping_wrong", problem=_("it is too large"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("import_mapping_wrong", problem=_("it is not UTF-8 text")) from error


def _facts() -> dict[str, Any]:
    return {"actor": access.actor(), "now": clock.now()}


def _limit_mb() -> int:
    return installation().settings.import_limit_mb


def _find(ref: str) -> "BookUpload":
    return access.or_404(book_uploads.find(session, ref, actor=access.actor()))
