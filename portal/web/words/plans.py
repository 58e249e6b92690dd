"""Budgets, plans and approvals in words."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from flask import has_request_context
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import formats
from portal.domain.overlay import InstalmentState
from portal.domain.settlement import QuotePart
from portal.vocabulary import (
    BudgetLine,
    ConcessionKind,
    Frequency,
    Locale,
    Method,
    PlanChoice,
    PlanState,
    ReliefKind,
    Tier,
)
from portal.web import locale

REFUSALS = {
    "budget_case_closed": _l("This case is closed, so no budget is needed any more."),
    "budget_currency": _l(
        "The living costs of this lender's rules are in %(known)s. A budget in %(currency)s cannot be"
        " compared with them."
    ),
    "budget_line_out_of_range": _l("One of the amounts is too large for a month. Please check it."),
    "plan_not_affordable": _l(
        "The dearest month of this plan is %(largest_month)s. The budget allows %(affordable)s a month, so"
        " please choose a longer plan."
    ),
    "plan_too_long": _l("A plan for these loans has 1 to %(most)s instalments."),
    "plan_instalment_too_small": _l(
        "The instalments of this plan would be too small. Please choose fewer of them."
    ),
    "plan_nothing_overdue": _l("Nothing is overdue today, so no plan is needed."),
    "plan_nothing_left": _l("After these concessions nothing is left to pay, so no plan is needed."),
    "plan_method_not_offered": _l("This kind of plan is not offered here."),
    "plan_lump_sum_one_payment": _l("A plan of one payment has one instalment."),
    "plan_instalment_below_interest": _l(
        "The first instalments of this plan would not even cover their interest, so the debt would never end."
        " Please choose fewer instalments or another kind of plan."
    ),
    "plan_rate_above_cap": _l(
        "The contract's rate of %(rate_ppm)s a year is above the %(cap_ppm)s that the lender's rules allow."
        " A plan needs an interest rate that is lowered to that."
    ),
    "plan_first_due_out_of_range": _l(
        "The first payment is due after today and by %(latest)s at the latest. A later start is a grace of"
        " one or more months."
    ),
    "plan_budget_outdated": _l("There is a newer budget. Please look at the plans again."),
    "plan_not_now": _l("No plan can be made for this case at the moment."),
    "plan_has_agreement": _l(
        "An agreement was already prepared from the plan before. It is declined first, then a new plan is"
        " possible."
    ),
    "concession_not_offered": _l("This concession is not offered here."),
    "concession_beyond_limits": _l("Nobody may give this much. Please ask for less."),
    "concession_share_invalid": _l("Please write a share from 1 to 100 percent."),
    "concession_months_invalid": _l("Please write one month or more."),
    "approval_reason_missing": _l("Please write a reason; the other person needs it to decide."),
    "approval_not_waiting": _l(
        "This plan was answered or changed in the meantime. Please look at it again before you decide."
    ),
    "approval_own_request": _l("You asked for this yourself, so a second person decides."),
    "approval_above_tier": _l("These concessions are decided by a manager."),
    "relief_agreement_not_sealed": _l("Relief is given once both sides have signed."),
    "relief_given_already": _l("The relief of this agreement was given before."),
    "relief_manager_only": _l("Relief is withdrawn by a manager."),
    "relief_reason_missing": _l("Please write why it is withdrawn; the reason is kept with it."),
    "relief_withdrawn_already": _l("This relief was withdrawn before."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    BudgetLine: {
        BudgetLine.WAGES: _l("Wages or business income"),
        BudgetLine.BENEFITS: _l("Pension and benefits"),
        BudgetLine.OTHER_INCOME: _l("Other income"),
        BudgetLine.RENT: _l("Rent or mortgage"),
        BudgetLine.FOOD: _l("Food and household"),
        BudgetLine.UTILITIES: _l("Electricity, water, gas and phone"),
        BudgetLine.TRANSPORT: _l("Transport"),
        BudgetLine.MEDICAL: _l("Doctor, medicine and care"),
        BudgetLine.CHILDREN: _l("Children and school"),
        BudgetLine.OTHER_OUTGOINGS: _l("Other essentials"),
        BudgetLine.OTHER_DEBTS: _l("Loans and cards elsewhere"),
        BudgetLine.REGULAR_INSTALMENTS: _l("Regular instalments still to come"),
    },
    PlanChoice: {
        PlanChoice.SOONEST: _l("Done soonest"),
        PlanChoice.GENTLER: _l("Less each month"),
        PlanChoice.OWN: _l("Your own length"),
        PlanChoice.FALLING: _l("Falling instalments"),
        PlanChoice.LEVEL: _l("Equal instalments"),
    },
    PlanState: {
        PlanState.DRAFT: _l("Draft"),
        PlanState.WAITING_APPROVAL: _l("Waiting for approval"),
        PlanState.APPROVED: _l("Ready to sign"),
        PlanState.REFUSED: _l("Not approved"),
        PlanState.AGREED: _l("Signed"),
        PlanState.WITHDRAWN: _l("Replaced"),
    },
    ConcessionKind: {
        ConcessionKind.PENALTY_WAIVER: _l("Penalty interest waived"),
        ConcessionKind.INTEREST_WAIVER: _l("Overdue interest waived"),
        ConcessionKind.INTEREST_REDUCTION: _l("Interest rate reduced"),
        ConcessionKind.GRACE: _l("Later first payment"),
        ConcessionKind.PAUSE: _l("Interest paused"),
        ConcessionKind.EXTENSION: _l("Longer term"),
        ConcessionKind.EARLY_SETTLEMENT_REWARD: _l("Reward for paying early"),
    },
    ReliefKind: {
        ReliefKind.PENALTY_WAIVER: _l("Penalty interest waived"),
        ReliefKind.INTEREST_WAIVER: _l("Overdue interest waived"),
        ReliefKind.PENALTY_STOP: _l("No penalty interest from a day on"),
        ReliefKind.DELINQUENCY_PAUSE: _l("Days that do not count as late"),
    },
    InstalmentState: {
        InstalmentState.COMING: _l("Still to come"),
        InstalmentState.MET: _l("Paid"),
        InstalmentState.PARTLY_MET: _l("Late, partly paid"),
        InstalmentState.MISSED: _l("Late"),
    },
    QuotePart: {
        QuotePart.PRINCIPAL: _l("Debt that the plan repays"),
        QuotePart.INTEREST_DUE: _l("Interest of instalments due so far"),
        QuotePart.INTEREST_RUNNING: _l("Interest of the running instalment"),
        QuotePart.INTEREST_OF_GRACE: _l("Interest of the months before the first payment"),
        QuotePart.FEES: _l("Fees"),
        QuotePart.PENALTY: _l("Penalty interest since the plan took effect"),
        QuotePart.PENALTY_WAIVED: _l("Waived, because every payment came in time"),
        QuotePart.PAID: _l("Paid so far"),
        QuotePart.CREDIT: _l("Paid too much, comes back to you"),
    },
    Tier: {
        Tier.AGENT: _l("Agent"),
        Tier.LEAD: _l("Lead"),
        Tier.MANAGER: _l("Manager"),
    },
    Method: {
        Method.EQUAL_INSTALMENT: _l("Equal instalments"),
        Method.EQUAL_PRINCIPAL: _l("Equal principal"),
        Method.INTEREST_FIRST: _l("Interest first"),
        Method.STEPPED: _l("Rising instalments"),
        Method.LUMP_SUM: _l("One payment"),
        Method.MINIMUM_PAYMENT: _l("Minimum payment"),
    },
    Frequency: {
        Frequency.WEEKLY: _l("Weekly"),
        Frequency.FORTNIGHTLY: _l("Every two weeks"),
        Frequency.MONTHLY: _l("Monthly"),
    },
}


def _amounts(facts: Mapping[str, object]) -> dict[str, object]:
    """Write the amounts of a refusal in the currency it names."""
    currency = str(facts["currency"])
    return {
        name: formats.money(value, currency, _reader()) if isinstance(value, int) else value
        for name, value in facts.items()
    }


def _days(facts: Mapping[str, object]) -> dict[str, object]:
    return {
        name: formats.day(value, _reader()) if isinstance(value, date) else value
        for name, value in facts.items()
    }


def _rates(facts: Mapping[str, object]) -> dict[str, object]:
    return {
        name: formats.rate(value, _reader()) if isinstance(value, int) else value
        for name, value in facts.items()
    }


# Refusals whose facts become words only here, where the reader's language is known.
FACTS = {
    "plan_not_affordable": _amounts,
    "plan_first_due_out_of_range": _days,
    "plan_rate_above_cap": _rates,
}


def _reader() -> Locale:
    """The reader's language; English on the command line."""
    return locale.current_locale() if has_request_context() else Locale.EN
