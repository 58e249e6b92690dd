"""My plans: what was proposed, in words and row by row."""

from flask import Response, g

from portal.borrower import blueprint
from portal.infra import clock
from portal.services import budgets, cases, plans, repayments, settlements
from portal.vocabulary import PlanState
from portal.web import access
from portal.web.page import page
from portal.web.transactions import session


@blueprint.get("/plans")
def plans_list() -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    return page(
        "borrower/plans/plans.html",
        sheets=plans.shown_to_borrower(session, case=case) if case else [],
        budget=budgets.newest(session, case=case) if case else None,
    )


@blueprint.get("/plans/<ref>")
def plan(ref: str) -> Response:
    now = clock.now()
    found = access.or_404(plans.find(session, ref, actor=access.actor(), now=now))
    if found.state is PlanState.DRAFT:
        access.or_404(None)
    sheet, today = plans.sheet(session, found), now.astimezone(g.zone).date()
    repayment = repayments.of_plan(session, plan=found, policy=g.policy, today=today)
    return page(
        "borrower/plans/plan.html",
        sheet=sheet,
        plan=found,
        repayment=repayment,
        quote=settlements.quote_of(
            session, case=sheet.case, repayment=repayment, policy=g.policy, today=today
        ),
    )
