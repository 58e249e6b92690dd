"""Follow-ups: what is due, what is late, and saying that one took place."""

from datetime import timedelta

from flask import Response, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import followups
from portal.vocabulary import Role
from portal.web import access
from portal.web.forms import REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

OWNERS = (Role.AGENT, Role.LEAD, Role.MANAGER)
AHEAD = timedelta(days=30)
LONGEST_NOTE = 500


class OutcomeForm(PortalForm):
    note = TextAreaField(
        _l("What was talked about, and what follows?"), validators=[REQUIRED, Length(max=LONGEST_NOTE)]
    )


@blueprint.get("/followups")
@access.roles(*OWNERS, Role.AUDITOR)
def follow_ups() -> Response:
    actor, now = access.actor(), clock.now()
    today = now.astimezone(g.zone).date()
    lines = followups.due(session, until=today + AHEAD, actor=actor, now=now)
    return page(
        "agent/followups/follow_ups.html",
        late=[line for line in lines if line.follow_up.due_on < today],
        ahead=[line for line in lines if line.follow_up.due_on >= today],
        today=today,
        days_ahead=AHEAD.days,
    )


@blueprint.get("/followups/<ref>")
@access.roles(*OWNERS, Role.AUDITOR)
def follow_up(ref: str) -> Response:
    return page("agent/followups/follow_up.html", line=_find(ref), form=OutcomeForm(formdata=None))


@blueprint.post("/followups/<ref>/outcome")
@access.roles(*OWNERS)
@commits
def finish_follow_up(ref: str) -> Response:
    line, form = _find(ref), OutcomeForm()
    if not form.validate_on_submit():
        return page("agent/followups/follow_up.html", status=422, line=line, form=form)
    try:
        followups.finish(
            session, follow_up=line.follow_up, note=form.note.data, actor=access.actor(), now=clock.now()
        )
    except Refused as refusal:
        form.refuse(refusal)
        return page("agent/followups/follow_up.html", status=409, line=line, form=form)
    flash(_("The follow-up is recorded."), "success")
    return go_to(url_for(".follow_ups"))


def _find(ref: str) -> followups.Line:
    return access.or_404(followups.find(session, ref, actor=access.actor(), now=clock.now()))
