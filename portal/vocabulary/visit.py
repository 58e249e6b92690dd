"""The words of proofs and visits."""

from enum import StrEnum


class ProofKind(StrEnum):
    IDENTITY = "identity"
    RESIDENCE = "residence"
    INCOME = "income"
    OTHER = "other"


class ProofState(StrEnum):
    """`missing` is never stored: it is the absence of a row."""

    MISSING = "missing"
    RECEIVED = "received"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ProofRejection(StrEnum):
    """Why a reviewer sends a proof back."""

    NOT_READABLE = "not_readable"
    NOT_WHOLE = "not_whole"
    ANOTHER_KIND = "another_kind"
    TOO_OLD = "too_old"
    NOT_MATCHING = "not_matching"
    OTHER = "other"


class PlaceKind(StrEnum):
    HOME = "home"
    OTHER_ADDRESS = "other_address"
    BRANCH = "branch"
    VIDEO = "video"
    PHONE = "phone"


class VisitPurpose(StrEnum):
    PLAN = "plan"
    DOCUMENTS = "documents"
    FOLLOW_UP = "follow_up"


class VisitState(StrEnum):
    PROPOSED = "proposed"
    AGREED = "agreed"
    ASSIGNED = "assigned"
    ARRIVED = "arrived"
    VERIFIED = "verified"
    DONE = "done"
    MOVED = "moved"
    CANCELLED = "cancelled"
    ABSENT = "absent"
    REFUSED = "refused"
    STOPPED = "stopped"


class VisitStep(StrEnum):
    """The order of a visit on site; none can be skipped."""

    ARRIVE = "arrive"
    IDENTITY = "identity"
    PERSON = "person"
    CHECKLIST = "checklist"
    FINDINGS = "findings"
    BUDGET = "budget"
    PLAN = "plan"
    SIGN = "sign"
    LEAVE = "leave"


class VisitOutcome(StrEnum):
    """What came of a visit. `refused` and `stopped` are never held against the borrower."""

    AGREEMENT = "agreement"
    NO_AGREEMENT = "no_agreement"
    ABSENT = "absent"
    REFUSED = "refused"
    STOPPED = "stopped"


class ChecklistItem(StrEnum):
    """What is verified on site (requirement G3)."""

    NAME = "name"
    CONTACT = "contact"
    ADDRESS = "address"
    IDENTITY_DOCUMENT = "identity_document"
    INCOME_PROOF = "income_proof"
    DOCUMENTS_COMPLETE = "documents_complete"
    COOPERATION = "cooperation"


class ChecklistResult(StrEnum):
    CONFIRMED = "confirmed"
    DIFFERENT = "different"
    NOT_SEEN = "not_seen"
