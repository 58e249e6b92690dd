"""The values of a policy pack as people write them: lines of words for every key."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from portal import formats
from portal.vocabulary import Channel, HoldReason, Initiator, Locale, ProofKind, Tier
from portal.web import words
from portal.web.locale import current_locale
from portal.web.words import policies as pack_words

AMOUNTS = {
    "contact.ignored_shortfall",
    "plan.min_instalment",
    "promise.min_amount",
    "interest.card_late_fees",
}
MULTIPLIERS = {"interest.penalty_multiplier", "budget.living_cost_floor_multiplier"}
_ENUMS = (Channel, HoldReason, Initiator, ProofKind)
_SHARES = ("penalty_waiver", "interest_reduction", "interest_waiver")
_MONTHS = ("grace_months", "pause_months", "extension_months")
_AS_IT_IS = {"business.timezone", "business.currency", "business.calendar"}


def lines(key: str, value: Any, currency: str) -> list[str]:
    """Return what a key says, a line for each thing. `value` is plain, amounts are minor units."""
    if key in _TABLES:
        return _TABLES[key](value, currency)
    if isinstance(value, list):
        if key in ("contact.window", "visit.window"):
            return ["–".join(value)]
        return [_comma().join(_one(key, each, currency) for each in value)] if value else [_("None")]
    return [_one(key, value, currency)]


def _one(key: str, value: bool | int | str, currency: str) -> str:
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, int):
        return _money(value, currency) if key in AMOUNTS else formats.number(value, current_locale())
    if key.startswith("contacts."):
        return value or _("Not named")
    if key in MULTIPLIERS:
        return f"× {value}"
    return value if key in _AS_IT_IS else _word(value)


def _word(value: str) -> str:
    """A word of the vocabulary or of the packs; else a day or a share."""
    for kind in _ENUMS:
        if value in tuple(kind):
            return str(words.LABELS[kind(value)])
    if value in pack_words.VALUES:
        return str(pack_words.VALUES[value])
    if value.count("-") == 2:
        return formats.day(date.fromisoformat(value), current_locale())
    return _share(value)


def _share(value: str) -> str:
    return formats.rate(int(Decimal(value) * 1_000_000), current_locale())


def _money(minor: int, currency: str) -> str:
    return formats.money(minor, currency, current_locale())


def _comma() -> str:
    return ", " if current_locale() is Locale.EN else "、"


def _buckets(value: Sequence[Mapping[str, Any]], _currency: str) -> list[str]:
    return [_("%(stage)s: from day %(day)s", stage=each["name"], day=each["first_dpd"]) for each in value]


def _cadence(value: Sequence[Mapping[str, Any]], _currency: str) -> list[str]:
    return [
        _(
            "%(stage)s: every %(days)s days, by %(ways)s",
            stage=each["bucket"],
            days=each["every_days"],
            ways=_comma().join(map(_word, each["channels"])),
        )
        for each in value
    ]


def _living(value: Sequence[Mapping[str, Any]], currency: str) -> list[str]:
    return [
        _(
            "%(place)s: adult %(adult)s, child %(child)s",
            place=_comma().join(each["cities"]) or _("Everywhere else"),
            adult=_money(each["adult"], currency),
            child=_money(each["child"], currency),
        )
        for each in value
    ]


def _tiers(value: Sequence[Mapping[str, Any]], _currency: str) -> list[str]:
    return [
        _(
            "%(tier)s: %(limits)s",
            tier=words.LABELS[Tier(each["tier"])],
            limits=_comma().join(_limits(each)) or _("None"),
        )
        for each in value
    ]


def _limits(tier: Mapping[str, Any]) -> list[str]:
    """How far a tier's yes goes; what it may not give is left out."""
    share = {name: _share(tier[name]) for name in _SHARES if Decimal(tier[name])}
    months = {name: tier[name] for name in _MONTHS if tier[name]}
    said = [
        "penalty_waiver" in share and _("penalty interest %(share)s", share=share["penalty_waiver"]),
        "interest_reduction" in share and _("less interest %(share)s", share=share["interest_reduction"]),
        "interest_waiver" in share and _("interest waived %(share)s", share=share["interest_waiver"]),
        "grace_months" in months and _("grace %(months)s months", months=months["grace_months"]),
        "pause_months" in months and _("pause %(months)s months", months=months["pause_months"]),
        "extension_months" in months and _("longer by %(months)s months", months=months["extension_months"]),
    ]
    return [each for each in said if each]


def _forbidden(value: Mapping[str, Mapping[str, Sequence[str]]], _currency: str) -> list[str]:
    """The phrases of the reader's language; the others count as well."""
    own = current_locale().value
    return [
        _("%(heading)s: %(phrases)s", heading=pack_words.VALUES[red_line], phrases=" · ".join(phrases[own]))
        for red_line, phrases in value.items()
    ]


def _steps(value: Sequence[Sequence[str]], _currency: str) -> list[str]:
    said = _comma().join(map(_word, value[0]))
    for each in value[1:]:
        said = _("%(first)s, then %(second)s", first=said, second=_comma().join(map(_word, each)))
    return [said]


_TABLES: Mapping[str, Callable[[Any, str], list[str]]] = {
    "ageing.buckets": _buckets,
    "strategy.cadence": _cadence,
    "budget.living_standards": _living,
    "plan.concession_tiers": _tiers,
    "message.forbidden": _forbidden,
    "contact.first_channels": _steps,
}
