"""Entering by a link, consents, what is next, and what happened: the borrower's first pages."""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.vocabulary import (
    ConsentPurpose,
    JourneyStep,
    Product,
    ServiceReason,
)

REFUSALS = {
    "link_closed": _l("This link is closed. You can ask for a new one on its page, or call us."),
    "address_undeliverable": _l("Messages do not reach this address. Find out the right one first."),
    "no_address_on_file": _l("There is no number and no e-mail address on file to which it could be sent."),
    "code_wrong": _l(
        "This code does not fit. Please check the newest message, or have a new code sent below."
    ),
    "consent_given_already": _l("You have agreed to the visit service already."),
    "consent_revoked_already": _l("You have taken this consent back already."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    ConsentPurpose: {
        ConsentPurpose.VISIT_SERVICE: _l("Visit service"),
        ConsentPurpose.ELECTRONIC_FORM: _l("Signing electronically"),
        ConsentPurpose.SENSITIVE_DATA: _l("Use of sensitive data"),
    },
    ServiceReason: {
        ServiceReason.CANNOT_COME: _l("I cannot come to a branch"),
        ServiceReason.SOLVED_FAST: _l("I want it settled soon"),
        ServiceReason.NEEDS_GUIDANCE: _l("I would like advice on a plan"),
        ServiceReason.SEVERAL_DEBTS: _l("I have several debts to sort out"),
    },
    JourneyStep: {
        JourneyStep.CONSENT: _l("Agree to the visit service"),
        JourneyStep.PROOFS: _l("Send your documents"),
        JourneyStep.VISIT: _l("Choose a visit time"),
        JourneyStep.CREW: _l("See who is coming"),
        JourneyStep.PLAN: _l("Find a plan that fits"),
        JourneyStep.SIGNATURE: _l("Sign the agreement"),
        JourneyStep.REPAYMENT: _l("Pay as agreed"),
    },
    Product: {
        Product.CARD: _l("Credit card"),
        Product.CONSUMER_LOAN: _l("Consumer loan"),
    },
}


@dataclass(frozen=True)
class Event:
    """How an act on the case reads on the borrower's timeline."""

    sentence: LazyString
    icon: str
    tone: str | None = None
    minor: bool = False  # not among the newest on the start page


# Only what stands here is shown to the borrower.
EVENTS = {
    "case_opened": Event(_l("A payment was late; we opened a case to sort it out with you"), "file"),
    "link_created": Event(_l("We sent you a link to this page"), "message", minor=True),
    "borrower_signed_in": Event(_l("You opened this page"), "key", minor=True),
    "preferences_changed": Event(_l("How we reach you was changed"), "settings"),
    "registered_for_visits": Event(_l("You agreed to the visit service"), "check-circle", "good"),
    "consent_revoked": Event(_l("You took back a consent"), "cross-circle"),
    "proof_received": Event(_l("A document of yours arrived"), "file"),
    "proof_taken_back": Event(_l("You took back a document"), "file"),
    "proof_accepted": Event(_l("A document of yours was accepted"), "check-circle", "good"),
    "proof_rejected": Event(_l("We need a document of yours once more"), "warning", "warn"),
    "visit_booked": Event(_l("A visit was agreed"), "calendar", "good"),
    "visit_moved": Event(_l("A visit was moved"), "calendar"),
    "visit_cancelled": Event(_l("A visit was cancelled"), "calendar"),
    "visit_arrived": Event(_l("Our team was at your door"), "person-check"),
    "visit_verified": Event(_l("The code of our team was right"), "shield-check", "good"),
    "visit_alert": Event(_l("You told us that it was not our team"), "warning", "warn"),
    "visit_left": Event(_l("The visit ended"), "calendar"),
    "budget_saved": Event(_l("Your monthly budget was written down"), "wallet"),
    "plan_proposed": Event(_l("A plan was worked out"), "plan"),
    "plan_approved": Event(_l("A plan was approved"), "check-circle", "good"),
    "plan_refused": Event(_l("A plan was not approved; we look for another one"), "plan"),
    "agreement_offered": Event(_l("An agreement was made ready to sign"), "pen"),
    "agreement_signed": Event(_l("The agreement was signed by one side"), "signature"),
    "agreement_sealed": Event(_l("The agreement is signed by both sides and sealed"), "stamp", "good"),
    "agreement_declined": Event(_l("You declined the agreement"), "pen"),
    "follow_up_done": Event(_l("We asked how it is going"), "heart"),
    "call_recorded": Event(_l("We spoke by phone, or tried to"), "phone"),
    "promise_made": Event(_l("You promised a payment"), "handshake"),
    "promise_withdrawn": Event(_l("A promise was taken back"), "handshake"),
    "promise_kept": Event(_l("You kept your promise"), "handshake", "good"),
    "promise_broken": Event(_l("A promised payment did not arrive"), "handshake"),
    "promise_verifying": Event(_l("We check whether a promised payment arrived"), "handshake"),
    "message_sent": Event(_l("We sent you a message"), "message", minor=True),
    "hold_placed": Event(_l("We stopped contacting you for now"), "pause"),
    "hold_ended": Event(_l("We may contact you again"), "message"),
    "complaint_filed": Event(_l("You complained"), "flag"),
    "complaint_claimed": Event(_l("Somebody is looking into your complaint"), "search"),
    "complaint_decided": Event(_l("Your complaint was decided"), "flag", "good"),
    "complaint_withdrawn": Event(_l("You took back a complaint"), "flag"),
    "dispute_opened": Event(_l("You told us that the debt is not right"), "flag"),
    "dispute_answered": Event(_l("We answered what you told us about the debt"), "message"),
    "dispute_corrected": Event(_l("Our books were corrected"), "check-circle", "good"),
    "dispute_withdrawn": Event(_l("You took back that the debt is not right"), "flag"),
    "entry_contested": Event(_l("You contested an entry of this list"), "flag"),
    "contest_answered": Event(_l("We answered about an entry you contested"), "message"),
}
