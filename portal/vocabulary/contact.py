"""The words of contact: what is asked of the gate, what came of it, what comes next."""

from enum import StrEnum


class Channel(StrEnum):
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    LETTER = "letter"
    PORTAL = "portal"
    VISIT = "visit"
    HAND_IN = "hand_in"


class Action(StrEnum):
    """What the contact gate is asked about."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    LETTER = "letter"
    VISIT_PROPOSAL = "visit_proposal"
    VISIT_CONFIRMATION = "visit_confirmation"
    VISIT_START = "visit_start"
    THIRD_PARTY = "third_party"


class ActionClass(StrEnum):
    """`collection`: all rules. `service`: only right party, channel and hold-exempt rules."""

    COLLECTION = "collection"
    SERVICE = "service"


class Initiator(StrEnum):
    BORROWER = "borrower"
    LENDER = "lender"


class ContactOutcome(StrEnum):
    """What came of a contact. `reached`: the borrower was spoken with; `sent`: a message left;
    `wrong_person`: somebody who does not know the borrower; `third_party`: somebody else who does."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    WRONG_PERSON = "wrong_person"
    THIRD_PARTY = "third_party"
    SENT = "sent"


class CallResult(StrEnum):
    """What a conversation with the borrower led to."""

    INFORMED = "informed"
    PROMISE = "promise"
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    REFUSES = "refuses"


class Attitude(StrEnum):
    """How the borrower met us, as observed and never as judged (requirement B4)."""

    COOPERATIVE = "cooperative"
    HESITANT = "hesitant"
    WORRIED = "worried"
    UPSET = "upset"
    UNWILLING = "unwilling"


class ArrearsReason(StrEnum):
    """Why payments stopped (requirement B8)."""

    JOB_LOSS = "job_loss"
    ILLNESS = "illness"
    INCOME_FALL = "income_fall"
    LIVING_COST = "living_cost"
    SUDDEN_EVENT = "sudden_event"
    BUDGETING = "budgeting"
    DID_NOT_UNDERSTAND = "did_not_understand"
    MISLED = "misled"


class NextStep(StrEnum):
    """What the strategy of a case says comes next. `wait`: until a moment that is known; `none`: nothing
    until something happens."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    LETTER = "letter"
    VISIT_PROPOSAL = "visit_proposal"
    WAIT = "wait"
    NONE = "none"


class StepReason(StrEnum):
    """Why that step comes next; its sentence is shown on the call list."""

    FIRST_CONTACT = "first_contact"
    NO_ANSWER_YET = "no_answer_yet"
    PHONE_FAILED = "phone_failed"
    PHONE_AND_SMS_FAILED = "phone_and_sms_failed"
    CALLBACK_AGREED = "callback_agreed"
    PROMISE_RUNNING = "promise_running"
    PROMISE_BROKEN = "promise_broken"
    INSTALMENT_MISSED = "instalment_missed"
    REGULAR = "regular"
    COOLING_OFF = "cooling_off"
    ATTEMPTS_USED = "attempts_used"
    ON_HOLD = "on_hold"
    AGREEMENT_KEPT = "agreement_kept"
    WITH_THE_BORROWER = "with_the_borrower"
    NO_CHANNEL = "no_channel"
    TOO_EARLY = "too_early"
    NOT_OVERDUE = "not_overdue"
    LEGAL = "legal"
    SET_BY_PERSON = "set_by_person"


class OverrideState(StrEnum):
    """A rule of the contact gate set aside once, by two people."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


class PromiseState(StrEnum):
    ACTIVE = "active"
    VERIFYING = "verifying"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class MessageState(StrEnum):
    """`sent`: a carrier has taken it. `delivered` and `undelivered`: what the carrier told later. `failed`:
    given up after the last try. `withheld`: the contact gate stopped it before it left."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    WITHHELD = "withheld"
