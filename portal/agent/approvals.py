"""Approvals: plans that wait for a second person's yes, with what changes in money and risk."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Response, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import AnyOf, Length
from wtforms.widgets import HiddenInput

from portal.agent import blueprint
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import approvals, overrides, plans
from portal.vocabulary import Role
from portal.web import access, stale, words
from portal.web.forms import REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

if TYPE_CHECKING:
    from portal.models import Plan

DECIDERS = (Role.LEAD, Role.MANAGER)
APPROVE, REFUSE = "approve", "refuse"


class DecisionForm(PortalForm):
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])
    answer = TextAreaField(_l("Your reason"), validators=[REQUIRED, Length(max=1000)])
    decision = StringField(validators=[AnyOf([APPROVE, REFUSE])])


@blueprint.get("/approvals")
@access.roles(*DECIDERS, Role.AUDITOR)
def approvals_list() -> Response:
    now, actor = clock.now(), access.actor()
    waiting = approvals.waiting(session, actor=actor, now=now)
    past = "decided" in request.args
    shown = approvals.decided(session, actor=actor, now=now) if past else waiting
    asked = overrides.waiting(session, actor=actor, now=now)
    answered = overrides.decided(session, actor=actor, now=now) if past else asked
    return page(
        "agent/approvals/approvals.html",
        items=[_item(plan) for plan in shown],
        overrides=[(each, masking.name(each.case.borrower.name)) for each in answered],
        past=past,
        waiting=len(waiting) + len(asked),
    )


@blueprint.get("/plans/<ref>/approval")
@access.roles(*DECIDERS, Role.AUDITOR)
def approval(ref: str) -> Response:
    plan = _waiting_plan(ref)
    return _page(plan, DecisionForm(formdata=None, data={"version": plan.version}))


@blueprint.post("/plans/<ref>/approval")
@access.roles(*DECIDERS)
@commits
def decide_approval(ref: str) -> Response:
    plan, form = _waiting_plan(ref), DecisionForm()
    if not form.validate_on_submit():
        return _page(plan, form, status=422)
    try:
        approvals.decide(
            session,
            plan=plan,
            version=form.version.data,
            approved=form.decision.data == APPROVE,
            answer=form.answer.data,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(plan, form, status=409, differences=_both_answers(plan, form))
    flash(_("Your answer was kept; the agent sees it on the plan."), "success")
    return go_to(url_for("agent.approvals_list"))


def _waiting_plan(ref: str) -> "Plan":
    """A plan that was put to a second person, whether answered by now or not."""
    found = access.or_404(plans.find(session, ref, actor=access.actor(), now=clock.now()))
    access.or_404(approvals.of_plan(session, plan=found))
    return found


def _item(plan: "Plan") -> dict[str, object]:
    """A plan beside what it would be without its concessions."""
    sheet = plans.sheet(session, plan)
    barred = approvals.why_not(sheet.approval, actor=access.actor()) if sheet.approval else None
    return {
        "sheet": sheet,
        "plan": plan,
        "borrower": masking.name(sheet.case.borrower.name),
        "before": plans.without_concessions(plan, policy=g.policy),
        "barred": words.refusal(Refused(barred)) if barred else None,
    }


def _both_answers(plan: "Plan", form: DecisionForm) -> list[stale.Difference]:
    """The answer that came first beside the one that came too late; none while the plan still waits."""
    given = approvals.of_plan(session, plan=plan)
    if given is None or given.decided_at is None:
        return []
    return stale.differences(form, saved={"answer": given.answer}, version=plan.version)


def _page(
    plan: "Plan", form: DecisionForm, *, status: int = 200, differences: Sequence[stale.Difference] = ()
) -> Response:
    context = {"form": form, "item": _item(plan), "policy": g.policy, "differences": differences}
    return page("agent/approvals/approval.html", status=status, **context)
