"""The budget form: one for the borrower alone and for borrower and agent at the table."""

from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField
from wtforms.validators import NumberRange

from portal import formats
from portal.domain.money import MoneyError, amount_text, parse_amount
from portal.infra import clock
from portal.services.budgets import DEBTS, ENTERED, INCOME, OUTGOINGS, Budget, regular_instalments
from portal.vocabulary import BudgetLine
from portal.web import words
from portal.web.forms import REQUIRED, PortalForm
from portal.web.locale import current_locale
from portal.web.transactions import session

if TYPE_CHECKING:
    from portal.models import Case

MOST_PEOPLE = 20
NOT_AN_AMOUNT = _l("Please write an amount in digits, for example 1200 or 1200.50.")
NOT_A_NUMBER = _l("Please write a whole number.")
PEOPLE = _l("Please write a number from %(min)d to %(max)d.")


class AmountField(StringField):
    """Decimal text in the form's currency, read as minor units; an empty line counts as nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        try:
            self.data = parse_amount(text, self.meta.currency) if text else 0
        except MoneyError as error:
            raise ValueError(NOT_AN_AMOUNT) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return amount_text(self.data, self.meta.currency) if self.data else ""


class CountField(IntegerField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(NOT_A_NUMBER) from error


class BudgetForm(PortalForm):
    adults = CountField(
        _l("Adults"), default=1, validators=[REQUIRED, NumberRange(1, MOST_PEOPLE, message=PEOPLE)]
    )
    children = CountField(
        _l("Children"), default=0, validators=[REQUIRED, NumberRange(0, MOST_PEOPLE, message=PEOPLE)]
    )
    wages = AmountField(words.LABELS[BudgetLine.WAGES])
    benefits = AmountField(words.LABELS[BudgetLine.BENEFITS])
    other_income = AmountField(words.LABELS[BudgetLine.OTHER_INCOME])
    rent = AmountField(words.LABELS[BudgetLine.RENT])
    food = AmountField(words.LABELS[BudgetLine.FOOD])
    utilities = AmountField(words.LABELS[BudgetLine.UTILITIES])
    transport = AmountField(words.LABELS[BudgetLine.TRANSPORT])
    medical = AmountField(words.LABELS[BudgetLine.MEDICAL])
    children_costs = AmountField(words.LABELS[BudgetLine.CHILDREN])
    other_outgoings = AmountField(words.LABELS[BudgetLine.OTHER_OUTGOINGS])
    other_debts = AmountField(words.LABELS[BudgetLine.OTHER_DEBTS])

    @classmethod
    def filled(cls, budget: Budget | None, *, currency: str) -> "BudgetForm":
        """The form with the entries of the budget that counts."""
        if budget is None:
            return cls(formdata=None, meta={"currency": currency})
        entered = {_FIELDS.get(line, line): budget.lines.get(line, 0) for line in ENTERED}
        people = {"adults": budget.adults, "children": budget.children}
        return cls(formdata=None, data=entered | people, meta={"currency": currency})

    @classmethod
    def sent(cls, *, currency: str) -> "BudgetForm":
        return cls(meta={"currency": currency})

    @property
    def lines(self) -> dict[BudgetLine, int]:
        """The lines as entered, in minor units."""
        return {line: self[_FIELDS.get(line, line)].data for line in ENTERED}

    def parts(self) -> dict[str, list[StringField]]:
        """The fields of amounts under their headings' keys."""
        groups = {"income": INCOME, "outgoings": OUTGOINGS, "debts": DEBTS[:1]}
        return {name: [self[_FIELDS.get(line, line)] for line in lines] for name, lines in groups.items()}


# The household's children are counted in a field of that name; what they cost needs another.
_FIELDS = {BudgetLine.CHILDREN: "children_costs"}


def sign(currency: str) -> str:
    """What stands before an amount of a currency."""
    return formats.SYMBOLS.get(currency, currency)


def shared(case: "Case") -> dict[str, Any]:
    """What every page with a budget shows beside the form."""
    today = clock.now().astimezone(g.zone).date()
    known = regular_instalments(session, case=case, policy=g.policy, business_date=today)
    return {
        "case": case,
        "currency": sign(case.currency),
        "known": formats.money(known, case.currency, current_locale()) if known else None,
        "policy": g.policy.budget,
    }
