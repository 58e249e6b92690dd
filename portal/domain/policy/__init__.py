"""Policy packs: what a lender allows, and why."""

from portal.domain.policy.contact_keys import (
    TRAINING_MODULES,
    BusinessPolicy,
    ContactPolicy,
    DocumentsPolicy,
    VisitPolicy,
)
from portal.domain.policy.debt_keys import COMPONENTS, AgeingPolicy, AllocationPolicy, Bucket, InterestPolicy
from portal.domain.policy.pack import (
    KEYS,
    SECTIONS,
    PackFile,
    Policy,
    PolicyError,
    Source,
    SourceStatus,
    build,
)
from portal.domain.policy.plan_keys import (
    BudgetPolicy,
    ComplaintPolicy,
    ConcessionTier,
    ContactsPolicy,
    FollowUpPolicy,
    LinkPolicy,
    LivingStandard,
    PlanPolicy,
    PromisePolicy,
    RetentionPolicy,
    SessionPolicy,
)
from portal.domain.policy.readers import Hours
from portal.domain.policy.versions import build_versions, in_force_at, in_force_on

__all__ = [
    "COMPONENTS",
    "KEYS",
    "SECTIONS",
    "TRAINING_MODULES",
    "AgeingPolicy",
    "AllocationPolicy",
    "Bucket",
    "BudgetPolicy",
    "BusinessPolicy",
    "ComplaintPolicy",
    "ConcessionTier",
    "ContactPolicy",
    "ContactsPolicy",
    "DocumentsPolicy",
    "FollowUpPolicy",
    "Hours",
    "InterestPolicy",
    "LinkPolicy",
    "LivingStandard",
    "PackFile",
    "PlanPolicy",
    "Policy",
    "PolicyError",
    "PromisePolicy",
    "RetentionPolicy",
    "SessionPolicy",
    "Source",
    "SourceStatus",
    "VisitPolicy",
    "build",
    "build_versions",
    "in_force_at",
    "in_force_on",
]
