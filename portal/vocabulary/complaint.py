"""The words of complaints."""

from enum import StrEnum


class ComplaintTopic(StrEnum):
    CONDUCT = "conduct"
    CONTACT = "contact"
    AMOUNT = "amount"
    DATA = "data"
    SALE = "sale"
    OTHER = "other"


class ComplaintState(StrEnum):
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    DECIDED = "decided"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REVIEW_REQUESTED = "review_requested"
    REVIEWED = "reviewed"


OPEN_COMPLAINT = (ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED, ComplaintState.INVESTIGATING)
# Nobody is collected from while a second look is waited for either.
BRAKING_COMPLAINT = (*OPEN_COMPLAINT, ComplaintState.REVIEW_REQUESTED)


class ComplaintOutcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"
