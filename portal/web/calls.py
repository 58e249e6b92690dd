"""The form for what came of a call."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, RadioField, SelectField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.domain.refusals import Refused
from portal.services.call_acts import Heard, Promised
from portal.vocabulary import (
    ArrearsReason,
    Attitude,
    CallResult,
    ContactOutcome,
    DisputeKind,
    ServiceReason,
)
from portal.web import words
from portal.web.budgets import NOT_AN_AMOUNT, AmountField
from portal.web.forms import CHOSEN, PortalForm

LONGEST = 2_000
NO_DAY = _l("Please write a day.")
DRAFTED = _l("This is a draft. Please read it out, change what is not right, and save again.")
NO_TIME = _l("Please write a time, for example 14:30.")
# Somebody else answered, or nobody did. That the borrower was reached is known from who was confirmed.
NOT_REACHED = (
    ContactOutcome.NO_ANSWER,
    ContactOutcome.BUSY,
    ContactOutcome.WRONG_NUMBER,
    ContactOutcome.WRONG_PERSON,
    ContactOutcome.THIRD_PARTY,
)
_NOT_SAID = SelectChoice("", _l("Not said"))


def _choices(members: Any) -> list[SelectChoice]:
    return [SelectChoice(each.value, words.LABELS[each]) for each in members]


class _Day(DateField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(NO_DAY) from error


class _Time(TimeField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(NO_TIME) from error


class OutcomeForm(PortalForm):
    """What came of a call: one form, of which the page shows the parts that apply."""

    outcome = RadioField(
        _l("What came of the call?"),
        choices=_choices((ContactOutcome.REACHED, *NOT_REACHED)),
        validators=[CHOSEN],
    )
    asked_to_stop = BooleanField(_l("They asked us not to call this number again"))
    result = RadioField(
        _l("What did the conversation lead to?"), choices=_choices(CallResult), validators=[Optional()]
    )
    promise_amount = AmountField(_l("Amount promised"), validators=[Optional()])
    promise_on = _Day(_l("To be paid by"), validators=[Optional()])
    dispute = RadioField(_l("What is not right?"), choices=_choices(DisputeKind), validators=[Optional()])
    reason = SelectField(
        _l("Why payments stopped"), choices=[_NOT_SAID, *_choices(ArrearsReason)], validators=[Optional()]
    )
    attitude = RadioField(
        _l("How did the borrower meet us?"), choices=_choices(Attitude), validators=[Optional()]
    )
    words = TextAreaField(_l("In the borrower's own words"), validators=[Optional(), Length(max=LONGEST)])
    call_back_on = _Day(_l("Call back on"), validators=[Optional()])
    call_back_at = _Time(_l("At, the borrower's time"), validators=[Optional()])
    complain = RadioField(
        _l("A complaint about how the loan was sold?"),
        choices=[
            SelectChoice("yes", _l("Yes: I read out the text below, and the borrower wants it filed")),
            SelectChoice("no", _l("No: the borrower does not want to complain")),
        ],
        validators=[Optional()],
    )
    complaint = TextAreaField(
        _l("The complaint, as it is filed"), validators=[Optional(), Length(max=LONGEST)]
    )
    consent = BooleanField(_l("I read this aloud and the borrower said yes"))
    consent_reason = SelectField(
        _l("Why the visit service"),
        choices=[SelectChoice("", _l("Please choose one.")), *_choices(ServiceReason)],
        validators=[Optional()],
    )

    def heard(self, zone: ZoneInfo) -> Heard:
        """What was heard; call only when the form is valid. Times are in the borrower's zone."""
        return Heard(
            outcome=ContactOutcome(self.outcome.data),
            result=CallResult(self.result.data) if self.result.data else None,
            reason=ArrearsReason(self.reason.data) if self.reason.data else None,
            attitude=Attitude(self.attitude.data) if self.attitude.data else None,
            words=self.words.data or "",
            promised=self._promised(),
            dispute=DisputeKind(self.dispute.data) if self.dispute.data else None,
            call_back_at=self._call_back(zone),
            consent=self._consent(),
            asked_to_stop=bool(self.asked_to_stop.data),
            complaint=(self.complaint.data or "") if self.complain.data == "yes" else "",
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for what belongs to the answers that were given."""
        valid: bool = super().validate(extra_validators)
        filed = self.complain.data == "yes" and self.reason.data == ArrearsReason.MISLED
        if filed and not self.complaint.data:
            self.complaint.data = self.words.data  # a draft, from what the borrower said
            self.complaint.errors = [DRAFTED]
            valid = False
        for name, needed, sentence in self._needed():
            field: Field = self[name]
            if needed and not field.data and not field.errors:
                field.errors = [sentence]
                valid = False
        return valid

    def refuse_where_it_belongs(self, refusal: Refused) -> None:
        """Put a refusal at the field it is about, else above the form."""
        self.refuse(refusal, self[FIELDS[refusal.code]] if refusal.code in FIELDS else None)

    def _needed(self) -> list[tuple[str, bool, Any]]:
        reached = self.outcome.data == ContactOutcome.REACHED
        result = self.result.data if reached else None
        misled = reached and self.reason.data == ArrearsReason.MISLED
        explains = result == CallResult.DISPUTE or misled
        calls_back = result == CallResult.HARDSHIP or bool(self.call_back_at.data)
        return [
            ("result", reached, CHOSEN.message),
            ("attitude", reached, CHOSEN.message),
            ("promise_amount", result == CallResult.PROMISE, NOT_AN_AMOUNT),
            ("promise_on", result == CallResult.PROMISE, NO_DAY),
            ("dispute", result == CallResult.DISPUTE, CHOSEN.message),
            ("words", explains, _l("Please note what the borrower said.")),
            ("complain", misled, CHOSEN.message),
            ("call_back_on", reached and calls_back, NO_DAY),
            ("call_back_at", reached and (calls_back or bool(self.call_back_on.data)), NO_TIME),
            ("consent_reason", reached and bool(self.consent.data), CHOSEN.message),
        ]

    def _promised(self) -> Promised | None:
        if self.result.data != CallResult.PROMISE or self.promise_on.data is None:
            return None
        return Promised(amount=self.promise_amount.data or 0, due_on=self.promise_on.data)

    def _call_back(self, zone: ZoneInfo) -> datetime | None:
        day: date | None = self.call_back_on.data
        hour: time | None = self.call_back_at.data
        return datetime.combine(day, hour, zone) if day and hour else None

    def _consent(self) -> ServiceReason | None:
        if not self.consent.data or not self.consent_reason.data:
            return None
        return ServiceReason(self.consent_reason.data)


# Left out where they do not apply, and asked for where they stand.
ASKED_WHERE_SHOWN = (
    "result",
    "attitude",
    "promise_amount",
    "promise_on",
    "dispute",
    "complain",
    "consent_reason",
)
# At which field a refusal stands.
FIELDS = {
    "promise_date": "promise_on",
    "promise_amount": "promise_amount",
    "promise_above_affordable": "promise_amount",
    "promise_nothing_affordable": "promise_amount",
    "call_back_date": "call_back_on",
    "call_back_hours": "call_back_at",
    "consent_given_already": "consent",
    "dispute_open_already": "dispute",
}


def outcome_form(currency: str, *, confirmed: bool, sent: bool) -> OutcomeForm:
    """The form, amounts read in a currency; with what was `sent`, or empty.

    Only who was `confirmed` can have been reached."""
    source: dict[str, Any] = {} if sent else {"formdata": None}
    form = OutcomeForm(meta={"currency": currency}, **source)
    form.outcome.choices = _choices((ContactOutcome.REACHED,) if confirmed else NOT_REACHED)
    for name in ASKED_WHERE_SHOWN:
        form[name].flags.optional = False
    return form
