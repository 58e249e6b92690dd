"""Complaints: topics, states, outcomes."""

from flask_babel import lazy_gettext as _l

from portal.services.inbox import Folder
from portal.vocabulary import ComplaintOutcome, ComplaintState, ComplaintTopic

REFUSALS = {
    "complaint_taken": _l("Somebody else has claimed this complaint already."),
    "complaint_not_yours": _l("Complaints are handled by complaint handlers and managers."),
    "complaint_claim_first": _l("Please claim this complaint first, so that everybody sees whose it is."),
    "complaint_decided_already": _l("This complaint is decided already. Nothing can be added to it."),
    "complaint_extended_already": _l("The time for this decision was extended once already."),
    "complaint_extension_too_late": _l("The decision is due already, so its time cannot be extended."),
}

LABELS = {
    ComplaintTopic.CONDUCT: _l("How somebody behaved"),
    ComplaintTopic.CONTACT: _l("How or how often we contacted you"),
    ComplaintTopic.AMOUNT: _l("The amount or how it was computed"),
    ComplaintTopic.DATA: _l("What happened to personal data"),
    ComplaintTopic.SALE: _l("How the loan was sold"),
    ComplaintTopic.OTHER: _l("Something else"),
    ComplaintState.RECEIVED: _l("Arrived"),
    ComplaintState.ACKNOWLEDGED: _l("Acknowledged"),
    ComplaintState.INVESTIGATING: _l("Being looked at"),
    ComplaintState.DECIDED: _l("Decided"),
    ComplaintState.CLOSED: _l("Closed"),
    ComplaintState.WITHDRAWN: _l("Withdrawn"),
    ComplaintState.REVIEW_REQUESTED: _l("Second look asked for"),
    ComplaintState.REVIEWED: _l("Looked at again"),
    ComplaintOutcome.UPHELD: _l("The complaint is right"),
    ComplaintOutcome.PARTLY_UPHELD: _l("The complaint is partly right"),
    ComplaintOutcome.NOT_UPHELD: _l("We found no mistake"),
    Folder: {
        Folder.OPEN: _l("All open"),
        Folder.MINE: _l("Mine"),
        Folder.UNCLAIMED: _l("Nobody's yet"),
        Folder.LATE: _l("Late"),
        Folder.DECIDED: _l("Decided complaints"),
    },
}
