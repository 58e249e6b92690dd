"""Entering, and what is common to all pages."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import Channel, Role

REFUSALS = {
    "already_sent_differently": _l(
        "This form was sent before with other entries. Please open the page again and check it."
    ),
    "too_many_tries": _l("That were too many tries. Please wait %(minutes)s minutes and try again."),
    "sign_in_wrong": _l("Address and password do not fit together. Please check both and try again."),
    "lender_exists": _l("There is a lender with the code %(code)s already."),
    "email_taken": _l("This e-mail address belongs to another account."),
}

LABELS = {
    Role.AGENT: _l("Agent"),
    Role.CALLER: _l("Caller"),
    Role.LEAD: _l("Lead"),
    Role.MANAGER: _l("Manager"),
    Role.HANDLER: _l("Complaint handler"),
    Role.AUDITOR: _l("Auditor"),
    Role.ADMIN: _l("Administrator"),
    Channel.PHONE: _l("Phone"),
    Channel.SMS: _l("SMS"),
    Channel.EMAIL: _l("E-mail"),
    Channel.LETTER: _l("Letter"),
    Channel.PORTAL: _l("Portal"),
    Channel.VISIT: _l("Visit"),
    Channel.HAND_IN: _l("Handed in"),
}
