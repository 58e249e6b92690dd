"""Entries of timelines that borrowers contest: which wait, and the answer that stands beside the entry."""

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from portal.agent import blueprint
from portal.agent.disputes import READERS
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import contests, objection_list, timelines
from portal.web import access, timelines_shown
from portal.web.forms import FILLED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

LONGEST = 2_000


class AnswerForm(PortalForm):
    words = TextAreaField(
        _l("Answer, as the borrower will read it"), validators=[FILLED, Length(max=LONGEST)]
    )


@blueprint.get("/contests")
@access.roles(*READERS)
def contest_list() -> Response:
    after = request.args.get("after")
    found = objection_list.contests(session, after=after, actor=access.actor(), now=clock.now())
    return page(
        "agent/contests/contests.html",
        found=found,
        first_url=url_for("agent.contest_list") if after else None,
        next_url=url_for("agent.contest_list", after=found.after) if found.after else None,
    )


@blueprint.get("/contests/<ref>")
@access.roles(*READERS)
def contest(ref: str) -> Response:
    return _show(find(ref), AnswerForm(formdata=None))


@blueprint.post("/contests/<ref>/answer")
@access.roles(*contests.ANSWERING)
@commits
def answer_contest(ref: str) -> Response:
    found, form = find(ref), AnswerForm()
    if not form.validate_on_submit():
        return _show(found, form, status=422)
    try:
        contests.answer(session, contest=found, words=form.words.data, actor=access.actor(), now=clock.now())
    except Refused as refusal:
        form.refuse(refusal)
        return _show(found, form, status=409)
    return go_to(url_for("agent.contest", ref=ref))


def find(ref: str) -> contests.Contest:
    """Return a contest this person may see; any other does not exist."""
    return access.or_404(contests.find(session, ref, actor=access.actor(), now=clock.now()))


def _show(found: contests.Contest, form: AnswerForm, *, status: int = 200) -> Response:
    case = contests.case_of(session, found)
    shown = timelines.entry(session, case=case, sequence=found.entry)
    return page(
        "agent/contests/contest.html",
        status=status,
        form=form,
        contest=found,
        case=case,
        borrower=masking.name(case.borrower.name),
        happened=timelines_shown.for_staff(shown),
        own=shown.entries[0].actor == str(access.actor()),
    )
