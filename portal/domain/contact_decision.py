"""What the contact gate answers: its rules by name, a question, and the decision."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.contact_facts import Facts
from portal.domain.policy import Policy, Source
from portal.vocabulary import Action, ActionClass, Initiator, VisitPurpose


class RuleId(StrEnum):
    """Every rule of the gate; its sentence is named `gate_<id>`."""

    RIGHT_PARTY = "right_party"
    CHANNEL_OPEN = "channel_open"
    CHANNEL_WANTED = "channel_wanted"
    NOT_RECUSED = "not_recused"
    HOURS = "hours"
    PREFERRED_HOURS = "preferred_hours"
    PUBLIC_HOLIDAY = "public_holiday"
    NOBODY_AT_HOME_KNOWS = "nobody_at_home_knows"
    OVERDUE_CONFIRMED = "overdue_confirmed"
    FIRST_AFTER_DPD = "first_after_dpd"
    SHORTFALL = "shortfall"
    NO_HOLD = "no_hold"
    NO_CRISIS = "no_crisis"
    BREATHING_SPACE = "breathing_space"
    NOT_REPRESENTED = "not_represented"
    OUTSIDE_AGENCY_NOTICE = "outside_agency_notice"
    CYCLE_GAP = "cycle_gap"
    NO_OPEN_COMPLAINT = "no_open_complaint"
    NO_OPEN_DISPUTE = "no_open_dispute"
    AGREEMENT_KEPT = "agreement_kept"
    CHANNEL_ORDER = "channel_order"
    ATTEMPTS_PER_DAY = "attempts_per_day"
    ATTEMPTS_PER_WEEK = "attempts_per_week"
    UNANSWERED_PER_NUMBER = "unanswered_per_number"
    COOLDOWN = "cooldown"
    CONVERSATIONS_PER_DAY = "conversations_per_day"
    CONVERSATIONS_PER_WEEK = "conversations_per_week"
    CONVERSATIONS_PER_MONTH = "conversations_per_month"
    THIRD_PARTY_ALLOWED = "third_party_allowed"
    THIRD_PARTY_NEEDED = "third_party_needed"
    THIRD_PARTY_ONCE = "third_party_once"
    THIRD_PARTY_STOPPED = "third_party_stopped"
    THIRD_PARTY_SILENT = "third_party_silent"
    REFEREE_ALLOWED = "referee_allowed"
    CONSENT_NOT_REVOKED = "consent_not_revoked"
    VISIT_CONSENT = "visit_consent"
    VISIT_INITIATOR = "visit_initiator"
    VISIT_MIN_DPD = "visit_min_dpd"
    VISIT_FAILED_CHANNELS = "visit_failed_channels"
    VISIT_DOCUMENTS = "visit_documents"
    VISIT_BRIEF = "visit_brief"
    VISIT_WINDOW = "visit_window"
    VISIT_HOLIDAY = "visit_holiday"
    VISIT_PER_MONTH = "visit_per_month"
    VISIT_NOT_VULNERABLE = "visit_not_vulnerable"
    VISIT_NOT_REPRESENTED = "visit_not_represented"
    CREW_MINIMUM = "crew_minimum"
    CREW_TRAINED = "crew_trained"


# No second person can set these aside: they protect the borrower, or somebody else, whoever agrees.
NEVER_OVERRIDDEN = frozenset(
    {
        RuleId.RIGHT_PARTY,
        RuleId.CHANNEL_OPEN,
        RuleId.CHANNEL_WANTED,
        RuleId.NO_CRISIS,
        RuleId.BREATHING_SPACE,
        RuleId.NOT_REPRESENTED,
        RuleId.OUTSIDE_AGENCY_NOTICE,
        RuleId.THIRD_PARTY_ALLOWED,
        RuleId.THIRD_PARTY_STOPPED,
        RuleId.THIRD_PARTY_SILENT,
        RuleId.REFEREE_ALLOWED,
        RuleId.HOURS,
        RuleId.VISIT_WINDOW,
        RuleId.CONSENT_NOT_REVOKED,
        RuleId.CREW_MINIMUM,
        RuleId.NOT_RECUSED,
        RuleId.OVERDUE_CONFIRMED,
        RuleId.NOBODY_AT_HOME_KNOWS,
    }
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to the gate."""

    action: Action
    facts: Facts
    policy: Policy
    now: datetime

    @property
    def by_lender(self) -> bool:
        """Whether the lender starts it: what the borrower asked for is no collection."""
        return self.facts.initiator is Initiator.LENDER and self.facts.action_class is ActionClass.COLLECTION

    @property
    def follows_up(self) -> bool:
        """Whether this is a follow-up visit of an agreement in force, which both sides signed."""
        visit = self.facts.visit
        return self.facts.agreement_in_force and visit is not None and visit.purpose is VisitPurpose.FOLLOW_UP

    def local(self, moment: datetime) -> datetime:
        """The borrower's own time."""
        if moment.utcoffset() is None:
            raise ValueError("the gate needs aware moments")
        return moment.astimezone(ZoneInfo(self.facts.borrower_zone))

    @property
    def today(self) -> date:
        """The borrower's own day."""
        return self.local(self.now).date()

    @property
    def visit_day(self) -> date | None:
        """The day of the visit in the lender's zone."""
        if self.facts.visit is None:
            return None
        return self.facts.visit.starts_at.astimezone(ZoneInfo(self.policy.business.timezone)).date()


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """What one rule found. `facts` fill the gaps of its sentence; `key` is the key of the pack it read."""

    id: RuleId
    passed: bool
    key: str
    source: Source
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def text_key(self) -> str:
        return f"gate_{self.id.value}"

    @property
    def overridable(self) -> bool:
        return self.id not in NEVER_OVERRIDDEN


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer of the gate: every rule that was asked, passed or not."""

    action: Action
    action_class: ActionClass
    rules: tuple[RuleResult, ...]
    policy_version: str
    decided_at: datetime

    @property
    def allowed(self) -> bool:
        return all(rule.passed for rule in self.rules)

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        return tuple(rule for rule in self.rules if not rule.passed)

    def allowed_despite(self, overridden: Collection[RuleId]) -> bool:
        """Whether it is allowed once a second person has set these rules aside, each for a reason."""
        return all(rule.overridable and rule.id in overridden for rule in self.failed)


Test = Callable[[Asked], bool]
Gaps = Callable[[Asked], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A test, the key of the pack whose source answers for it, and the facts its sentence needs."""

    id: RuleId
    key: str
    passes: Test
    gaps: Gaps

    def judge(self, asked: Asked) -> RuleResult:
        return RuleResult(
            id=self.id,
            passed=self.passes(asked),
            key=self.key,
            source=asked.policy.why(self.key),
            facts=self.gaps(asked),
        )


def rule(rule_id: RuleId, key: str, passes: Test, gaps: Gaps = lambda asked: {}) -> Rule:
    return Rule(id=rule_id, key=key, passes=passes, gaps=gaps)
