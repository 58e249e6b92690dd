"""Documents and visits: what is handed in, what is booked, and who comes."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.vocabulary import PlaceKind, ProofKind, ProofRejection, ProofState, VisitPurpose, VisitState

REFUSALS = {
    "upload_missing": _l("Please take a photo or choose a file first."),
    "upload_kind": _l("We can open photos (JPEG, PNG, WebP) and PDF. Please send it as one of these."),
    "upload_not_readable": _l(
        "We could not read this photo. Try again in better light, or send another file."
    ),
    "upload_too_large": _l(
        "This file is too large for us. Take the photo at normal size, or send fewer pages."
    ),
    "upload_too_many_pixels": _l("This picture is very large. Take the photo at normal size, please."),
    "upload_animated": _l("This picture moves. Please send one that stands still, or a photo."),
    "upload_pdf_locked": _l(
        "This PDF is locked with a password. Please save it without one and send it again."
    ),
    "upload_pdf_pages": _l("This PDF has more than 50 pages. Please send only the pages that matter."),
    "files_out_of_reach": _l(
        "The place where we keep documents does not answer right now. Nothing was lost or changed; please "
        "try again in a few minutes."
    ),
    "proof_received_later": _l("The day it arrived cannot lie ahead."),
    "proof_not_taken_back": _l("We have looked at this document already, so it stays with your case."),
    "proof_changed": _l("Somebody else has just worked on this document. Please see how it stands now."),
    "proof_note_missing": _l("Please say in a sentence what is needed instead."),
    "move_not_allowed": _l(
        "This step is not possible any more. Please load the page again to see how things stand."
    ),
    "case_closed": _l("This case is closed. Please call us, and we will look at it together."),
    "day_lead_time": _l("A visit needs at least %(lead)s days to prepare. Please choose a later day."),
    "day_spacing": _l("Between two visits lie at least %(gap)s days. Please choose another day."),
    "day_month_full": _l(
        "There are %(most)s visits in this month already. Please choose a day in another month."
    ),
    "day_holiday": _l("On public holidays nobody comes. Please choose another day."),
    "slot_unknown": _l("This time is not one we offer. Please choose one from the list."),
    "slot_taken": _l("Someone was faster: this time has just been taken."),
    "visit_no_home": _l("We have no address of yours on file. Please choose another place."),
    "visit_address_missing": _l("Please write the address where we should meet."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    ProofKind: {
        ProofKind.IDENTITY: _l("Identity document"),
        ProofKind.RESIDENCE: _l("Proof of residence"),
        ProofKind.INCOME: _l("Proof of income"),
        ProofKind.OTHER: _l("Other document"),
    },
    ProofState: {
        ProofState.MISSING: _l("Missing"),
        ProofState.RECEIVED: _l("Received"),
        ProofState.UNDER_REVIEW: _l("Being checked"),
        ProofState.ACCEPTED: _l("Accepted"),
        ProofState.REJECTED: _l("Please send again"),
        ProofState.EXPIRED: _l("Too old now"),
    },
    ProofRejection: {
        ProofRejection.NOT_READABLE: _l("We could not read it. Try again in better light."),
        ProofRejection.NOT_WHOLE: _l("A part is missing. All four corners and all pages, please."),
        ProofRejection.ANOTHER_KIND: _l("This is another kind of document."),
        ProofRejection.TOO_OLD: _l("It is too old. Please send a recent one."),
        ProofRejection.NOT_MATCHING: _l("It does not match what we have on file."),
        ProofRejection.OTHER: _l("Another reason"),
    },
    PlaceKind: {
        PlaceKind.HOME: _l("At my home"),
        PlaceKind.OTHER_ADDRESS: _l("At another address"),
        PlaceKind.BRANCH: _l("At a branch"),
        PlaceKind.VIDEO: _l("By video"),
        PlaceKind.PHONE: _l("By phone"),
    },
    VisitPurpose: {
        VisitPurpose.PLAN: _l("Find a plan together"),
        VisitPurpose.DOCUMENTS: _l("Look at documents together"),
        VisitPurpose.FOLLOW_UP: _l("See how the plan is going"),
    },
    VisitState: {
        VisitState.PROPOSED: _l("Proposed"),
        VisitState.AGREED: _l("Agreed"),
        VisitState.ASSIGNED: _l("Booked"),
        VisitState.ARRIVED: _l("We are there"),
        VisitState.VERIFIED: _l("Under way"),
        VisitState.DONE: _l("Took place"),
        VisitState.MOVED: _l("Moved"),
        VisitState.CANCELLED: _l("Cancelled"),
        VisitState.ABSENT: _l("Nobody met"),
        VisitState.REFUSED: _l("Declined"),
        VisitState.STOPPED: _l("Stopped"),
    },
}
