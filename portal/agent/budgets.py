"""The budget at the table: borrower and agent fill in the household's month together."""

from flask import Response, g

from portal.agent import blueprint
from portal.agent.visits import READERS, go_on, open_step, read, step_page, works_on
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import budgets, visit_progress
from portal.services.on_site import Visit
from portal.vocabulary import BudgetLine, Role, VisitStep
from portal.web import access
from portal.web.budgets import BudgetForm, shared
from portal.web.transactions import commits, session


@blueprint.get("/visits/<ref>/budget")
@access.roles(*READERS)
def visit_budget(ref: str) -> Response:
    visit = read(ref)
    if not works_on(visit):
        return _record(visit)
    if not visit_progress.progress(session, visit=visit).is_open(VisitStep.BUDGET):
        return go_on(visit)
    newest = budgets.newest(session, case=visit.case)
    return _budget(visit, BudgetForm.filled(newest, currency=visit.case.currency))


@blueprint.post("/visits/<ref>/budget")
@access.roles(Role.AGENT)
@commits
def save_visit_budget(ref: str) -> Response:
    visit = open_step(ref, VisitStep.BUDGET)
    form = BudgetForm.sent(currency=visit.case.currency)
    if not form.validate_on_submit():
        return _budget(visit, form, status=422)
    try:
        budgets.save(
            session,
            case=visit.case,
            visit=visit,
            adults=form.adults.data,
            children=form.children.data,
            lines=form.lines,
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _budget(visit, form, status=422)
    return go_on(visit)


def _record(visit: Visit) -> Response:
    """The month as it was entered, for somebody who did not come along."""
    made = budgets.newest(session, case=visit.case, visit=visit)
    return step_page(
        "agent/budgets/budget_record.html",
        visit,
        budget=made,
        policy=g.policy.budget,
        lines=[(line, made.lines[line]) for line in BudgetLine if made.lines.get(line)] if made else [],
    )


def _budget(visit: Visit, form: BudgetForm, *, status: int = 200) -> Response:
    newest = budgets.newest(session, case=visit.case)
    context = {"form": form, "budget": newest} | shared(visit.case)
    return step_page("agent/budgets/budget.html", visit, status=status, **context)
