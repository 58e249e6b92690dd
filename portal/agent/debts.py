"""The debt of a case: what confirms it, every row behind its figures, and what a payment would do."""

from flask import Response, g, url_for

from portal.agent import blueprint
from portal.agent.cases import READERS, find
from portal.domain import masking
from portal.infra import clock
from portal.services import cases, debts
from portal.services.debts import Debt
from portal.vocabulary import Role
from portal.web import access, simulations
from portal.web.page import page
from portal.web.transactions import session


@blueprint.get("/cases/<ref>/debt")
@access.roles(*READERS, Role.AGENT)
def case_debt(ref: str) -> Response:
    case = find(ref)
    debt = _debt(case)
    return page(
        "agent/debts/debt.html",
        case=case,
        borrower=masking.name(case.borrower.name),
        debt=debt,
        sources=debts.sources_of(session, debt, lender=g.lender),
        checked_at=clock.now(),
    )


@blueprint.get("/cases/<ref>/simulator")
@access.roles(*READERS, Role.AGENT)
def case_simulator(ref: str) -> Response:
    case = find(ref)
    return page(
        "agent/debts/simulator.html",
        "_simulation.html",
        case=case,
        borrower=masking.name(case.borrower.name),
        here=url_for("agent.case_simulator", ref=ref),
        **simulations.shown(_debt(case)),
    )


def _debt(case: cases.Case) -> Debt:
    today = clock.now().astimezone(g.zone).date()
    return debts.debt_of(session, case=case, policy=g.policy, business_date=today)
