"""Plans at the table: laid side by side within what the household can afford, and one of them proposed."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Response, g, request, url_for

from portal.agent import blueprint
from portal.agent.visits import find, go_on, open_step, step_page
from portal.domain import masking
from portal.domain.plan_choices import Choice
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import (
    approvals,
    budgets,
    debts,
    on_site,
    plans,
    repayments,
    settlements,
    visit_progress,
)
from portal.services.on_site import Visit
from portal.vocabulary import Role, Tier, VisitStep
from portal.web import access, words
from portal.web.page import go_to, page, wants_fragment
from portal.web.plans import ProposalForm, TermsForm
from portal.web.transactions import commits, session

if TYPE_CHECKING:
    from portal.models import Budget

READERS = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)


@dataclass(frozen=True)
class Offer:
    """What can be laid side by side, or the sentence why not; `chosen` is the one that was picked."""

    choices: tuple[Choice, ...] = ()
    chosen: Choice | None = None
    tier: Tier = Tier.AGENT
    refused: str | None = None


@blueprint.get("/visits/<ref>/plan")
@access.roles(Role.AGENT)
def visit_plan(ref: str) -> Response:
    visit = find(ref)
    if not visit_progress.progress(session, visit=visit).is_open(VisitStep.PLAN):
        return go_on(visit)
    return _compare(visit, TermsForm(request.args), None)


@blueprint.post("/visits/<ref>/plan")
@access.roles(Role.AGENT)
@commits
def propose_plan(ref: str) -> Response:
    visit, terms, form = open_step(ref, VisitStep.PLAN), TermsForm(request.form), ProposalForm()
    if not (terms.validate() and form.validate_on_submit()):
        return _compare(visit, terms, form, status=422)
    try:
        plan = plans.propose(
            session,
            case=visit.case,
            budget=access.or_404(budgets.newest(session, case=visit.case)),
            visit=visit,
            concessions=terms.concessions,
            first_due=terms.first_due.data,
            reason=form.reason.data or "",
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
            **form.chosen,
        )
    except Refused as refusal:
        if not terms.take(refusal):
            form.refuse(refusal, form.reason if refusal.code == "approval_reason_missing" else None)
        return _compare(visit, terms, form, status=422)
    return go_to(url_for("agent.plan", ref=plan.ref))


@blueprint.get("/plans/<ref>")
@access.roles(*READERS)
def plan(ref: str) -> Response:
    now, actor = clock.now(), access.actor()
    found = access.or_404(plans.find(session, ref, actor=actor, now=now))
    sheet = plans.sheet(session, found)
    visit = on_site.find_to_read(session, sheet.visit.ref, actor=actor, now=now) if sheet.visit else None
    context: dict[str, Any] = {
        "sheet": sheet,
        "plan": found,
        **_in_force(sheet, now.astimezone(g.zone).date()),
        "may_decide": access.may("agent.decide_approval")
        and sheet.approval is not None
        and approvals.why_not(sheet.approval, actor=actor) is None,
    }
    if visit is not None:
        return step_page("agent/plans/plan.html", visit, **context)
    return page(
        "agent/plans/plan.html", visit=None, borrower=masking.name(sheet.case.borrower.name), **context
    )


def _in_force(sheet: plans.Sheet, today: date) -> dict[str, Any]:
    """The plan that is repaid now beside its contracts, and what it takes to settle it today."""
    case, policy = sheet.case, g.policy
    repayment = repayments.of_plan(session, plan=sheet.plan, policy=policy, today=today)
    debt = debts.debt_of(session, case=case, policy=policy, business_date=today) if repayment else None
    return {
        "repayment": repayment,
        "contract_dpd": debt.dpd_of(repayment.loans) if debt and repayment else 0,
        "quote": settlements.quote_of(session, case=case, repayment=repayment, policy=policy, today=today),
    }


def _compare(visit: Visit, terms: TermsForm, form: ProposalForm | None, *, status: int = 200) -> Response:
    budget = access.or_404(budgets.newest(session, case=visit.case))
    valid = bool(terms.errors) is False and terms.validate()
    offer = _offer(visit, budget, terms) if valid else Offer()
    context: dict[str, Any] = {
        "case": visit.case,
        "budget": budget,
        "policy": g.policy,
        "terms": terms,
        "offer": offer,
        "form": form or _proposal(offer, terms),
    }
    status = 422 if terms.errors else status
    if wants_fragment():
        return page("agent/plans/_comparison.html", visit=visit, status=status, **context)
    return step_page("agent/plans/compare.html", visit, status=status, **context)


def _offer(visit: Visit, budget: "Budget", terms: TermsForm) -> Offer:
    now = clock.now()
    try:
        choices = plans.options(
            session, case=visit.case, budget=budget, policy=g.policy, now=now, **terms.asked
        )
        tier = plans.tier_of(terms.concessions, g.policy)
    except Refused as refusal:
        return Offer() if terms.take(refusal) else Offer(refused=words.refusal(refusal))
    wanted = request.values.get("choice")
    chosen = next((each for each in choices if each.choice == wanted and each.fits), None)
    return Offer(choices, chosen, tier)


def _proposal(offer: Offer, terms: TermsForm) -> ProposalForm | None:
    """The form that proposes the plan that was picked."""
    if offer.chosen is None:
        return None
    picked = offer.chosen.draft.terms
    entered = terms.address(choice=offer.chosen.choice.value, method=picked.method.value)
    entered["frequency"] = picked.frequency.value
    return ProposalForm(formdata=None, data=entered | {"periods": picked.periods})
