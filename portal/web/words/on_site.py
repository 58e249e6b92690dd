"""On site and the file of a case: the steps of a visit, what is checked there, what happened on a case."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.vocabulary import (
    ArrearsReason,
    CaseState,
    ChecklistItem,
    ChecklistResult,
    PersonalField,
    PlaceKind,
    VisitOutcome,
    VisitStep,
)

REFUSALS = {
    "nothing_on_file": _l("Nothing is on file here."),
    "reveal_not_yours": _l("Numbers and addresses are shown only to those who work on the case."),
    "too_many_reveals": _l(
        "You have looked at %(most)s numbers and addresses in this hour, the most there may be. "
        "Please go on later."
    ),
    "not_in_crew": _l("Only the people who came may work on this visit."),
    "not_the_day": _l("This visit is on another day. You can arrive on the day that was agreed."),
    "step_not_open": _l("It is not this step's turn. Open the visit again to see what comes next."),
    "card_first": _l("Show your work card first, and say your name and the lender's."),
    "codes_differ": _l("The codes differ. Ask for the code again, and check that you are at the right door."),
    "difference_unexplained": _l("Please note in a few words what is different."),
    "outcome_not_possible": _l("The visit did not go far enough for this outcome. Please choose another."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    PersonalField: {
        PersonalField.ID_NO: _l("Identity number"),
        PersonalField.PHONE: _l("Phone"),
        PersonalField.EMAIL: _l("E-mail"),
        PersonalField.ADDRESS: _l("Address"),
    },
    VisitStep: {
        VisitStep.ARRIVE: _l("Arrive"),
        VisitStep.IDENTITY: _l("Identity code"),
        VisitStep.PERSON: _l("Right person?"),
        VisitStep.CHECKLIST: _l("Checklist"),
        VisitStep.FINDINGS: _l("Findings"),
        VisitStep.BUDGET: _l("Budget"),
        VisitStep.PLAN: _l("Plan"),
        VisitStep.SIGN: _l("Sign"),
        VisitStep.LEAVE: _l("Leave"),
    },
    VisitOutcome: {
        VisitOutcome.AGREEMENT: _l("Agreement signed"),
        VisitOutcome.NO_AGREEMENT: _l("No agreement yet"),
        VisitOutcome.ABSENT: _l("Nobody was there"),
        VisitOutcome.REFUSED: _l("The borrower did not want the visit"),
        VisitOutcome.STOPPED: _l("The visit was broken off"),
    },
    ChecklistItem: {
        ChecklistItem.NAME: _l("Name"),
        ChecklistItem.CONTACT: _l("Telephone and e-mail"),
        ChecklistItem.ADDRESS: _l("Address"),
        ChecklistItem.IDENTITY_DOCUMENT: _l("Identity document"),
        ChecklistItem.INCOME_PROOF: _l("Proof of income"),
        ChecklistItem.DOCUMENTS_COMPLETE: _l("Documents complete"),
        ChecklistItem.COOPERATION: _l("Open conversation"),
    },
    ChecklistResult: {
        ChecklistResult.CONFIRMED: _l("Confirmed"),
        ChecklistResult.DIFFERENT: _l("Different"),
        ChecklistResult.NOT_SEEN: _l("Not seen"),
    },
    ArrearsReason: {
        ArrearsReason.JOB_LOSS: _l("Lost work"),
        ArrearsReason.ILLNESS: _l("Illness"),
        ArrearsReason.INCOME_FALL: _l("Less income"),
        ArrearsReason.LIVING_COST: _l("Living costs more"),
        ArrearsReason.SUDDEN_EVENT: _l("A sudden event"),
        ArrearsReason.BUDGETING: _l("Hard to keep an overview"),
        ArrearsReason.DID_NOT_UNDERSTAND: _l("Did not understand the contract"),
        ArrearsReason.MISLED: _l("Was misled"),
    },
    CaseState: {
        CaseState.CONFIRMED: _l("Overdue confirmed"),
        CaseState.CONTACTING: _l("Getting in touch"),
        CaseState.REGISTERED: _l("Registered for a visit"),
        CaseState.DOCUMENTS: _l("Collecting documents"),
        CaseState.BOOKED: _l("Visit booked"),
        CaseState.VISITED: _l("Visited"),
        CaseState.PLANNING: _l("Finding a plan"),
        CaseState.IN_REPAYMENT: _l("Being repaid"),
        CaseState.SETTLED: _l("Settled"),
        CaseState.ARCHIVED: _l("Archived"),
        CaseState.CURED: _l("Nothing overdue"),
        CaseState.REFUSED: _l("Declined to talk"),
        CaseState.BROKEN: _l("Plan not kept"),
        CaseState.LEGAL: _l("Legal steps"),
    },
}

# The places of a visit, seen by those who go there.
PLACES = {
    PlaceKind.HOME: _l("At the borrower's home"),
    PlaceKind.OTHER_ADDRESS: _l("At another address"),
    PlaceKind.BRANCH: _l("At a branch"),
    PlaceKind.VIDEO: _l("By video"),
    PlaceKind.PHONE: _l("By phone"),
}

# What the crew compares each item with, or asks itself.
QUESTIONS = {
    ChecklistItem.NAME: _l("Ask for the name. Do not say it first."),
    ChecklistItem.IDENTITY_DOCUMENT: _l("Compare the photo with the face and the number with our file."),
    ChecklistItem.CONTACT: _l("Is this still the best way to reach the borrower?"),
    ChecklistItem.ADDRESS: _l("Does the borrower live here?"),
    ChecklistItem.INCOME_PROOF: _l("Does it fit what the borrower tells you?"),
    ChecklistItem.DOCUMENTS_COMPLETE: _l("Is each document whole and right?"),
    ChecklistItem.COOPERATION: _l("Could you talk calmly and openly?"),
}
