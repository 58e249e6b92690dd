"""The words of rules that are set aside once, by two people."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.vocabulary import OverrideState

REFUSALS = {
    "override_rules": _l("These rules cannot be set aside. Please choose among those that are shown."),
    "override_reason_missing": _l("Please write down your reason."),
    "override_waiting": _l("Somebody has asked for this already."),
    "override_not_waiting": _l("This was answered already, or the time for it is over."),
    "override_own_request": _l("You asked for this; somebody else decides."),
    "override_not_a_decider": _l("A lead or a manager decides."),
    "override_recused": _l("A complaint on this case is about you or your team; somebody else decides."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    OverrideState: {
        OverrideState.REQUESTED: _l("Waiting for an answer"),
        OverrideState.APPROVED: _l("Allowed once"),
        OverrideState.REFUSED: _l("Refused"),
        OverrideState.USED: _l("Used"),
    },
}
