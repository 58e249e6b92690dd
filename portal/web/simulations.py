"""The form of "what if I paid", for borrower and staff. It is read from the address and changes nothing."""

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, StopValidation

from portal.domain.refusals import Refused
from portal.domain.simulator import Monthly, Once
from portal.services import simulations
from portal.services.debts import Debt
from portal.web import words
from portal.web.budgets import AmountField, sign
from portal.web.forms import REQUIRED
from portal.web.plans import DayField, MayBeBlank

ONCE, MONTHLY = "once", "monthly"
ALL = ""
DAYS = frozenset({"simulation_day_past", "simulation_day_too_far"})


class Needed(InputRequired):
    """An amount is needed; one that could not be read says so itself."""

    def __call__(self, form: Form, field: Any) -> None:
        if field.errors:
            raise StopValidation
        super().__call__(form, field)


class SimulationForm(Form):
    """How much is paid, how often, from when, and on which loan."""

    amount = AmountField(_l("Amount"), validators=[Needed(REQUIRED.message)])
    often = RadioField(_l("How often"), default=ONCE)
    start = DayField(_l("First payment on"), validators=[MayBeBlank()])
    loan = RadioField(_l("Which loan"), default=ALL)


@dataclass(frozen=True)
class Tried:
    """The form, and what came of it; nothing yet before an amount was entered, or when it cannot be tried."""

    form: SimulationForm
    once: Once | None = None
    monthly: Monthly | None = None

    @property
    def status(self) -> int:
        return 422 if self.form.errors else 200


def tried(debt: Debt) -> Tried:
    """Read the address and try out what it says."""
    form = SimulationForm(request.args, data={"start": debt.business_date}, meta={"currency": debt.currency})
    form.often.choices = [
        SelectChoice(ONCE, _l("Once, today")),
        SelectChoice(MONTHLY, _l("Every month")),
    ]
    form.loan.choices = [SelectChoice(ALL, _l("The oldest debt first, as usual"))]
    form.loan.choices += [
        SelectChoice(each.loan.ref, f"{words.label(each.loan.product)} {each.loan.contract_no}")
        for each in debt.loans
    ]
    if form.start.data is None and not form.start.raw_data:
        form.start.data = debt.business_date
    if "amount" not in request.args or not form.validate():
        return Tried(form)
    try:
        return _try(debt, form)
    except Refused as refusal:
        field = form.start if refusal.code in DAYS else form.amount
        field.errors = [*field.errors, words.refusal(refusal)]
        return Tried(form)


def _try(debt: Debt, form: SimulationForm) -> Tried:
    amount, loan = form.amount.data, form.loan.data or None
    if form.often.data == MONTHLY:
        first = form.start.data or debt.business_date
        return Tried(form, monthly=simulations.pay_monthly(debt, amount=amount, first=first, loan=loan))
    return Tried(form, once=simulations.pay_once(debt, amount=amount, loan=loan))


def shown(debt: Debt) -> dict[str, Any]:
    """What the page of a simulation needs beside its address."""
    outcome = tried(debt)
    return {"debt": debt, "tried": outcome, "sign": sign(debt.currency), "status": outcome.status}
