"""The form of a borrower's wishes, for themself and for staff who note them."""

from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectMultipleField,
    StringField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from portal.domain.preferences import CHANNELS, LONGEST, Hours, Wishes
from portal.domain.refusals import Refused
from portal.vocabulary import Channel, Locale
from portal.web import locale, words
from portal.web.forms import CHOSEN, REQUIRED, PortalForm, printable
from portal.web.words.messages import WEEKDAYS

FIELDS = {
    "preference_channel": "closed",
    "preference_days": "days",
    "preference_hours": "until",
    "preference_exam_day": "exam_day",
}


class PreferencesForm(PortalForm):
    language = RadioField(_l("Language of messages and calls"), validators=[CHOSEN])
    closed = SelectMultipleField(_l("No reminders this way, please"), validators=[Optional()])
    days = SelectMultipleField(_l("Days that suit"), validators=[Optional()])
    opens = TimeField(_l("From"), validators=[Optional()])
    until = TimeField(_l("Until"), validators=[Optional()])
    nobody_at_home_knows = BooleanField(_l("Nobody at home knows, please keep it that way"))
    exam_day = DateField(_l("Day of an exam"), validators=[Optional()])
    represented_by = StringField(
        _l("Somebody who speaks for me"), filters=[printable], validators=[Optional(), Length(max=LONGEST)]
    )
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])

    def offer(self) -> None:
        self.language.choices = [SelectChoice(each.value, locale.NATIVE[each]) for each in Locale]
        self.closed.choices = [SelectChoice(each.value, words.LABELS[each]) for each in CHANNELS]
        self.days.choices = [SelectChoice(str(number), name) for number, name in enumerate(WEEKDAYS)]

    def wishes(self) -> Wishes:
        return Wishes(
            locale=Locale(self.language.data),
            opted_out=frozenset(Channel(each) for each in self.closed.data or ()),
            hours=self._hours(),
            nobody_at_home_knows=self.nobody_at_home_knows.data,
            represented_by=self.represented_by.data or None,
            exam_day=self.exam_day.data,
        )

    def _hours(self) -> Hours | None:
        """Hours without days suit on every day, days without hours from morning to night."""
        if not (self.days.data or self.opens.data or self.until.data):
            return None
        days = [int(each) for each in self.days.data or ()] or range(7)
        opens, closes = self.opens.data or time(0, 0), self.until.data or time(23, 59)
        return Hours(days=frozenset(days), opens=opens, closes=closes)

    def refuse_at(self, refusal: Refused) -> None:
        name = FIELDS.get(refusal.code)
        self.refuse(refusal, self[name] if name else None)


def empty_form(wishes: Wishes, version: int) -> PreferencesForm:
    """The form as things stand."""
    form = PreferencesForm(formdata=None, data=_data(wishes) | {"version": version})
    form.offer()
    return form


def sent_form() -> PreferencesForm:
    form = PreferencesForm()
    form.offer()
    return form


def _data(wishes: Wishes) -> dict[str, Any]:
    hours = wishes.hours
    return {
        "language": wishes.locale.value,
        "closed": sorted(wishes.opted_out),
        "days": [str(each) for each in sorted(hours.days)] if hours else [],
        "opens": hours.opens if hours else None,
        "until": hours.closes if hours else None,
        "nobody_at_home_knows": wishes.nobody_at_home_knows,
        "exam_day": wishes.exam_day,
        "represented_by": wishes.represented_by,
    }
