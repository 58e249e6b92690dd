"""When somebody else saved first, both texts are shown and none is lost."""

import pytest
from flask_babel import gettext
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice

from portal.web import stale
from portal.web.forms import PortalForm

COLOURS = [SelectChoice("red", "Red"), SelectChoice("blue", "Blue")]


class ThingForm(PortalForm):
    version = IntegerField()
    name = StringField("Name")
    colour = SelectField("Colour", choices=COLOURS)
    others = SelectMultipleField("Others", choices=COLOURS)


@pytest.fixture
def entered(app):
    """What somebody entered while version 3 was what they saw."""
    data = {"version": "3", "name": "mine", "colour": "red", "others": ["red"], "idempotency_key": "K1"}
    with app.test_request_context(method="POST", data=data):
        gettext("")  # the languages are ready within a request only
        yield ThingForm()


def test_only_what_differs_is_shown_in_words_of_the_reader(entered):
    saved = {"name": "theirs", "colour": "red", "others": ["red", "blue"]}

    found = stale.differences(entered, saved=saved, version=4)

    assert found == [
        stale.Difference("Name", "theirs", "mine"),
        stale.Difference("Others", "Red, Blue", "Red"),
    ]


def test_the_form_keeps_the_entries_and_may_be_sent_again_knowingly(entered):
    stale.differences(entered, saved={"name": "theirs"}, version=4)

    assert (entered.name.data, entered.colour.data) == ("mine", "red")
    assert 'value="4"' in str(entered.version())
    assert "K1" not in str(entered.idempotency_key())
