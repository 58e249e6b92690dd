"""The contact gate: may this call, message, letter or visit happen now?

Every rule that applies is asked, not only the first that fails, so that a page can show the whole list."""

from datetime import UTC, datetime, timedelta

from portal.domain.calendar import BusinessCalendar
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
from portal.domain.contact_limits import (
    ATTEMPTS,
    CONVERSATIONS,
    CYCLE,
    ORDER,
    PREFERRED,
    THIRD_PARTY,
    UNANSWERED,
    cooldown_end,
)
from portal.domain.policy import Policy
from portal.domain.visit_rules import VISIT_ACTIONS, VISIT_FROM_LENDER_RULES, VISIT_RULES
from portal.vocabulary import Action, Channel, HoldReason, PlaceKind

__all__ = [
    "NEVER_OVERRIDDEN",
    "Decision",
    "Facts",
    "RuleId",
    "RuleResult",
    "VisitFacts",
    "breathing_space_end",
    "cooldown_end",
    "decide",
]

_CHANNELS = {
    Action.CALL: Channel.PHONE,
    Action.SMS: Channel.SMS,
    Action.EMAIL: Channel.EMAIL,
    Action.LETTER: Channel.LETTER,
    Action.VISIT_PROPOSAL: Channel.VISIT,
}
_WITH_OWN_RULE = {
    HoldReason.COMPLAINT,
    HoldReason.DISPUTE,
    HoldReason.CRISIS,
    HoldReason.BREATHING_SPACE,
}
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
    if asked.action in _MESSAGES and asked.by_lender:
        rules.append(_PUBLIC_HOLIDAY)
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
    """Whether an act brings paper or people to a home where nobody knows, or shows the debt on a telephone
    that may lie on the table there."""
    visit = asked.facts.visit
    if asked.action is Action.SMS:
        return asked.by_lender and asked.facts.telling
    return asked.action is Action.LETTER or (
        asked.action in VISIT_ACTIONS and visit is not None and visit.place is PlaceKind.HOME
    )


def _of_an_agreement(asked: Asked) -> bool:
    """Whether an act belongs to an agreement and is no demand: a reminder or a follow-up."""
    return asked.facts.reminder or asked.follows_up


def _dpd_needed(asked: Asked) -> int:
    contact = asked.policy.contact
    return contact.card_first_after_dpd if asked.facts.cards_only else contact.first_after_dpd


def _blocking_holds(asked: Asked) -> list[str]:
    """The holds and days that stop collection, but for those with a rule of their own."""
    holds = {hold.value for hold in asked.facts.holds - _WITH_OWN_RULE}
    if asked.facts.exam_day == asked.today:
        holds.add(HoldReason.EXAM.value)
    return sorted(holds & set(asked.policy.contact.blocked_during))


def _is_working_day(asked: Asked) -> bool:
    if asked.policy.contact.on_public_holidays:
        return True
    return not BusinessCalendar.of(asked.policy.business).is_public_holiday(asked.today)


def breathing_space_end(facts: Facts, policy: Policy) -> datetime | None:
    """When a breathing space ends by itself. None: there is none, or it lasts until somebody ends it."""
    if HoldReason.BREATHING_SPACE not in facts.holds or not policy.contact.breathing_space_days:
        return None
    if facts.breathing_space_since is None:
        return None
    return facts.breathing_space_since.astimezone(UTC) + timedelta(days=policy.contact.breathing_space_days)


def _breathes(asked: Asked) -> bool:
    if HoldReason.BREATHING_SPACE not in asked.facts.holds:
        return False
    end = breathing_space_end(asked.facts, asked.policy)
    return end is None or asked.now < end


_ALWAYS = [
    rule(
        RuleId.RIGHT_PARTY,
        "contact.third_party",
        lambda a: a.facts.right_party or a.action is Action.THIRD_PARTY,
    ),
    rule(RuleId.CHANNEL_OPEN, "contact.third_party", lambda a: a.facts.channel_open),
    rule(
        RuleId.CHANNEL_WANTED,
        "contact.first_channels",
        lambda a: not (a.by_lender and _CHANNELS.get(a.action) in a.facts.opted_out),
    ),
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

_PUBLIC_HOLIDAY = rule(
    RuleId.PUBLIC_HOLIDAY, "contact.on_public_holidays", _is_working_day, lambda a: {"day": a.today}
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
        lambda a: {"holds": _blocking_holds(a)},
    ),
    rule(RuleId.NO_CRISIS, "contact.blocked_during", lambda a: HoldReason.CRISIS not in a.facts.holds),
    rule(
        RuleId.BREATHING_SPACE,
        "contact.breathing_space_days",
        lambda a: not _breathes(a),
        lambda a: {"until": breathing_space_end(a.facts, a.policy)},
    ),
    rule(RuleId.NOT_REPRESENTED, "visit.blocked_if", lambda a: not a.facts.represented),
    rule(
        RuleId.OUTSIDE_AGENCY_NOTICE,
        "contact.outside_agency_notice",
        lambda a: (
            not a.policy.contact.outside_agency_notice
            or not a.facts.outside_agency
            or a.facts.outside_agency_notice
        ),
    ),
    rule(
        RuleId.AGREEMENT_KEPT,
        "contact.blocked_during",
        lambda a: not a.facts.agreement_kept or _of_an_agreement(a),
    ),
]


_PER_ACTION = {
    Action.CALL: ORDER + ATTEMPTS + UNANSWERED + CONVERSATIONS + CYCLE + PREFERRED,
    Action.SMS: ORDER + CONVERSATIONS + CYCLE,
    Action.EMAIL: ORDER + CONVERSATIONS + CYCLE,
    Action.LETTER: CYCLE,
    Action.THIRD_PARTY: ATTEMPTS + THIRD_PARTY + CYCLE,
    Action.VISIT_PROPOSAL: VISIT_FROM_LENDER_RULES + CYCLE,
    Action.VISIT_CONFIRMATION: VISIT_FROM_LENDER_RULES,
    Action.VISIT_START: VISIT_FROM_LENDER_RULES,
}
