"""What a payment would do to the debt of a case. It only reads: nothing is agreed or kept by trying."""

from datetime import date

from portal.domain import simulator
from portal.domain.refusals import Refused
from portal.domain.simulator import Account, Monthly, Once, SimulationError
from portal.services.debts import Debt


def pay_once(debt: Debt, *, amount: int, loan: str | None) -> Once:
    """Return what a payment (minor units) on the debt's day does, to one loan by its reference or to all.

    Raises Refused."""
    try:
        return simulator.pay_once(_accounts(debt), amount, business_date=debt.business_date, chosen=loan)
    except SimulationError as error:
        raise _refused(error, debt) from error


def pay_monthly(debt: Debt, *, amount: int, first: date, loan: str | None) -> Monthly:
    """Return how a payment (minor units) every month from a day on goes on. Raises Refused."""
    try:
        return simulator.pay_monthly(
            _accounts(debt), amount, business_date=debt.business_date, first=first, chosen=loan
        )
    except SimulationError as error:
        raise _refused(error, debt) from error


def _accounts(debt: Debt) -> list[Account]:
    return [
        Account(each.loan.ref, each.openings, each.receipts, each.reliefs, each.loan.as_of, each.terms)
        for each in debt.loans
    ]


def _refused(error: SimulationError, debt: Debt) -> Refused:
    return Refused(error.code, afterwards=None, currency=debt.currency, **error.facts)
