"""The sentences about what comes next on a case, and about who has taken whom."""

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "call_claimed": _l("Somebody else is on this case right now. Take the next one."),
    "strategy_case_closed": _l("This case is closed: nothing comes next on it."),
    "strategy_without_reason": _l("Say why another step is better here."),
    "strategy_until": _l("Choose a day from today on, at most %(days)s days ahead."),
    "strategy_not_set": _l("Nobody chose a step here: the rules decide already."),
}
LABELS: dict[object, object] = {}
