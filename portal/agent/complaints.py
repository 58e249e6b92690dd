"""One complaint: claim it, answer, note, decide."""

from flask import Response, url_for
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.agent import blueprint
from portal.agent.inbox import today
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import complaints
from portal.vocabulary import OPEN_COMPLAINT, ComplaintOutcome, Role
from portal.web import access, words
from portal.web.forms import CHOSEN, REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

HANDLERS = (Role.HANDLER, Role.MANAGER)
LONGEST = 5_000


class MessageForm(PortalForm):
    body = TextAreaField(_l("Message"), validators=[REQUIRED, Length(max=LONGEST)])
    audience = RadioField(
        _l("Who reads it?"),
        choices=[
            SelectChoice("complainant", _l("Whoever complained")),
            SelectChoice("staff", _l("Only staff: an internal note")),
        ],
        validators=[CHOSEN],
    )


class DecisionForm(PortalForm):
    outcome = RadioField(
        _l("Outcome"),
        choices=[SelectChoice(outcome.value, words.LABELS[outcome]) for outcome in ComplaintOutcome],
        validators=[CHOSEN],
    )
    checked = TextAreaField(_l("What was checked"), validators=[REQUIRED, Length(max=LONGEST)])
    grounds = TextAreaField(_l("On what grounds"), validators=[REQUIRED, Length(max=LONGEST)])
    redress = TextAreaField(_l("What is put right"), validators=[Optional(), Length(max=LONGEST)])


@blueprint.get("/complaints/<ref>")
@access.roles(*HANDLERS, Role.AUDITOR)
def complaint(ref: str) -> Response:
    return _show(ref, MessageForm(formdata=None))


@blueprint.post("/complaints/<ref>/owner")
@access.roles(*HANDLERS)
@commits
def claim_complaint(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    complaints.claim(session, complaint=found, actor=access.actor(), now=clock.now())
    return go_to(url_for("agent.complaint", ref=ref))


@blueprint.post("/complaints/<ref>/messages")
@access.roles(*HANDLERS)
@commits
def answer_complaint(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    form = MessageForm()
    if not form.validate_on_submit():
        return _show(ref, form, status=422)
    internal = form.audience.data == "staff"
    try:
        complaints.write(
            session,
            complaint=found,
            body=form.body.data,
            internal=internal,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _show(ref, form, status=409)
    return go_to(url_for("agent.complaint", ref=ref))


@blueprint.get("/complaints/<ref>/decision")
@access.roles(*HANDLERS)
def new_decision(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    return page("agent/complaints/decide.html", form=DecisionForm(formdata=None), complaint=found)


@blueprint.post("/complaints/<ref>/decision")
@access.roles(*HANDLERS)
@commits
def decide_complaint(ref: str) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    form = DecisionForm()
    if not form.validate_on_submit():
        return page("agent/complaints/decide.html", status=422, form=form, complaint=found)
    try:
        complaints.decide(
            session,
            complaint=found,
            outcome=ComplaintOutcome(form.outcome.data),
            checked=form.checked.data,
            grounds=form.grounds.data,
            redress=form.redress.data or "",
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return page("agent/complaints/decide.html", status=409, form=form, complaint=found)
    return go_to(url_for("agent.complaint", ref=ref))


def _show(ref: str, form: MessageForm, *, status: int = 200) -> Response:
    found = access.or_404(complaints.find(session, ref, actor=access.actor(), now=clock.now()))
    return page(
        "agent/complaints/complaint.html",
        status=status,
        form=form,
        complaint=found,
        who=complaints.complainant(session, found),
        messages=complaints.thread(session, found, with_internal=True),
        decision=complaints.decision_of(session, found),
        is_open=found.state in OPEN_COMPLAINT,
        mine=found.owner_id == access.actor().id,
        today=today(),
    )
