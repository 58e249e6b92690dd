"""Values of a pack that are each allowed and do not go together."""

from collections.abc import Callable

from portal.domain.policy.contact_keys import PUBLIC_HOLIDAY
from portal.domain.policy.shape import Policy
from portal.vocabulary import HoldReason, Tier


def _unordered_buckets(policy: Policy) -> bool:
    starts = [bucket.first_dpd for bucket in policy.ageing.buckets]
    return starts[0] != 1 or starts != sorted(set(starts))


def _unordered_standards(policy: Policy) -> bool:
    *named, rest = policy.budget.living_standards
    return bool(rest.cities) or not all(each.cities for each in named)


def _unordered_tiers(policy: Policy) -> bool:
    ranks = [list(Tier).index(each.tier) for each in policy.plan.concession_tiers]
    return ranks != sorted(set(ranks))


def _wrong_cadence(policy: Policy) -> bool:
    return [each.bucket for each in policy.strategy.cadence] != [each.name for each in policy.ageing.buckets]


Contradiction = tuple[str, Callable[[Policy], bool], str]
_ALWAYS_HELD = {
    HoldReason.COMPLAINT,
    HoldReason.DISPUTE,
    HoldReason.HARDSHIP,
    HoldReason.CRISIS,
    PUBLIC_HOLIDAY,
}
CONTRADICTIONS: tuple[Contradiction, ...] = (
    ("ageing.buckets", _unordered_buckets, "rising ranges of which the first begins on day 1"),
    (
        "interest.card_rate_cap",
        lambda p: p.interest.card_rate_cap > p.interest.annual_cap,
        "at most interest.annual_cap",
    ),
    (
        "interest.card_late_fees",
        lambda p: bool(p.interest.card_late_fees) and p.interest.card_late_fee_share > 0,
        "empty while interest.card_late_fee_share is above 0",
    ),
    (
        "contact.phone_attempts_per_week",
        lambda p: p.contact.phone_attempts_per_week < p.contact.phone_attempts_per_day,
        "at least contact.phone_attempts_per_day",
    ),
    ("contact.per_month", lambda p: p.contact.per_month < p.contact.per_week, "at least contact.per_week"),
    (
        "contact.blocked_during",
        lambda p: not set(p.contact.blocked_during) >= _ALWAYS_HELD,
        "a list that names complaint, dispute, hardship, crisis and public_holiday",
    ),
    (
        "contact.breathing_space_days",
        lambda p: p.contact.breathing_space_days > 0 and "breathing_space" not in p.contact.blocked_during,
        "0 while contact.blocked_during does not name breathing_space",
    ),
    (
        "contact.referees",
        lambda p: p.contact.referees and not p.contact.third_party,
        "false while contact.third_party is false",
    ),
    ("strategy.cadence", _wrong_cadence, "every bucket of ageing.buckets once, in its order"),
    (
        "visit.blocked_if",
        lambda p: not {"complaint", "dispute"} <= set(p.visit.blocked_if),
        "a list that names complaint and dispute",
    ),
    ("complaint.recusal", lambda p: "person" not in p.complaint.recusal, "a list that names person"),
    ("visit.window", lambda p: not p.visit.window.within(p.contact.window), "inside contact.window"),
    (
        "visit.lender_min_dpd",
        lambda p: p.visit.lender_min_dpd <= p.contact.first_after_dpd,
        "more than contact.first_after_dpd",
    ),
    (
        "visit.requires_documents",
        lambda p: p.visit.requires_documents and not p.documents.required,
        "false while documents.required is empty",
    ),
    (
        "budget.living_standards",
        _unordered_standards,
        "standards of cities, then one for everywhere else",
    ),
    (
        "plan.concession_tiers",
        _unordered_tiers,
        "each tier once, the lowest first",
    ),
    (
        "complaint.decide_complex_days",
        lambda p: p.complaint.decide_complex_days < p.complaint.decide_simple_days,
        "at least complaint.decide_simple_days",
    ),
    (
        "complaint.summary_business_days",
        lambda p: p.complaint.summary_business_days > p.complaint.decide_simple_days,
        "at most complaint.decide_simple_days",
    ),
    (
        "visit.change_notice_days",
        lambda p: p.visit.change_notice_days > p.visit.min_lead_days,
        "at most visit.min_lead_days",
    ),
    (
        "session.idle_minutes",
        lambda p: p.session.idle_minutes > p.session.life_hours * 60,
        "at most session.life_hours",
    ),
)
