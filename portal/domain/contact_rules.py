"""The contact gate: may this call, message, letter or visit happen now?

Every rule that applies is asked, not only the first that fails, so that a page can show the whole list."""

from datetime import UTC, datetime, timedelta

from portal.domain.contact_decision import (
    NEVER_OVERRIDDEN,
    Asked,
    Decision,
    Rule,
    RuleId,
    RuleResult,
    rule,
)
from portal.domain.contact_facts import Facts, VisitFacts
from portal.domain.policy import Policy
from portal.domain.visit_rules import VISIT_ACTIONS, VISIT_FROM_LENDER_RULES, VISIT_RULES
from portal.vocabulary import Action, Channel, HoldReason, PlaceKind

__all__ = ["NEVER_OVERRIDDEN", "Decision", "Facts", "RuleId", "RuleResult", "VisitFacts", "decide"]

_CHANNELS = {Action.CALL: Channel.PHONE, Action.SMS: Channel.SMS, Action.EMAIL: Channel.EMAIL}
_UNREACHABLE_DAYS = 3
_MESSAGES = {Action.CALL, Action.SMS, Action.EMAIL, Action.LETTER, Action.THIRD_PARTY}


def decide(action: Action, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """Judge an act by every rule that applies to it. `now` is aware."""
    asked = Asked(action=action, facts=facts, policy=policy, now=now)
    return Decision(
        action=action,
        action_class=facts.action_class,
        rules=tuple(each.judge(asked) for each in _rules_for(asked)),
        policy_version=policy.version_id,
        decided_at=now,
    )


def _rules_for(asked: Asked) -> list[Rule]:
    rules = list(_ALWAYS)
    if asked.action in _MESSAGES or (asked.action is Action.VISIT_PROPOSAL and asked.by_lender):
        rules.append(_HOURS)
    if asked.action in VISIT_ACTIONS:
        rules += _OWED_AND_FREE + VISIT_RULES
    elif asked.by_lender:
        rules += _OWED_AND_FREE
    if asked.by_lender:
        rules += _FROM_LENDER
        rules += _PER_ACTION.get(asked.action, [])
    return rules


def _in_hours(asked: Asked) -> bool:
    if asked.facts.asked_just_now and not asked.by_lender:
        return True
    return asked.policy.contact.window.holds(asked.local(asked.now).time())


def _betrays_at_home(asked: Asked) -> bool:
    """Whether an act brings paper or people to a home where nobody knows."""
    visit = asked.facts.visit
    return asked.action is Action.LETTER or (
        asked.action in VISIT_ACTIONS and visit is not None and visit.place is PlaceKind.HOME
    )


def _of_an_agreement(asked: Asked) -> bool:
    """Whether an act belongs to an agreement and is no demand: a reminder or a follow-up."""
    return asked.facts.reminder or asked.follows_up


def _dpd_needed(asked: Asked) -> int:
    contact = asked.policy.contact
    return contact.card_first_after_dpd if asked.facts.cards_only else contact.first_after_dpd


def _blocking_holds(asked: Asked) -> list[HoldReason]:
    """Complaint and dispute have rules of their own."""
    own_rule = {HoldReason.COMPLAINT, HoldReason.DISPUTE}
    return sorted(asked.facts.holds & set(asked.policy.contact.blocked_during) - own_rule)


def cooldown_end(facts: Facts, policy: Policy) -> datetime | None:
    """When the quiet time after the last conversation ends, whatever the clocks are set to meanwhile."""
    if facts.last_conversation_at is None:
        return None
    hours = timedelta(hours=policy.contact.cooldown_after_conversation_hours)
    return facts.last_conversation_at.astimezone(UTC) + hours


def _cooled_down(asked: Asked) -> bool:
    end = cooldown_end(asked.facts, asked.policy)
    return end is None or asked.now >= end


def _channel_turn(asked: Asked) -> bool:
    """A channel of a later step waits until the phone has failed; once people have talked, all are equal."""
    channel = _CHANNELS.get(asked.action)
    contact, facts = asked.policy.contact, asked.facts
    later = {each for step in contact.first_channels[1:] for each in step}
    if channel not in later or facts.last_conversation_at is not None:
        return True
    return (
        facts.failed_calls_today >= contact.sms_after_failed_calls
        or facts.unanswered_days >= contact.sms_after_unanswered_days
    )


_ALWAYS = [
    rule(
        RuleId.RIGHT_PARTY,
        "contact.third_party",
        lambda a: a.facts.right_party or a.action is Action.THIRD_PARTY,
    ),
    rule(RuleId.CHANNEL_OPEN, "contact.third_party", lambda a: a.facts.channel_open),
    rule(RuleId.NOT_RECUSED, "complaint.recusal", lambda a: not a.facts.recused),
    rule(
        RuleId.NOBODY_AT_HOME_KNOWS,
        "contact.third_party",
        lambda a: not (a.facts.nobody_at_home_knows and _betrays_at_home(a)),
    ),
]


_HOURS = rule(
    RuleId.HOURS,
    "contact.window",
    _in_hours,
    lambda a: {
        "opens": a.policy.contact.window.opens.strftime("%H:%M"),
        "closes": a.policy.contact.window.closes.strftime("%H:%M"),
    },
)

# Of these, the open complaint and dispute stop a visit even when the borrower asked for it.
_OWED_AND_FREE = [
    rule(RuleId.OVERDUE_CONFIRMED, "contact.first_after_dpd", lambda a: a.facts.overdue_confirmed),
    rule(
        RuleId.NO_OPEN_COMPLAINT,
        "contact.blocked_during",
        lambda a: not a.facts.open_complaint and HoldReason.COMPLAINT not in a.facts.holds,
    ),
    rule(
        RuleId.NO_OPEN_DISPUTE,
        "contact.blocked_during",
        lambda a: not a.facts.open_dispute and HoldReason.DISPUTE not in a.facts.holds,
    ),
]

_FROM_LENDER = [
    rule(
        RuleId.FIRST_AFTER_DPD,
        "contact.first_after_dpd",
        lambda a: _of_an_agreement(a) or a.facts.dpd >= _dpd_needed(a),
        lambda a: {"days": _dpd_needed(a)},
    ),
    rule(
        RuleId.SHORTFALL,
        "contact.ignored_shortfall",
        lambda a: (
            _of_an_agreement(a)
            or not a.facts.cards_only
            or a.facts.overdue_amount > a.policy.contact.ignored_shortfall
        ),
        lambda a: {"amount": a.policy.contact.ignored_shortfall},
    ),
    rule(
        RuleId.NO_HOLD,
        "contact.blocked_during",
        lambda a: not _blocking_holds(a),
        lambda a: {"holds": [each.value for each in _blocking_holds(a)]},
    ),
    rule(
        RuleId.AGREEMENT_KEPT,
        "contact.blocked_during",
        lambda a: not a.facts.agreement_kept or _of_an_agreement(a),
    ),
]


_ATTEMPTS = [
    rule(
        RuleId.ATTEMPTS_PER_DAY,
        "contact.phone_attempts_per_day",
        lambda a: a.facts.attempts_today < a.policy.contact.phone_attempts_per_day,
        lambda a: {"most": a.policy.contact.phone_attempts_per_day, "so_far": a.facts.attempts_today},
    ),
    rule(
        RuleId.ATTEMPTS_PER_WEEK,
        "contact.phone_attempts_per_week",
        lambda a: a.facts.attempts_this_week < a.policy.contact.phone_attempts_per_week,
        lambda a: {"most": a.policy.contact.phone_attempts_per_week, "so_far": a.facts.attempts_this_week},
    ),
]

_CONVERSATIONS = [
    rule(
        RuleId.COOLDOWN,
        "contact.cooldown_after_conversation_hours",
        _cooled_down,
        lambda a: {
            "until": cooldown_end(a.facts, a.policy),
            "hours": a.policy.contact.cooldown_after_conversation_hours,
        },
    ),
    rule(
        RuleId.CONVERSATIONS_PER_DAY,
        "contact.phone_conversations_per_day",
        lambda a: a.facts.conversations_today < a.policy.contact.phone_conversations_per_day,
        lambda a: {
            "most": a.policy.contact.phone_conversations_per_day,
            "so_far": a.facts.conversations_today,
        },
    ),
    rule(
        RuleId.CONVERSATIONS_PER_WEEK,
        "contact.per_week",
        lambda a: a.facts.conversations_this_week < a.policy.contact.per_week,
        lambda a: {"most": a.policy.contact.per_week, "so_far": a.facts.conversations_this_week},
    ),
    rule(
        RuleId.CONVERSATIONS_PER_MONTH,
        "contact.per_month",
        lambda a: a.facts.conversations_this_month < a.policy.contact.per_month,
        lambda a: {"most": a.policy.contact.per_month, "so_far": a.facts.conversations_this_month},
    ),
]

_ORDER = [
    rule(
        RuleId.CHANNEL_ORDER,
        "contact.first_channels",
        _channel_turn,
        lambda a: {
            "calls": a.policy.contact.sms_after_failed_calls,
            "days": a.policy.contact.sms_after_unanswered_days,
        },
    )
]

_THIRD_PARTY = [
    rule(RuleId.THIRD_PARTY_ALLOWED, "contact.third_party", lambda a: a.policy.contact.third_party),
    rule(
        RuleId.THIRD_PARTY_NEEDED,
        "contact.third_party",
        lambda a: a.facts.number_invalid or a.facts.unanswered_days >= _UNREACHABLE_DAYS,
        lambda a: {"days": _UNREACHABLE_DAYS},
    ),
    rule(
        RuleId.THIRD_PARTY_ONCE,
        "contact.third_party",
        lambda a: a.facts.third_party_calls == 0 and not a.facts.third_party_said_stop,
    ),
]

_PER_ACTION = {
    Action.CALL: _ORDER + _ATTEMPTS + _CONVERSATIONS,
    Action.SMS: _ORDER + _CONVERSATIONS,
    Action.EMAIL: _ORDER + _CONVERSATIONS,
    Action.THIRD_PARTY: _ATTEMPTS + _THIRD_PARTY,
    Action.VISIT_PROPOSAL: VISIT_FROM_LENDER_RULES,
    Action.VISIT_CONFIRMATION: VISIT_FROM_LENDER_RULES,
    Action.VISIT_START: VISIT_FROM_LENDER_RULES,
}
