"""What the borrower told: why payments stopped, what is difficult, what they think of the product."""

from flask import Response
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.agent import blueprint
from portal.agent.visits import NOTE_LENGTH, READERS, go_on, open_step, read, step_page, works_on
from portal.infra import clock
from portal.services import findings, visit_progress
from portal.vocabulary import ArrearsReason, Role, VisitStep
from portal.web import access, words
from portal.web.forms import CHOSEN, PortalForm
from portal.web.transactions import commits, session


class FindingsForm(PortalForm):
    reason = RadioField(
        _l("Why did the payments stop?"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in ArrearsReason],
        coerce=ArrearsReason,
        validators=[CHOSEN],
    )
    difficulties = TextAreaField(_l("What makes it difficult now?"), validators=[Optional(), NOTE_LENGTH])
    product_views = TextAreaField(
        _l("What does the borrower say about the loan and about us?"), validators=[Optional(), NOTE_LENGTH]
    )


@blueprint.get("/visits/<ref>/findings")
@access.roles(*READERS)
def visit_findings(ref: str) -> Response:
    visit = read(ref)
    noted = findings.newest(session, visit=visit)
    if not works_on(visit):
        return step_page("agent/visits/findings_record.html", visit, noted=noted)
    if not visit_progress.progress(session, visit=visit).is_open(VisitStep.FINDINGS):
        return go_on(visit)
    form = FindingsForm(formdata=None, obj=noted)
    return step_page("agent/visits/findings.html", visit, form=form)


@blueprint.post("/visits/<ref>/findings")
@access.roles(Role.AGENT)
@commits
def record_findings(ref: str) -> Response:
    visit, form = open_step(ref, VisitStep.FINDINGS), FindingsForm()
    if not form.validate_on_submit():
        return step_page("agent/visits/findings.html", visit, status=422, form=form)
    findings.record(
        session,
        visit=visit,
        reason=form.reason.data,
        difficulties=form.difficulties.data or "",
        product_views=form.product_views.data or "",
        actor=access.actor(),
        now=clock.now(),
    )
    return go_on(visit)
