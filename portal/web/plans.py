"""What a plan at the table is asked for: how much is given, how long, from when, and why."""

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, Form, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from portal.domain.concessions import Concession
from portal.domain.plans import METHODS, share_of
from portal.domain.refusals import Refused
from portal.vocabulary import ConcessionKind, Frequency, Method
from portal.web import words
from portal.web.budgets import PEOPLE, CountField
from portal.web.forms import REQUIRED, PortalForm

LONGEST_GRACE = 60
LONGEST_PLAN = 120
KINDS = [SelectChoice(method.value, words.LABELS[method]) for method in METHODS]
OFTEN = [SelectChoice(each.value, words.LABELS[each]) for each in reversed(Frequency)]
# Where on the form a refusal is put right; other refusals stand above the plans.
FIELDS = {
    "plan_first_due_out_of_range": "first_due",
    "plan_too_long": "months",
    "plan_lump_sum_one_payment": "months",
    "plan_instalment_too_small": "months",
    "plan_instalment_below_interest": "months",
    "plan_rate_above_cap": "reduction",
}
NOT_A_DATE = _l("Please choose a day.")

# The entry of each concession, for those that nobody may give as they are asked for.
CONCEDED = {
    ConcessionKind.PENALTY_WAIVER.value: "penalty",
    ConcessionKind.INTEREST_WAIVER.value: "interest",
    ConcessionKind.INTEREST_REDUCTION.value: "reduction",
    ConcessionKind.GRACE.value: "grace",
}


class MayBeBlank(Optional):
    """An entry that may stay blank without being called optional: the whole form is."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags: dict[str, bool] = {}


class DayField(DateField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(NOT_A_DATE) from error


class TermsForm(Form):
    """How the plans that are laid side by side are to be made. Read from the address, or from a proposal."""

    kind = SelectField(_l("Kind of plan"), choices=KINDS, default=Method.EQUAL_INSTALMENT.value)
    frequency = SelectField(_l("How often"), choices=OFTEN, default=Frequency.MONTHLY.value)
    penalty = CountField(
        _l("Penalty interest waived"),
        default=0,
        validators=[MayBeBlank(), NumberRange(0, 100, message=PEOPLE)],
    )
    interest = CountField(
        _l("Overdue interest waived"),
        default=0,
        validators=[MayBeBlank(), NumberRange(0, 100, message=PEOPLE)],
    )
    reduction = CountField(
        _l("Interest rate waived"),
        default=0,
        validators=[MayBeBlank(), NumberRange(0, 100, message=PEOPLE)],
    )
    grace = CountField(
        _l("Months before the first payment"),
        default=0,
        validators=[MayBeBlank(), NumberRange(0, LONGEST_GRACE, message=PEOPLE)],
    )
    months = CountField(
        _l("Number of instalments"), validators=[MayBeBlank(), NumberRange(1, LONGEST_PLAN, message=PEOPLE)]
    )
    first_due = DayField(_l("First payment on"), validators=[MayBeBlank()])

    @property
    def concessions(self) -> tuple[Concession, ...]:
        """What is given, as the rules know it."""
        shares = {
            ConcessionKind.PENALTY_WAIVER: self.penalty.data,
            ConcessionKind.INTEREST_WAIVER: self.interest.data,
            ConcessionKind.INTEREST_REDUCTION: self.reduction.data,
        }
        given = [Concession(kind, share=share_of(share)) for kind, share in shares.items() if share]
        if self.grace.data:
            given.append(Concession(ConcessionKind.GRACE, months=self.grace.data))
        return tuple(given)

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of a comparison."""
        first_due: date | None = self.first_due.data
        return {
            "method": Method(self.kind.data),
            "frequency": Frequency(self.frequency.data),
            "concessions": self.concessions,
            "first_due": first_due,
            "own_periods": self.months.data,
        }

    def take(self, refusal: Refused) -> bool:
        """Put a refusal at the entry that it is about; say whether there is one."""
        name = FIELDS.get(refusal.code) or CONCEDED.get(str(refusal.facts.get("kind")))
        if name is None:
            return False
        field = self[name]
        field.errors = [*field.errors, words.refusal(refusal)]
        return True

    def address(self, **more: str) -> dict[str, str]:
        """The entries as a query, so that a link keeps them."""
        chosen = {"kind": self.kind.data, "frequency": self.frequency.data}
        entered = {
            field.short_name: field._value() for field in self if field.data and field.name not in chosen
        }
        return chosen | entered | more


class ProposalForm(PortalForm):
    """One of the plans, as it was seen, with the reason for what is given."""

    kind = HiddenField()
    frequency = HiddenField(
        default=Frequency.MONTHLY.value, validators=[AnyOf([each.value for each in Frequency])]
    )
    penalty = HiddenField()
    interest = HiddenField()
    reduction = HiddenField()
    grace = HiddenField()
    months = HiddenField()
    first_due = HiddenField()
    choice = HiddenField()
    method = HiddenField(validators=[AnyOf([method.value for method in METHODS])])
    periods = CountField(widget=HiddenInput(), validators=[REQUIRED, NumberRange(1, LONGEST_PLAN)])
    reason = TextAreaField(_l("Why is this concession needed?"), validators=[Length(max=1000)])

    @property
    def chosen(self) -> dict[str, Any]:
        """The method, frequency and number of instalments of the plan that was chosen."""
        return {
            "method": Method(self.method.data),
            "frequency": Frequency(self.frequency.data),
            "periods": self.periods.data,
        }
