"""What every form has: a CSRF token, a key that makes it count once, messages in the reader's language."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField
from wtforms.validators import DataRequired, InputRequired

from portal.domain.refusals import Refused
from portal.infra import ids
from portal.web import words

REQUIRED = InputRequired(_l("Please fill this in."))
FILLED = DataRequired(_l("Please fill this in."))  # with more than spaces
CHOSEN = InputRequired(_l("Please choose one."))
TICKED = DataRequired(_l("Please tick this box to go on."))


def printable(text: str | None) -> str:
    """What was typed on one line, without the characters that no page can show."""
    return "".join(filter(str.isprintable, text or "")).strip()


class PortalForm(FlaskForm):
    """A form that creates or changes something."""

    idempotency_key = HiddenField(default=ids.new_ref)

    def refuse(self, refusal: Refused, field: Field | None = None) -> None:
        """Put the sentence of a refusal at a field, or above the form."""
        sentence = words.refusal(refusal)
        if field is None:
            self.form_errors.append(sentence)
        else:
            field.errors = [*field.errors, sentence]


class SecretForm(PortalForm):
    """A form with a password or code in it. It has no key to count once by: with the key, a hash of all
    entries is kept, which would be a quick way to guess a password."""

    idempotency_key = None
    keyless = True
