"""What both sides' signing pages share: the forms, and what is kept of the browser somebody signs with."""

from typing import cast

from flask import request
from flask import session as browser
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from portal.domain.marks import LONGEST_PATH
from portal.domain.refusals import Refused
from portal.services.signatures import Browser
from portal.web.forms import REQUIRED, TICKED, PortalForm
from portal.web.sessions import BrowserSession

LONGEST_NAME, LONGEST_REASON = 120, 1000
# Beside which field the sentence of a refusal stands; any other one stands above the form.
FIELDS = {
    "code_wrong": "code",
    "mark_missing": "typed",
    "mark_other_name": "typed",
    "mark_unreadable": "typed",
}


class CodeForm(PortalForm):
    """Asking for the code of one signature."""


class ConsentForm(CodeForm):
    agree = BooleanField(_l("I agree to sign electronically"), validators=[TICKED])


class SignForm(PortalForm):
    code = StringField(_l("Code for signing"), validators=[REQUIRED, Length(max=20)])
    path = HiddenField(validators=[Length(max=LONGEST_PATH)])
    typed = StringField(_l("Your full name"), validators=[Length(max=LONGEST_NAME)])

    def refuse_signature(self, refusal: Refused) -> None:
        """Put the sentence where it helps; a stroke that was refused is drawn again."""
        name = FIELDS.get(refusal.code)
        self.refuse(refusal, self[name] if name else None)
        if name == "typed":
            self.path.data = ""


class DeclineForm(PortalForm):
    reason = TextAreaField(_l("Why does it not suit you?"), validators=[REQUIRED, Length(max=LONGEST_REASON)])


def this_browser() -> Browser:
    return Browser(
        digest=cast(BrowserSession, browser).digest,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )


def file_name(number: str, *, sealed: bool) -> str:
    """What a downloaded agreement is called."""
    return f"{number}-{_('original') if sealed else _('to-read')}.pdf"
