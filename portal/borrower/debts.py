"""What I owe: part by part, row by row, with how each figure came about, how to pay, and what if I paid."""

import segno
from flask import Response, g, url_for

from portal.borrower import blueprint
from portal.infra import clock
from portal.services import cases, debts, lenders
from portal.services.debts import Debt
from portal.web import access, simulations
from portal.web.locale import current_locale
from portal.web.page import page
from portal.web.transactions import session


@blueprint.get("/debts")
def debts_page() -> Response:
    debt = _debt()
    if debt is None:
        return page("borrower/debts/nothing_open.html")
    return page("borrower/debts/debts.html", debt=debt, account=_account(debt.currency), qr=_qr)


@blueprint.get("/debts/<ref>")
def debt(ref: str) -> Response:
    whole = access.or_404(_debt())
    return page("borrower/debts/debt.html", part=access.or_404(whole.of(ref)))


@blueprint.get("/simulator")
def simulator() -> Response:
    debt = _debt()
    if debt is None:
        return page("borrower/debts/nothing_open.html")
    return page(
        "borrower/debts/simulator.html",
        "_simulation.html",
        here=url_for("borrower.simulator"),
        **simulations.shown(debt),
    )


def _debt() -> Debt | None:
    now = clock.now()
    case = cases.open_case_of(session, borrower=access.actor(), now=now)
    if case is None:
        return None
    return debts.debt_of(session, case=case, policy=g.policy, business_date=now.astimezone(g.zone).date())


def _account(currency: str) -> lenders.Account | None:
    return lenders.payment_account(session, lender_id=g.lender.id, currency=currency, locale=current_locale())


def _qr(reference: str) -> str:
    """A picture of the payment reference, and of nothing else, as the address of an image."""
    return str(segno.make(reference, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff"))
