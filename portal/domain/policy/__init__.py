"""Policy packs: what a lender allows, and why."""

from portal.domain.policy.case_keys import BookPolicy, CasePolicy, DisputePolicy
from portal.domain.policy.contact_keys import (
    PUBLIC_HOLIDAY,
    TRAINING_MODULES,
    BusinessPolicy,
    ContactPolicy,
    DocumentsPolicy,
    VisitPolicy,
)
from portal.domain.policy.content import Content, changed_keys, content_of, plain
from portal.domain.policy.debt_keys import COMPONENTS, AgeingPolicy, AllocationPolicy, Bucket, InterestPolicy
from portal.domain.policy.message_keys import (
    CONSEQUENCES,
    RED_LINES,
    Cadence,
    MessagePolicy,
    RedLineCrossed,
    StrategyPolicy,
)
from portal.domain.policy.pack import PackFile, build, effective_day
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
from portal.domain.policy.shape import KEYS, SECTIONS, Policy, PolicyError, Source, SourceStatus
from portal.domain.policy.versions import build_versions, in_force_at, in_force_on

__all__ = [
    "COMPONENTS",
    "CONSEQUENCES",
    "KEYS",
    "PUBLIC_HOLIDAY",
    "RED_LINES",
    "SECTIONS",
    "TRAINING_MODULES",
    "AgeingPolicy",
    "AllocationPolicy",
    "Bucket",
    "BookPolicy",
    "BudgetPolicy",
    "BusinessPolicy",
    "Cadence",
    "CasePolicy",
    "ComplaintPolicy",
    "ConcessionTier",
    "ContactPolicy",
    "Content",
    "ContactsPolicy",
    "DisputePolicy",
    "DocumentsPolicy",
    "FollowUpPolicy",
    "Hours",
    "InterestPolicy",
    "LinkPolicy",
    "LivingStandard",
    "MessagePolicy",
    "PackFile",
    "PlanPolicy",
    "Policy",
    "PolicyError",
    "PromisePolicy",
    "RedLineCrossed",
    "RetentionPolicy",
    "SessionPolicy",
    "Source",
    "SourceStatus",
    "StrategyPolicy",
    "VisitPolicy",
    "build",
    "changed_keys",
    "content_of",
    "effective_day",
    "plain",
    "build_versions",
    "in_force_at",
    "in_force_on",
]
