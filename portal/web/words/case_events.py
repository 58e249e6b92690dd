"""How each act on a case reads on the timeline that staff see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.domain.actor import ActorKind
from portal.vocabulary import (
    Action,
    ArrearsReason,
    Attitude,
    CallResult,
    CaseState,
    Channel,
    ChecklistItem,
    ChecklistResult,
    ContactOutcome,
    DisputeKind,
    DisputeState,
    HoldReason,
    NextStep,
    PersonalField,
    PlaceKind,
    ProofKind,
    ReliefKind,
    StepReason,
    VisitOutcome,
)


@dataclass(frozen=True)
class Event:
    """`said` names the facts that follow the sentence, each with the vocabulary its word comes from."""

    sentence: LazyString
    icon: str
    tone: str = ""
    said: Mapping[str, type[StrEnum]] = field(default_factory=dict)


EVENTS = {
    "case_opened": Event(_l("Overdue confirmed, case opened"), "file"),
    "case_moved": Event(_l("The case moved on"), "arrow-right", said={"after": CaseState}),
    "hold_placed": Event(_l("Contact on hold"), "pause", "warn", {"reason": HoldReason}),
    "hold_ended": Event(_l("Hold ended"), "check-circle", "good", {"reason": HoldReason}),
    "contact_allowed": Event(_l("The rules allowed a contact"), "shield-check", "", {"about": Action}),
    "contact_refused": Event(_l("The rules forbade a contact"), "shield", "warn", {"about": Action}),
    "call_recorded": Event(
        _l("Call written down"),
        "phone",
        "",
        {"outcome": ContactOutcome, "result": CallResult, "reason": ArrearsReason, "attitude": Attitude},
    ),
    "call_claimed": Event(_l("Taken from the call list"), "person"),
    "call_released": Event(_l("Given back to the call list"), "person"),
    "right_party_confirmed": Event(_l("It was the borrower on the line"), "person-check", "good"),
    "right_party_differed": Event(_l("The person on the line could not be confirmed"), "person", "warn"),
    "strategy_changed": Event(
        _l("Next step worked out"), "history", "", {"step": NextStep, "reason": StepReason}
    ),
    "strategy_set": Event(_l("Next step chosen by a person"), "pen", "", {"step": NextStep}),
    "strategy_released": Event(_l("The rules decide on the next step again"), "history"),
    "promise_made": Event(_l("Promise to pay"), "handshake", "good"),
    "promise_withdrawn": Event(_l("Promise taken back"), "handshake"),
    "promise_kept": Event(_l("Promise kept"), "handshake", "good"),
    "promise_broken": Event(_l("Promise not kept"), "handshake", "warn"),
    "promise_verifying": Event(_l("Checking whether a promised payment arrived"), "handshake"),
    "crisis_raised": Event(_l("Somebody is not well: contact stopped, a lead told"), "heart", "warn"),
    "override_requested": Event(_l("An exception was asked for"), "shield", said={"about": Action}),
    "override_approved": Event(_l("An exception was allowed once"), "shield", "warn", {"about": Action}),
    "override_refused": Event(_l("An exception was refused"), "shield", said={"about": Action}),
    "override_used": Event(_l("An exception was used"), "shield", "warn", {"about": Action}),
    "message_sent": Event(_l("Message sent"), "message"),
    "message_failed": Event(_l("A message could not be delivered"), "message", "warn"),
    "message_delivered": Event(_l("A message arrived"), "message"),
    "message_undelivered": Event(_l("A message did not arrive"), "message", "warn"),
    "message_withheld": Event(_l("A message was held back: a rule came between"), "shield", "warn"),
    "message_sent_again": Event(_l("A message is sent again"), "message"),
    "preferences_changed": Event(_l("How the borrower is reached was changed"), "settings"),
    "link_created": Event(_l("Personal link sent"), "key", said={"channel": Channel}),
    "link_withheld": Event(_l("No link was sent: the rules forbade it"), "shield", "warn"),
    "link_opened": Event(_l("Personal link opened"), "key"),
    "code_sent": Event(_l("One-time code sent"), "message"),
    "code_withheld": Event(_l("No one-time code was sent"), "lock", "warn"),
    "borrower_signed_in": Event(_l("The borrower signed in"), "person"),
    "consent_given": Event(_l("Consent given"), "check-circle", "good"),
    "consent_revoked": Event(_l("Consent taken back"), "cross-circle", "warn"),
    "registered_for_visits": Event(_l("Registered for the visit service"), "pen"),
    "proof_received": Event(_l("Document received"), "upload", "", {"kind": ProofKind, "channel": Channel}),
    "proof_taken_back": Event(_l("Document taken back"), "file"),
    "proof_accepted": Event(_l("Document accepted"), "check-circle", "good", {"kind": ProofKind}),
    "proof_rejected": Event(_l("Document sent back"), "file", "warn", {"kind": ProofKind}),
    "visit_booked": Event(_l("Visit booked"), "calendar", "", {"place": PlaceKind}),
    "visit_moved": Event(_l("Visit moved to another time"), "calendar"),
    "visit_cancelled": Event(_l("Visit cancelled"), "cross-circle"),
    "visit_alert": Event(_l("The borrower says: this is not my agent"), "alert", "harm"),
    "value_revealed": Event(_l("Looked at in full"), "eye", said={"field": PersonalField}),
    "contact_shown": Event(_l("The crew looked up how to reach the borrower"), "eye"),
    "visit_arrived": Event(_l("Crew arrived"), "pin"),
    "visit_code_differed": Event(_l("The codes at the door differed"), "warning", "warn"),
    "visit_verified": Event(_l("The codes at the door agreed"), "shield-check", "good"),
    "checklist_answered": Event(
        _l("Checked on site"), "check", "", {"item": ChecklistItem, "result": ChecklistResult}
    ),
    "findings_recorded": Event(_l("Findings noted"), "pen"),
    "visit_left": Event(_l("Crew left"), "home", "", {"outcome": VisitOutcome}),
    "budget_saved": Event(_l("Budget saved"), "wallet"),
    "plan_proposed": Event(_l("Plan proposed"), "plan"),
    "plan_approved": Event(_l("Plan approved"), "stamp", "good"),
    "plan_refused": Event(_l("Plan not approved"), "stamp", "warn"),
    "plan_withdrawn": Event(_l("Plan replaced"), "plan"),
    "plan_agreed": Event(_l("Plan agreed"), "handshake", "good"),
    "agreement_offered": Event(_l("Agreement ready to sign"), "signature"),
    "agreement_signed": Event(_l("Agreement signed by one side"), "signature"),
    "agreement_sealed": Event(_l("Agreement signed by both and sealed"), "stamp", "good"),
    "agreement_declined": Event(_l("Agreement declined"), "cross-circle"),
    "relief_given": Event(_l("Relief given"), "handshake", "good", {"kind": ReliefKind}),
    "relief_withdrawn": Event(_l("Relief withdrawn"), "cross-circle", "warn", {"kind": ReliefKind}),
    "follow_ups_scheduled": Event(_l("Follow-ups scheduled"), "calendar"),
    "follow_up_done": Event(_l("Follow-up done"), "check-circle", "good"),
    "follow_up_cancelled": Event(_l("Follow-up not needed any more"), "cross-circle"),
    "complaint_filed": Event(_l("Complaint received"), "inbox", "warn"),
    "complaint_claimed": Event(_l("Somebody took on the complaint"), "person-check"),
    "complaint_answered": Event(_l("Complaint answered"), "message"),
    "complaint_added_to": Event(_l("The borrower added to the complaint"), "message"),
    "complaint_noted": Event(_l("Note on the complaint"), "pen"),
    "complaint_decided": Event(_l("Complaint decided"), "gavel"),
    "complaint_withdrawn": Event(_l("Complaint withdrawn"), "cross-circle"),
    "dispute_opened": Event(_l("Debt disputed"), "flag", "warn", {"kind": DisputeKind}),
    "dispute_answered": Event(_l("Dispute answered"), "gavel", "", {"outcome": DisputeState}),
    "dispute_corrected": Event(_l("Loan book corrected after a dispute"), "check-circle", "good"),
    "dispute_withdrawn": Event(_l("Dispute taken back"), "cross-circle"),
    "entry_contested": Event(_l("An entry of the timeline contested"), "flag", "warn"),
    "contest_answered": Event(_l("Contested entry answered"), "message"),
}
# An act without a sentence of its own shows its name rather than nothing.
UNNAMED = Event(_l("Recorded"), "circle")

ACTORS = {
    ActorKind.STAFF: _l("Staff"),
    ActorKind.BORROWER: _l("Borrower"),
    ActorKind.VISITOR: _l("Somebody without signing in"),
    ActorKind.SYSTEM: _l("The portal"),
}
