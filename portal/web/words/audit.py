"""Acts that stand in the audit log beside those on a case, and how a chain was tampered with."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.domain.audit_chain import Problem
from portal.vocabulary import ChainProblem
from portal.web.words import imports

REFUSALS: dict[str, LazyString] = {}

LABELS = {
    ChainProblem.EDITED: _l("entry %(entry)s was changed"),
    ChainProblem.DELETED: _l("entry %(entry)s is missing"),
    ChainProblem.INSERTED: _l("entry %(entry)s is out of place: an entry was inserted before it"),
    ChainProblem.REWRITTEN: _l(
        "entry %(entry)s does not follow the one before it: one was exchanged together with its hash"
    ),
    ChainProblem.REORDERED: _l("entry %(entry)s is out of place: it now stands as number %(other)s"),
    ChainProblem.CUT: _l("the chain ends at entry %(entry)s, its head says %(other)s: the end was cut off"),
    ChainProblem.APPENDED: _l(
        "the chain ends at entry %(entry)s, its head says %(other)s: entries were added past the head"
    ),
    ChainProblem.REWOUND: _l(
        "the chain has %(entry)s entries, and had %(other)s when it was anchored: the end was cut off and "
        "the head moved back"
    ),
    ChainProblem.REPLACED: _l(
        "entry %(entry)s is not the one that was anchored: the chain was written anew before it"
    ),
    ChainProblem.HEAD_CHANGED: _l("the head of the chain does not carry the hash of entry %(entry)s"),
    ChainProblem.HEAD_MISSING: _l("the head of the chain is missing"),
    ChainProblem.LENDER_GONE: _l("the chain was anchored, and its lender is not in the database any more"),
    ChainProblem.ANCHOR_FORGED: _l("the anchor of %(day)s is not as it was signed"),
    ChainProblem.ANCHOR_GONE: _l("the anchor of %(day)s, or one before it, is gone or was exchanged"),
}

ACTIONS = {
    "authenticator_confirmed": _l("Authenticator set up"),
    "authenticator_reset": _l("Authenticator reset"),
    "contact_shown": _l("Contact details shown"),
    "invitation_taken_up": _l("Invitation taken up"),
    "key_replaced": _l("Data key replaced"),
    "keys_rotated": _l("Data keys rotated"),
    "master_key_replaced": _l("Master key replaced"),
    "password_changed": _l("Password changed"),
    "recovery_code_used": _l("Recovery code used"),
    "recovery_codes_kept": _l("Recovery codes confirmed as kept"),
    "recovery_codes_made": _l("Recovery codes made"),
    "session_ended": _l("One session ended"),
    "sessions_ended": _l("Sessions ended"),
    "sign_in_refused": _l("Sign-in refused"),
    "staff_changed": _l("Member of staff changed"),
    "staff_disabled": _l("Member of staff disabled"),
    "staff_enabled": _l("Member of staff enabled"),
    "staff_invited": _l("Member of staff invited"),
    "value_revealed": _l("Masked value revealed"),
    "lender_added": _l("Lender added"),
    "payment_account_added": _l("Account for payments added"),
    "certificate_made": _l("Signing certificate made"),
    "staff_added": _l("Member of staff added"),
    "staff_signed_in": _l("Staff signed in"),
    "training_recorded": _l("Training recorded"),
    "message_text_saved": _l("Text of a message changed"),
    "report_secret_set": _l("Secret for delivery reports changed"),
    "carrier_set": _l("Gateway of the lender changed"),
    "book_imported": _l("Loan book imported"),
    **imports.ACTIONS,
}


# What an entry is about, by the table its reference is of.
SUBJECTS = {
    **imports.SUBJECTS,
    "agreement": _l("Agreement"),
    "book_import": _l("Loan book"),
    "borrower": _l("Borrower"),
    "budget": _l("Budget"),
    "case": _l("Case"),
    "complaint": _l("Complaint"),
    "consent": _l("Consent"),
    "data_key": _l("Data key"),
    "decision": _l("Decision of the rules"),
    "follow_up": _l("Follow-up"),
    "hold": _l("Hold"),
    "lender": _l("Lender"),
    "message": _l("Message"),
    "message_template": _l("Text of a message"),
    "payment_account": _l("Account for payments"),
    "personal_link": _l("Personal link"),
    "plan": _l("Plan"),
    "preference": _l("How the borrower is reached"),
    "proof": _l("Document"),
    "registration": _l("Registration"),
    "relief": _l("Relief"),
    "staff": _l("Member of staff"),
    "training": _l("Training"),
    "visit": _l("Visit"),
}


def sentence(problem: Problem) -> str:
    """Say how a chain was broken, in the reader's language."""
    facts = {"entry": problem.entry, "other": problem.other, "day": problem.day}
    return str(LABELS[problem.kind]) % facts
