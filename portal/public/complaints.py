"""Complain without signing in."""

from flask import Response, abort, g, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.infra import clock
from portal.public import blueprint
from portal.services import complaints
from portal.vocabulary import ComplaintTopic
from portal.web import access, words
from portal.web.forms import CHOSEN, REQUIRED, PortalForm
from portal.web.locale import current_locale
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

LONGEST = 5_000


class VisitorComplaintForm(PortalForm):
    topic = RadioField(
        _l("What is it about?"),
        choices=[SelectChoice(topic.value, words.LABELS[topic]) for topic in ComplaintTopic],
        validators=[CHOSEN],
    )
    text = TextAreaField(_l("What happened?"), validators=[REQUIRED, Length(max=LONGEST)])
    name = StringField(_l("Your name"), validators=[Optional(), Length(max=100)])
    reply_to = StringField(
        _l("E-mail address or mobile number for our answer"), validators=[REQUIRED, Length(max=100)]
    )


@blueprint.get("/complaints/new")
def new_complaint() -> AnyResponse:
    if current_user.is_authenticated and current_user.actor.is_borrower:
        return go_to(url_for("borrower.complaints_list"))
    if g.get("lender") is None:
        return page("public/complaints/which_lender.html")
    return page("public/complaints/new.html", form=VisitorComplaintForm(formdata=None))


@blueprint.post("/complaints")
@commits
def file_complaint() -> Response:
    if g.get("lender") is None:
        abort(404)
    form = VisitorComplaintForm()
    if not form.validate_on_submit():
        return page("public/complaints/new.html", status=422, form=form)
    complaint = complaints.file(
        session,
        lender=g.lender,
        case=None,
        topic=ComplaintTopic(form.topic.data),
        text=form.text.data,
        locale=current_locale(),
        name=form.name.data or "",
        reply_to=form.reply_to.data,
        actor=access.actor(),
        now=clock.now(),
    )
    return go_to(url_for("public.complaint_filed", number=complaint.number))


@blueprint.get("/complaints/<number>/receipt")
def complaint_filed(number: str) -> Response:
    """Says the number back. It looks nothing up, so it tells nothing to whoever guesses one."""
    return page("public/complaints/filed.html", number=number)
