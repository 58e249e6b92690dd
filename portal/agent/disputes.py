"""Disputes: which wait, until when, and the answer with its reasons."""

from datetime import date

from flask import Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.agent import blueprint
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import disputes, objection_list
from portal.services.objection_list import DisputeFolder
from portal.vocabulary import DisputeState, Role
from portal.web import access, words
from portal.web.forms import CHOSEN, FILLED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

READERS = (Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
LONGEST = 5_000


class AnswerForm(PortalForm):
    outcome = RadioField(
        _l("What did you find?"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in disputes.ANSWERS],
        validators=[CHOSEN],
    )
    reasons = TextAreaField(
        _l("Reasons, as the borrower will read them"), validators=[FILLED, Length(max=LONGEST)]
    )


@blueprint.get("/disputes")
@access.roles(*READERS)
def dispute_list() -> Response:
    asked, after = request.args.get("folder", ""), request.args.get("after")
    folder = DisputeFolder(asked) if asked in set(DisputeFolder) else DisputeFolder.OPEN
    found = objection_list.disputes(
        session, folder=folder, after=after, today=_today(), actor=access.actor(), now=clock.now()
    )
    return page(
        "agent/disputes/disputes.html",
        found=found,
        folder=folder,
        folders=[
            {
                "url": url_for("agent.dispute_list", folder=each),
                "label": words.label(each),
                "current": each is folder,
            }
            for each in DisputeFolder
        ],
        today=_today(),
        first_url=url_for("agent.dispute_list", folder=folder) if after else None,
        next_url=url_for("agent.dispute_list", folder=folder, after=found.after) if found.after else None,
    )


@blueprint.get("/disputes/<ref>")
@access.roles(*READERS)
def dispute(ref: str) -> Response:
    return _show(find(ref), AnswerForm(formdata=None))


@blueprint.post("/disputes/<ref>/answer")
@access.roles(*disputes.ANSWERING)
@commits
def answer_dispute(ref: str) -> Response:
    found, form = find(ref), AnswerForm()
    if not form.validate_on_submit():
        return _show(found, form, status=422)
    try:
        disputes.answer(
            session,
            dispute=found,
            outcome=DisputeState(form.outcome.data),
            reasons=form.reasons.data,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _show(found, form, status=409)
    return go_to(url_for("agent.dispute", ref=ref))


@blueprint.post("/disputes/<ref>/correction")
@access.roles(*disputes.ANSWERING)
@commits
def correct_dispute(ref: str) -> Response:
    """The loan book says now what the borrower was right about."""
    disputes.correct(session, dispute=find(ref), actor=access.actor(), now=clock.now())
    return go_to(url_for("agent.dispute", ref=ref))


def find(ref: str) -> disputes.Dispute:
    """Return a dispute this person may see; any other does not exist."""
    return access.or_404(disputes.find(session, ref, actor=access.actor(), now=clock.now()))


def _show(found: disputes.Dispute, form: AnswerForm, *, status: int = 200) -> Response:
    case = disputes.case_of(session, found)
    return page(
        "agent/disputes/dispute.html",
        status=status,
        form=form,
        dispute=found,
        case=case,
        borrower=masking.name(case.borrower.name),
        loan=disputes.loan_of(session, found),
        told_by=disputes.told_by(session, found),
        answered_by=disputes.answered_by(session, found),
        own=found.actor == str(access.actor()),
        correctable=disputes.waits_for_correction(session, found),
        today=_today(),
    )


def _today() -> date:
    return clock.now().astimezone(g.zone).date()
