"""What the contact gate asks of collection contacts: how often, in what order, after which quiet."""

from datetime import UTC, datetime, timedelta

from portal.domain.contact_decision import Asked, Rule, RuleId, rule
from portal.domain.contact_facts import Facts
from portal.domain.policy import Policy
from portal.vocabulary import Action, Channel

_CHANNELS = {Action.CALL: Channel.PHONE, Action.SMS: Channel.SMS, Action.EMAIL: Channel.EMAIL}
_UNREACHABLE_DAYS = 3


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


def _gap_kept(asked: Asked) -> bool:
    """Whether the days of the gap lie between the last contact of the collection before and today."""
    last, gap = asked.facts.last_cycle_contact_at, asked.policy.contact.cycle_gap_days
    return last is None or not gap or asked.today - asked.local(last).date() > timedelta(days=gap)


ATTEMPTS: list[Rule] = [
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

CONVERSATIONS: list[Rule] = [
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

ORDER: list[Rule] = [
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

THIRD_PARTY: list[Rule] = [
    rule(RuleId.THIRD_PARTY_ALLOWED, "contact.third_party", lambda a: a.policy.contact.third_party),
    rule(
        RuleId.THIRD_PARTY_NEEDED,
        "contact.third_party",
        lambda a: a.facts.number_invalid or a.facts.unanswered_days >= _UNREACHABLE_DAYS,
        lambda a: {"days": _UNREACHABLE_DAYS},
    ),
    rule(RuleId.THIRD_PARTY_ONCE, "contact.third_party", lambda a: a.facts.third_party_calls == 0),
    rule(RuleId.THIRD_PARTY_STOPPED, "contact.third_party", lambda a: not a.facts.third_party_said_stop),
    rule(RuleId.THIRD_PARTY_SILENT, "contact.third_party", lambda a: not a.facts.telling),
    rule(
        RuleId.REFEREE_ALLOWED,
        "contact.referees",
        lambda a: a.policy.contact.referees or a.facts.third_party_role is not None,
    ),
]

UNANSWERED: list[Rule] = [
    rule(
        RuleId.UNANSWERED_PER_NUMBER,
        "contact.unanswered_per_number_per_day",
        lambda a: a.facts.unanswered_on_number_today < a.policy.contact.unanswered_per_number_per_day,
        lambda a: {
            "most": a.policy.contact.unanswered_per_number_per_day,
            "so_far": a.facts.unanswered_on_number_today,
        },
    )
]

CYCLE: list[Rule] = [
    rule(
        RuleId.CYCLE_GAP,
        "contact.cycle_gap_days",
        _gap_kept,
        lambda a: {"days": a.policy.contact.cycle_gap_days},
    )
]

PREFERRED: list[Rule] = [
    rule(
        RuleId.PREFERRED_HOURS,
        "contact.window",
        lambda a: a.facts.preferred is None or a.facts.preferred.holds(a.local(a.now)),
        lambda a: {
            "opens": f"{a.facts.preferred.opens:%H:%M}" if a.facts.preferred else None,
            "closes": f"{a.facts.preferred.closes:%H:%M}" if a.facts.preferred else None,
        },
    )
]
