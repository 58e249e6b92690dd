"""When somebody else saved first: the answer is 409 and shows both texts, theirs and yours, by field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import Field, SelectField, SelectMultipleField

from portal.infra import ids
from portal.web.forms import PortalForm


@dataclass(frozen=True)
class Difference:
    """A field whose saved value is not the one that was entered, both as a reader sees them."""

    label: str
    saved: str
    yours: str


def differences(form: PortalForm, *, saved: Mapping[str, Any], version: int) -> list[Difference]:
    """Return where the form differs from what is saved by now, by field name in the form's order.

    The form goes on to be about the saved `version`: sent again, it replaces that knowingly, once."""
    form.version.data = form.version.raw_data = None
    form.version.process_data(version)
    form.idempotency_key.process_data(ids.new_ref())
    found = [_difference(field, saved[field.name]) for field in form if field.name in saved]
    return [each for each in found if each.saved != each.yours]


def _difference(field: Field, saved: Any) -> Difference:
    return Difference(str(field.label.text), said(field, saved), said(field, field.data))


def said(field: Field, value: Any) -> str:
    """Return a value as the field shows it: the label of a choice, the words of a text."""
    if isinstance(field, SelectMultipleField):
        return ", ".join(_choices(field, value or ()))
    if isinstance(field, SelectField):
        return ", ".join(_choices(field, [value]))
    return "" if value is None else str(value).strip()


def _choices(field: SelectField, values: Iterable[Any]) -> list[str]:
    chosen = {str(value) for value in values}
    return [str(label) for value, label, *_rest in field.iter_choices() if str(value) in chosen]
