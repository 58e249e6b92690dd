"""The words of a case and how it goes on."""

from enum import StrEnum


class CaseState(StrEnum):
    CONFIRMED = "confirmed"
    CONTACTING = "contacting"
    REGISTERED = "registered"
    DOCUMENTS = "documents"
    BOOKED = "booked"
    VISITED = "visited"
    PLANNING = "planning"
    IN_REPAYMENT = "in_repayment"
    SETTLED = "settled"
    ARCHIVED = "archived"
    CURED = "cured"
    REFUSED = "refused"
    BROKEN = "broken"
    LEGAL = "legal"


class HoldReason(StrEnum):
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    VULNERABLE = "vulnerable"
    BEREAVEMENT = "bereavement"
    HOSPITAL = "hospital"
    DISASTER = "disaster"
    EXAM = "exam"
    CRISIS = "crisis"  # a sign of despair or self-harm
    BREATHING_SPACE = "breathing_space"


class ConsentPurpose(StrEnum):
    VISIT_SERVICE = "visit_service"
    ELECTRONIC_FORM = "electronic_form"
    SENSITIVE_DATA = "sensitive_data"


class ServiceReason(StrEnum):
    """Why the borrower chooses the visit service (requirement E2)."""

    CANNOT_COME = "cannot_come"
    SOLVED_FAST = "solved_fast"
    NEEDS_GUIDANCE = "needs_guidance"
    SEVERAL_DEBTS = "several_debts"


class JourneyStep(StrEnum):
    """What lies between an overdue loan and good terms, in order."""

    CONSENT = "consent"
    PROOFS = "proofs"
    VISIT = "visit"
    CREW = "crew"
    PLAN = "plan"
    SIGNATURE = "signature"
    REPAYMENT = "repayment"


class StepState(StrEnum):
    DONE = "done"
    CURRENT = "current"
    LATER = "later"


class DisputeKind(StrEnum):
    """What a borrower says is wrong with a debt (requirement D5)."""

    PAID = "paid"
    NOT_MINE = "not_mine"
    WRONG_AMOUNT = "wrong_amount"


class DisputeState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"
    WITHDRAWN = "withdrawn"


class FollowUpState(StrEnum):
    SCHEDULED = "scheduled"
    DONE = "done"
    CANCELLED = "cancelled"
