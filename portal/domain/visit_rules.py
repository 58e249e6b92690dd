"""What the contact gate asks about a visit. A fact about a visit that is not given fails its rule."""

from collections.abc import Callable

from portal.domain.calendar import BusinessCalendar
from portal.domain.contact_decision import Asked, Rule, RuleId, rule
from portal.domain.contact_facts import VisitFacts
from portal.vocabulary import Action, HoldReason

VISIT_ACTIONS = frozenset({Action.VISIT_PROPOSAL, Action.VISIT_CONFIRMATION, Action.VISIT_START})


# Who is in need of care is visited only when a lead has looked at it.
_FRAGILE = {HoldReason.VULNERABLE, HoldReason.CRISIS}


def _of_visit(test: Callable[[Asked, VisitFacts], bool]) -> Callable[[Asked], bool]:
    return lambda asked: asked.facts.visit is not None and test(asked, asked.facts.visit)


def _consented(asked: Asked, visit: VisitFacts) -> bool:
    """A lender's proposal is the question itself; everything else needs the yes."""
    if asked.action is Action.VISIT_PROPOSAL:
        return asked.by_lender or visit.service_consent
    per_visit = asked.policy.visit.consent == "per_visit"
    return visit.service_consent and (visit.accepted_by_borrower or not per_visit)


def _in_window(asked: Asked, visit: VisitFacts) -> bool:
    """The whole window lies in visiting hours of one day; a visit that starts does so within them."""
    window = asked.policy.visit.window
    start, end = asked.local(visit.starts_at), asked.local(visit.ends_at)
    same_day = start.date() == end.date() and start < end
    fits = same_day and window.opens <= start.time() and end.time() <= window.closes
    return fits and (asked.action is not Action.VISIT_START or window.holds(asked.local(asked.now).time()))


def _not_on_holiday(asked: Asked, visit: VisitFacts) -> bool:
    local_day = asked.local(visit.starts_at).date()
    calendar = BusinessCalendar.of(asked.policy.business)
    return not any(calendar.is_public_holiday(day) for day in (asked.visit_day, local_day) if day)


def _complete_brief(asked: Asked, visit: VisitFacts) -> bool:
    """A proposal needs no crew yet; a confirmed visit has time, place, crew and purpose."""
    crew_named = visit.crew > 0 or asked.action is Action.VISIT_PROPOSAL
    return visit.place_named and visit.purpose is not None and crew_named


def _crew(enough: Callable[[Asked, VisitFacts], bool]) -> Callable[[Asked], bool]:
    return _of_visit(lambda asked, visit: asked.action is Action.VISIT_PROPOSAL or enough(asked, visit))


def _missing_channels(asked: Asked) -> list[str]:
    return sorted(set(asked.policy.visit.requires_failed_channels) - asked.facts.failed_channels)


VISIT_RULES: list[Rule] = [
    rule(RuleId.CONSENT_NOT_REVOKED, "visit.consent", lambda a: not a.facts.consent_revoked),
    rule(RuleId.VISIT_CONSENT, "visit.consent", _of_visit(_consented)),
    rule(
        RuleId.VISIT_INITIATOR,
        "visit.initiated_by",
        lambda a: a.follows_up or a.facts.initiator in a.policy.visit.initiated_by,
        lambda a: {"initiator": a.facts.initiator.value},
    ),
    rule(
        RuleId.VISIT_DOCUMENTS,
        "visit.requires_documents",
        _of_visit(lambda a, visit: visit.documents_complete or not a.policy.visit.requires_documents),
    ),
    rule(RuleId.VISIT_BRIEF, "visit.consent", _of_visit(_complete_brief)),
    rule(
        RuleId.VISIT_WINDOW,
        "visit.window",
        _of_visit(_in_window),
        lambda a: {
            "opens": a.policy.visit.window.opens.strftime("%H:%M"),
            "closes": a.policy.visit.window.closes.strftime("%H:%M"),
        },
    ),
    rule(RuleId.VISIT_HOLIDAY, "visit.window", _of_visit(_not_on_holiday), lambda a: {"day": a.visit_day}),
    rule(
        RuleId.VISIT_PER_MONTH,
        "visit.per_month",
        _of_visit(lambda a, visit: visit.other_visits_this_month < a.policy.visit.per_month),
        lambda a: {"most": a.policy.visit.per_month},
    ),
    rule(
        RuleId.VISIT_NOT_VULNERABLE,
        "visit.blocked_if",
        lambda a: (
            "vulnerable" not in a.policy.visit.blocked_if
            or not a.facts.holds & _FRAGILE
            or a.facts.lead_approved_vulnerable
        ),
    ),
    rule(
        RuleId.VISIT_NOT_REPRESENTED,
        "visit.blocked_if",
        lambda a: "represented" not in a.policy.visit.blocked_if or not a.facts.represented,
    ),
    rule(
        RuleId.CREW_MINIMUM,
        "visit.crew_min",
        _crew(lambda a, visit: visit.crew >= a.policy.visit.crew_min),
        lambda a: {"least": a.policy.visit.crew_min},
    ),
    rule(
        RuleId.CREW_TRAINED,
        "visit.training_required",
        _crew(lambda a, visit: visit.crew_trained >= visit.crew),
    ),
]

VISIT_FROM_LENDER_RULES: list[Rule] = [
    rule(
        RuleId.VISIT_MIN_DPD,
        "visit.lender_min_dpd",
        lambda a: a.follows_up or a.facts.dpd >= a.policy.visit.lender_min_dpd,
        lambda a: {"days": a.policy.visit.lender_min_dpd},
    ),
    rule(
        RuleId.VISIT_FAILED_CHANNELS,
        "visit.requires_failed_channels",
        lambda a: a.follows_up or not _missing_channels(a),
        lambda a: {"channels": _missing_channels(a)},
    ),
]
