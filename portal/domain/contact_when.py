"""When the contact gate opens, if it opens by waiting."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.domain.contact_decision import RuleId
from portal.domain.contact_facts import Facts
from portal.domain.contact_log import Log
from portal.domain.contact_rules import breathing_space_end, cooldown_end, decide
from portal.domain.policy import Policy
from portal.vocabulary import Action

# What time alone may change. Of the holds, the day of an exam and a breathing space end by themselves.
BY_WAITING = frozenset(
    {
        RuleId.HOURS,
        RuleId.PREFERRED_HOURS,
        RuleId.PUBLIC_HOLIDAY,
        RuleId.NO_HOLD,
        RuleId.BREATHING_SPACE,
        RuleId.CYCLE_GAP,
        RuleId.UNANSWERED_PER_NUMBER,
        RuleId.ATTEMPTS_PER_DAY,
        RuleId.ATTEMPTS_PER_WEEK,
        RuleId.COOLDOWN,
        RuleId.CONVERSATIONS_PER_DAY,
        RuleId.CONVERSATIONS_PER_WEEK,
        RuleId.CONVERSATIONS_PER_MONTH,
    }
)
# Longer than any window, cool-down, breathing space or gap a pack may name, and than any run of holidays.
_HORIZON_DAYS = 120


def earliest(action: Action, facts: Facts, log: Log, policy: Policy, now: datetime) -> datetime | None:
    """Return the first moment from `now` (aware) on at which the act is allowed if nothing else changes, in
    UTC; days past due stand still. None: not by waiting."""
    found = decide(action, log.told(facts, now), policy, now)
    if found.allowed:
        return now
    if {each.id for each in found.failed} - BY_WAITING:
        return None
    turns = _turns(facts, log, policy, now)
    return next((at for at in turns if decide(action, log.told(facts, at), policy, at).allowed), None)


def _turns(facts: Facts, log: Log, policy: Policy, now: datetime) -> Iterator[datetime]:
    """The moments after `now` at which an answer can turn to yes, in order: a day begins, the hours or the
    preferred hours open, a quiet time or a hold ends."""
    zone = ZoneInfo(facts.borrower_zone)
    told = log.told(facts, now)
    ends = [each for each in (cooldown_end(told, policy), breathing_space_end(told, policy)) if each]
    today = now.astimezone(zone).date()
    for day in (today + timedelta(days=count) for count in range(_HORIZON_DAYS)):
        opens = {
            datetime.combine(day, each, zone).replace(fold=fold).astimezone(UTC)
            for each in _openings(facts, policy)
            for fold in (0, 1)  # where the clock is put back an hour comes twice
        }
        opens |= {each for each in ends if each.astimezone(zone).date() == day}
        yield from sorted(each for each in opens if each > now)


def _openings(facts: Facts, policy: Policy) -> set[time]:
    preferred = {facts.preferred.opens} if facts.preferred else set()
    return {time.min, policy.contact.window.opens} | preferred
