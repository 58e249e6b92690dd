"""The words every layer shares: names of roles, states, kinds. Standard library only.

The values are stored; the sentence a person reads for each is in `web/words.py`."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do at one lender."""

    AGENT = "agent"
    CALLER = "caller"
    LEAD = "lead"
    MANAGER = "manager"
    HANDLER = "handler"
    AUDITOR = "auditor"
    ADMIN = "admin"


class StaffState(StrEnum):
    """Whether a member of staff can come in. `no_authenticator`: one is set up at the next sign-in."""

    ACTIVE = "active"
    INVITED = "invited"
    NO_AUTHENTICATOR = "no_authenticator"
    DISABLED = "disabled"


class Locale(StrEnum):
    ZH_HANT = "zh_Hant"
    ZH_HANS = "zh_Hans"
    EN = "en"


class IdType(StrEnum):
    CN_ID = "cn_id"
    TW_ID = "tw_id"
    HK_ID = "hk_id"
    PASSPORT = "passport"
    NONE = "none"


class ContactKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


class PersonalField(StrEnum):
    """What is masked on the staff's pages until somebody asks to see it."""

    ID_NO = "id_no"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


class Channel(StrEnum):
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    LETTER = "letter"
    PORTAL = "portal"
    VISIT = "visit"
    HAND_IN = "hand_in"


class Product(StrEnum):
    CARD = "card"
    CONSUMER_LOAN = "consumer_loan"


class Method(StrEnum):
    """How a debt is divided into instalments."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_FIRST = "interest_first"
    STEPPED = "stepped"
    LUMP_SUM = "lump_sum"
    MINIMUM_PAYMENT = "minimum_payment"


class Frequency(StrEnum):
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


class DayCount(StrEnum):
    THIRTY_360 = "30/360"
    ACT_365 = "act/365"
    ACT_360 = "act/360"
    ACT_ACT = "act/act"
    TWELFTHS = "1/12"


class PaymentKind(StrEnum):
    PAYMENT = "payment"
    REVERSAL = "reversal"


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


class BudgetLine(StrEnum):
    """A line of a household's month; `regular_instalments` is what still falls due on the case's loans."""

    WAGES = "wages"
    BENEFITS = "benefits"
    OTHER_INCOME = "other_income"
    RENT = "rent"
    FOOD = "food"
    UTILITIES = "utilities"
    TRANSPORT = "transport"
    MEDICAL = "medical"
    CHILDREN = "children"
    OTHER_OUTGOINGS = "other_outgoings"
    OTHER_DEBTS = "other_debts"
    REGULAR_INSTALMENTS = "regular_instalments"


class PlanChoice(StrEnum):
    """Which of the plans laid side by side: done soonest, gentler by the month, of the length that was asked
    for, or, to compare with, falling from one instalment to the next or level."""

    SOONEST = "soonest"
    GENTLER = "gentler"
    OWN = "own"
    FALLING = "falling"
    LEVEL = "level"


class PlanState(StrEnum):
    DRAFT = "draft"
    WAITING_APPROVAL = "waiting_approval"
    APPROVED = "approved"
    REFUSED = "refused"
    AGREED = "agreed"
    WITHDRAWN = "withdrawn"


class ConcessionKind(StrEnum):
    PENALTY_WAIVER = "penalty_waiver"
    INTEREST_WAIVER = "interest_waiver"
    INTEREST_REDUCTION = "interest_reduction"
    GRACE = "grace"
    PAUSE = "pause"
    EXTENSION = "extension"
    EARLY_SETTLEMENT_REWARD = "early_settlement_reward"


class ReliefKind(StrEnum):
    """A concession on a contract, as a dated fact. A stop or pause lasts; a waiver happens on one day."""

    PENALTY_WAIVER = "penalty_waiver"
    INTEREST_WAIVER = "interest_waiver"
    PENALTY_STOP = "penalty_stop"
    DELINQUENCY_PAUSE = "delinquency_pause"


class Tier(StrEnum):
    """Who may give the final yes to a concession."""

    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"


class AgreementState(StrEnum):
    OFFERED = "offered"
    SIGNED = "signed"
    SEALED = "sealed"
    DECLINED = "declined"


class Signer(StrEnum):
    BORROWER = "borrower"
    LENDER = "lender"


class SignatureMethod(StrEnum):
    DRAWN = "drawn"
    TYPED = "typed"


class FollowUpState(StrEnum):
    SCHEDULED = "scheduled"
    DONE = "done"
    CANCELLED = "cancelled"


class PromiseState(StrEnum):
    ACTIVE = "active"
    VERIFYING = "verifying"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class AdjustmentState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"


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


class ComplaintOutcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"


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


class ContactOutcome(StrEnum):
    """What came of a contact. `reached`: the borrower was spoken with; `sent`: a message left."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    SENT = "sent"


class Initiator(StrEnum):
    BORROWER = "borrower"
    LENDER = "lender"


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ChainProblem(StrEnum):
    """How an audit chain was tampered with."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"  # an entry was exchanged, together with its hash
    REORDERED = "reordered"
    CUT = "cut"
    APPENDED = "appended"  # past the head
    REWOUND = "rewound"  # cut, and the head moved back: only an anchor tells
    REPLACED = "replaced"  # written anew from some entry on: only an anchor tells
    HEAD_CHANGED = "head_changed"
    HEAD_MISSING = "head_missing"
    LENDER_GONE = "lender_gone"  # anchored, and not in the database any more
    ANCHOR_FORGED = "anchor_forged"
    ANCHOR_GONE = "anchor_gone"


class CodePurpose(StrEnum):
    """What a one-time code opens."""

    ENTRY = "entry"
    SIGNATURE = "signature"


class EmploymentState(StrEnum):
    EMPLOYED = "employed"
    SELF_EMPLOYED = "self_employed"
    UNEMPLOYED = "unemployed"
    RETIRED = "retired"
    OTHER = "other"


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
