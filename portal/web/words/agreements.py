"""Agreements, signatures and follow-ups."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import AgreementState, FollowUpState, SignatureMethod, Signer

REFUSALS = {
    "plan_not_approved": _l("An agreement is written for an approved plan only."),
    "agreement_offered_already": _l("The agreement of this plan was written before."),
    "agreement_not_open": _l("This agreement can no longer be signed or declined."),
    "signed_already": _l("You have signed this agreement already."),
    "electronic_form_not_agreed": _l("Please agree to sign electronically first, then ask for a code."),
    "no_channel_for_code": _l(
        "We have neither a mobile number nor an e-mail address of yours to send the code to. Please call us."
    ),
    "mark_missing": _l("Please draw your signature, or type your full name."),
    "mark_unreadable": _l("We could not read this drawing. Please draw it again, or type your full name."),
    "mark_other_name": _l("Please type your name as it stands in the agreement: %(name)s"),
    "follow_up_not_open": _l("This follow-up was done or cancelled before."),
}

LABELS = {
    AgreementState: {
        AgreementState.OFFERED: _l("Ready to sign"),
        AgreementState.SIGNED: _l("Signed by one side"),
        AgreementState.SEALED: _l("Signed and sealed"),
        AgreementState.DECLINED: _l("Declined"),
    },
    Signer: {
        Signer.BORROWER: _l("Borrower"),
        Signer.LENDER: _l("Lender"),
    },
    SignatureMethod: {
        SignatureMethod.DRAWN: _l("drawn by hand"),
        SignatureMethod.TYPED: _l("name typed in full"),
    },
    FollowUpState: {
        FollowUpState.SCHEDULED: _l("Planned"),
        FollowUpState.DONE: _l("Done"),
        FollowUpState.CANCELLED: _l("Cancelled"),
    },
}
