"""Debts and what a payment would do, in words."""

from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l

from portal import formats
from portal.domain.allocation import Component
from portal.web.locale import current_locale

REFUSALS = {
    "simulation_amount_not_positive": _l("Please write an amount above zero."),
    "simulation_amount_above_debt": _l("That is more than is owed. Please write an amount up to %(owed)s."),
    "simulation_nothing_owed": _l("Nothing is owed on this loan, so there is nothing to try out."),
    "simulation_loan_unknown": _l("Please choose one of the loans."),
    "simulation_day_past": _l("Please choose today or a later day."),
    "simulation_day_too_far": _l("Please choose a day up to %(latest)s."),
}

LABELS = {
    Component: {
        Component.PRINCIPAL: _l("Principal"),
        Component.INTEREST: _l("Interest"),
        Component.FEES: _l("Fees"),
        Component.PENALTY: _l("Penalty interest and late fees"),
        Component.COSTS: _l("Costs"),
    },
}


def _owed(facts: Mapping[str, object]) -> dict[str, object]:
    owed, currency = facts["owed"], str(facts["currency"])
    return {"owed": formats.money(owed, currency, current_locale()) if isinstance(owed, int) else owed}


def _latest(facts: Mapping[str, object]) -> dict[str, object]:
    latest = facts["latest"]
    return {"latest": formats.day(latest, current_locale()) if isinstance(latest, date) else latest}


FACTS = {"simulation_amount_above_debt": _owed, "simulation_day_too_far": _latest}
