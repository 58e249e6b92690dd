"""Staff and how they come in: passwords, authenticators, invitations, accounts."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import StaffState

REFUSALS = {
    "password_too_short": _l("Please choose a password of at least %(least)s characters."),
    "password_too_long": _l("Please choose a password of at most %(most)s characters."),
    "password_too_easy": _l(
        "This password is common or easy to guess. Four words that have nothing to do with each other make a "
        "good one."
    ),
    "password_wrong": _l("This is not your password. Please try again."),
    "authenticator_code_wrong": _l(
        "This code does not fit. A code counts once, for 30 seconds: please wait for the next one."
    ),
    "recovery_code_wrong": _l("This code does not fit, or it was used before. Please try another one."),
    "sign_in_over": _l("That took too long. Please sign in again."),
    "invitation_closed": _l("This invitation is closed. Please ask for a new one."),
    "staff_number_taken": _l("Somebody else has this staff number."),
    "staff_without_role": _l("Please choose at least one role."),
    "changed_meanwhile": _l(
        "Somebody else changed this meanwhile. Nothing of yours was saved; please open the page again."
    ),
    "managers_in_circle": _l("Somebody cannot work under a person whom they manage."),
    "own_account": _l("You cannot do this to your own account."),
    "last_admin": _l("This is the only administrator left. Please make somebody else one first."),
    "staff_disabled_already": _l("This account is disabled. Enable it first."),
    "staff_not_disabled": _l("This account is not disabled."),
}

LABELS = {
    StaffState.ACTIVE: _l("Active"),
    StaffState.INVITED: _l("Invited"),
    StaffState.NO_AUTHENTICATOR: _l("No authenticator yet"),
    StaffState.DISABLED: _l("Disabled"),
}
