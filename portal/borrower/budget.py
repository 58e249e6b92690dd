"""My budget: a month of the household, and what it can afford."""

from flask import Response, g, url_for

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import budgets, cases
from portal.web import access
from portal.web.budgets import BudgetForm, shared
from portal.web.page import go_to, page
from portal.web.transactions import commits, session


@blueprint.get("/budget")
def budget() -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    if case is None:
        return page("borrower/budget/budget.html", case=None)
    newest = budgets.newest(session, case=case)
    form = BudgetForm.filled(newest, currency=case.currency)
    return page("borrower/budget/budget.html", form=form, budget=newest, **shared(case))


@blueprint.post("/budget")
@commits
def save_budget() -> Response:
    case = access.or_404(cases.open_case_of(session, borrower=access.actor(), now=clock.now()))
    form = BudgetForm.sent(currency=case.currency)
    if form.validate_on_submit():
        try:
            budgets.save(
                session,
                case=case,
                visit=None,
                adults=form.adults.data,
                children=form.children.data,
                lines=form.lines,
                policy=g.policy,
                actor=access.actor(),
                now=clock.now(),
            )
            return go_to(url_for("borrower.budget"))
        except Refused as refusal:
            form.refuse(refusal)
    newest = budgets.newest(session, case=case)
    return page("borrower/budget/budget.html", status=422, form=form, budget=newest, **shared(case))
