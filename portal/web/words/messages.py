"""The words of messages, their texts, and of how borrowers want to be reached."""

from collections.abc import Mapping
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.domain.message_rules import Found, Problem

REFUSALS = {
    "message_text": _l("This message was not written: “%(what)s” may not be said, or is missing."),
    "message_text_stale": _l("Somebody else saved this text meanwhile. Please look at theirs first."),
    "message_text_same": _l("Nothing was changed, so there is no new version."),
    "message_not_failed": _l("This message did not fail, or somebody has sent it again already."),
    "no_payment_account": _l("The lender has named no account to pay into, so this message is not sent."),
    "preference_channel": _l("This way of contact cannot be closed."),
    "preference_days": _l("Please choose at least one day for these hours."),
    "preference_hours": _l("The hours must begin before they end."),
    "preference_exam_day": _l("This day is over. Please choose today or a later one."),
    "preferences_stale": _l("This was changed meanwhile. Please look at it again before you save."),
}
LABELS: Mapping[StrEnum, object] = {}

# What is wrong with a text, what to do about it; `%(what)s` is the gap or the words.
PROBLEMS = {
    Problem.EMPTY: _l("Something is empty: a message needs a text, and an e-mail a subject too."),
    Problem.TOO_LONG: _l("This is too long. An SMS travels in at most eight parts; please shorten it."),
    Problem.BRACE: _l("A curly bracket stands alone. They are only for gaps, such as {hotline}."),
    Problem.UNKNOWN_GAP: _l("The gap %(what)s is not known here. Use only the gaps listed beside the text."),
    Problem.MISSING_GAP: _l("The gap %(what)s is missing. The borrower has to be told this; please add it."),
    Problem.FORBIDDEN: _l("“%(what)s” may not be said (%(heading)s). Please say it in other words."),
    Problem.PREVIEW_TELLS: _l(
        "“%(what)s” would show on a locked screen. Keep the debt out of the subject and the first line."
    ),
    Problem.NOT_NEUTRAL: _l("“%(what)s” gives the debt away. This text goes where nobody at home knows."),
}
RED_LINES = {
    "impersonation": _l("claiming to be somebody else"),
    "privacy_leak": _l("giving away what is private"),
    "threats": _l("threats or violence"),
    "false_claims": _l("false or exaggerated debt or consequences"),
    "extra_fees": _l("extra fees"),
    "new_borrowing": _l("pushing new borrowing"),
    "public_posting": _l("public posting"),
    "private_phones": _l("private telephones"),
}
TEXTS = {
    "overdue_reminder": _l("Reminder of an overdue amount"),
    "promise_reminder": _l("Reminder of a promise"),
    "promise_broken": _l("After a promise that was not kept"),
    "neutral_reminder": _l("Neutral text where nobody at home knows"),
    "preferences_changed": _l("How we reach you was changed"),
    "code_entry": _l("Your code for entering"),
    "code_signature": _l("Your code for signing"),
    "personal_link": _l("Your personal page"),
    "agreement_offered": _l("Your agreement is ready to read"),
    "agreement_sealed": _l("Your original is ready"),
    "proof_complete": _l("All your documents are accepted"),
}
GAPS = {
    "lender": _l("name of the lender"),
    "amount": _l("amount"),
    "days": _l("days overdue"),
    "account": _l("account to pay into"),
    "reference": _l("payment reference"),
    "consequence": _l("approved consequence"),
    "hotline": _l("hotline"),
    "date": _l("day promised"),
    "code": _l("one-time code"),
    "hours": _l("hours the link works"),
    "url": _l("personal link"),
    "number": _l("number of the agreement"),
}
WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)


def problem(found: Found) -> str:
    """Say what is wrong with a text, where, and what to do."""
    heading = RED_LINES.get(found.heading, found.heading)
    sentence: LazyString = PROBLEMS[found.problem]
    return str(sentence).replace("%(what)s", found.what).replace("%(heading)s", str(heading))
