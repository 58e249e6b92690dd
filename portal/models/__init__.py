"""What the portal remembers. Imports every model, so that the metadata is complete."""

from portal.models import audit_entry as _audit_entry  # noqa: F401  (services.audit alone may use it)
from portal.models.agreement import Adjustment, Agreement, Archive, FollowUp, Original, Signature
from portal.models.base import Base, Row, finish
from portal.models.borrower import Borrower, ContactPoint, Party, Preference
from portal.models.case import Case, CaseLoan, CaseMove, Contact, Decision, Hold, Promise
from portal.models.complaint import Complaint, ComplaintDecision, ComplaintMessage, ComplaintMove
from portal.models.dispute import Contest, Dispute
from portal.models.entry import (
    CodeChallenge,
    IdempotencyRecord,
    Invitation,
    JobRun,
    Locator,
    PersonalLink,
    RecoveryCode,
    Throttle,
    WebSession,
)
from portal.models.lender import DataKey, InstallationKey, Lender, PaymentAccount, PolicyVersion
from portal.models.loan import BookImport, BookUpload, Instalment, Loan, Payment, Relief
from portal.models.message import Message, MessageTemplate
from portal.models.plan import Approval, Budget, Concession, Plan, PlanInstalment, PlanLoan
from portal.models.proof import Consent, Proof, ProofReview, Registration, StoredFile
from portal.models.staff import Staff, StaffRole, Training
from portal.models.strategy import Override, Strategy
from portal.models.visit import ChecklistAnswer, Finding, Visit, VisitCell, VisitCrew, VisitMove

finish(Base)

__all__ = [
    "Adjustment",
    "Agreement",
    "Approval",
    "Archive",
    "Base",
    "BookImport",
    "BookUpload",
    "Borrower",
    "Budget",
    "Case",
    "CaseLoan",
    "CaseMove",
    "ChecklistAnswer",
    "CodeChallenge",
    "Complaint",
    "ComplaintDecision",
    "ComplaintMessage",
    "ComplaintMove",
    "Concession",
    "Consent",
    "Contact",
    "ContactPoint",
    "Contest",
    "DataKey",
    "Decision",
    "Dispute",
    "Finding",
    "FollowUp",
    "Hold",
    "IdempotencyRecord",
    "InstallationKey",
    "Instalment",
    "Invitation",
    "JobRun",
    "Lender",
    "Loan",
    "Locator",
    "Message",
    "MessageTemplate",
    "Original",
    "Override",
    "Party",
    "Payment",
    "PaymentAccount",
    "PersonalLink",
    "Plan",
    "PlanInstalment",
    "PlanLoan",
    "PolicyVersion",
    "Preference",
    "Promise",
    "Proof",
    "ProofReview",
    "RecoveryCode",
    "Registration",
    "Relief",
    "Row",
    "Signature",
    "Staff",
    "StaffRole",
    "StoredFile",
    "Strategy",
    "Throttle",
    "Training",
    "Visit",
    "VisitCell",
    "VisitCrew",
    "VisitMove",
    "WebSession",
]
