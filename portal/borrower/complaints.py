"""Complain, follow the answer, take it back."""

from flask import Response, g, url_for
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import cases, complaints
from portal.vocabulary import OPEN_COMPLAINT, ComplaintTopic
from portal.web import access, words
from portal.web.forms import CHOSEN, REQUIRED, PortalForm
from portal.web.locale import current_locale
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

LONGEST = 5_000


class ComplaintForm(PortalForm):
    topic = RadioField(
        _l("What is it about?"),
        choices=[SelectChoice(topic.value, words.LABELS[topic]) for topic in ComplaintTopic],
        validators=[CHOSEN],
    )
    about = SelectField(_l("Is it about one person?"), validators=[Optional()])
    text = TextAreaField(_l("What happened?"), validators=[REQUIRED, Length(max=LONGEST)])


class AddForm(PortalForm):
    body = TextAreaField(_l("Add something"), validators=[REQUIRED, Length(max=LONGEST)])


@blueprint.get("/complaints")
def complaints_list() -> Response:
    return _list(_form(blank=True))


@blueprint.post("/complaints")
@commits
def file_complaint() -> Response:
    form = _form()
    if not form.validate_on_submit():
        return _list(form, status=422)
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    met = {staff.ref: staff for staff in complaints.crews_met(session, case=case)} if case else {}
    complaint = complaints.file(
        session,
        lender=g.lender,
        case=case,
        topic=ComplaintTopic(form.topic.data),
        text=form.text.data,
        about=met.get(form.about.data),
        locale=current_locale(),
        actor=access.actor(),
        now=clock.now(),
    )
    return go_to(url_for("borrower.complaint", ref=complaint.ref))


@blueprint.get("/complaints/<ref>")
def complaint(ref: str) -> Response:
    return _show(ref, AddForm(formdata=None))


@blueprint.post("/complaints/<ref>/messages")
@commits
def add_to_complaint(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    form = AddForm()
    if not form.validate_on_submit():
        return _show(ref, form, status=422)
    try:
        complaints.write(
            session,
            complaint=found,
            body=form.body.data,
            internal=False,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _show(ref, form, status=409)
    return go_to(url_for("borrower.complaint", ref=ref))


@blueprint.post("/complaints/<ref>/withdrawal")
@commits
def withdraw_complaint(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    complaints.withdraw(session, complaint=found, actor=access.actor(), now=clock.now())
    return go_to(url_for("borrower.complaint", ref=ref))


def _form(*, blank: bool = False) -> ComplaintForm:
    form = ComplaintForm(formdata=None) if blank else ComplaintForm()
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    met = complaints.crews_met(session, case=case) if case else []
    people = [SelectChoice(staff.ref, f"{staff.name} ({staff.number})") for staff in met]
    form.about.choices = [SelectChoice("", _l("No, or I do not know")), *people]
    return form


def _list(form: ComplaintForm, *, status: int = 200) -> Response:
    filed = complaints.of_person(session, actor=access.actor(), now=clock.now())
    return page("borrower/complaints/list.html", status=status, form=form, complaints=filed)


def _show(ref: str, form: AddForm, *, status: int = 200) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    return page(
        "borrower/complaints/complaint.html",
        status=status,
        form=form,
        complaint=found,
        messages=complaints.thread(session, found, with_internal=False),
        decision=complaints.decision_of(session, found),
        is_open=found.state in OPEN_COMPLAINT,
    )
