"""What the contact gate was told, in words: groups of facts, in the order a person asks for them."""

from collections.abc import Sequence
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import formats
from portal.domain.contact_facts import Facts, PreferredHours, VisitFacts
from portal.vocabulary import Locale, PlaceKind
from portal.web import locale, words
from portal.web.words.messages import WEEKDAYS
from portal.web.words.on_site import PLACES

Group = tuple[str, list[tuple[str, str]]]

_ASKED = {
    "initiator": _l("On whose initiative"),
    "asked_just_now": _l("The borrower had just asked for it"),
    "reminder": _l("A reminder of something agreed"),
    "telling": _l("Names the debt where others may see it"),
    "borrower_zone": _l("The borrower's time zone"),
}
_DEBT = {
    "overdue_confirmed": _l("Overdue, and confirmed"),
    "dpd": _l("Days past due"),
    "overdue_amount": _l("Overdue amount"),
    "cards_only": _l("Cards only"),
    "agreement_in_force": _l("An agreement is in force"),
    "agreement_kept": _l("The agreement is kept"),
}
_PERSON = {
    "channel_open": _l("A number or address is on file"),
    "right_party": _l("The number is the borrower's"),
    "opted_out": _l("Ways the borrower does not want"),
    "preferred": _l("When the borrower wants calls"),
    "nobody_at_home_knows": _l("Nobody at home knows"),
    "represented": _l("An adviser speaks for the borrower"),
    "holds": _l("Holds in force"),
    "breathing_space_since": _l("Breathing space since"),
    "exam_day": _l("Day of an exam"),
    "open_complaint": _l("A complaint is open"),
    "recused": _l("The complaint is about whoever acts"),
    "open_dispute": _l("The debt is disputed"),
    "consent_revoked": _l("Consent to visits withdrawn"),
    "lead_approved_vulnerable": _l("A lead agreed to a visit all the same"),
}
_TRIED = {
    "attempts_today": _l("Calls that day"),
    "attempts_this_week": _l("Calls in 7 days"),
    "unanswered_on_number_today": _l("Unanswered on this number that day"),
    "failed_calls_today": _l("Unanswered since last heard, that day"),
    "unanswered_days": _l("Days of calls without an answer"),
    "failed_channels": _l("Ways tried without an answer"),
    "conversations_today": _l("Conversations that day"),
    "conversations_this_week": _l("Conversations in 7 days"),
    "conversations_this_month": _l("Conversations in 30 days"),
    "last_conversation_at": _l("Last conversation"),
    "last_cycle_contact_at": _l("Last contact of the collection before"),
    "number_invalid": _l("The number proved wrong"),
}
_OTHERS = {
    "third_party_role": _l("Their part in the contract"),
    "third_party_calls": _l("Calls to other people so far"),
    "third_party_said_stop": _l("Somebody else asked for no more calls"),
    "outside_agency": _l("An outside agency acts"),
    "outside_agency_notice": _l("The borrower was told of the agency in writing"),
}
_VISIT = {
    "starts_at": _l("From"),
    "ends_at": _l("Until"),
    "place": _l("Place"),
    "purpose": _l("What for"),
    "place_named": _l("The place is named"),
    "service_consent": _l("Consent to the visit service"),
    "accepted_by_borrower": _l("The borrower agreed to the time"),
    "documents_complete": _l("All documents received"),
    "crew": _l("People who come"),
    "crew_trained": _l("Of them with valid training"),
    "other_visits_this_month": _l("Other visits that month"),
}
# What is not listed above but said elsewhere on the page, or in a group of its own.
ELSEWHERE = {"action_class", "number", "visit"}
GROUPS: Sequence[tuple[LazyString, dict[str, LazyString]]] = (
    (_l("The question"), _ASKED),
    (_l("The debt"), _DEBT),
    (_l("The borrower"), _PERSON),
    (_l("What was tried"), _TRIED),
    (_l("Other people"), _OTHERS),
)
VISIT_GROUP = (_l("The visit"), _VISIT)


def groups(facts: Facts, *, number: str | None, currency: str) -> list[Group]:
    """Return the groups with their facts as (what, said); amounts are in the currency of the case."""
    found = [_group(heading, labels, facts, currency) for heading, labels in GROUPS]
    if number:
        found[0][1].append((_("Phone"), number))
    if facts.visit is not None:
        found.insert(1, _group(*VISIT_GROUP, facts.visit, currency))
    return found


def _group(
    heading: LazyString, labels: dict[str, LazyString], facts: Facts | VisitFacts, currency: str
) -> Group:
    return str(heading), [
        (str(label), _said(name, getattr(facts, name), currency)) for name, label in labels.items()
    ]


def _said(name: str, value: object, currency: str) -> str:
    reader = locale.current_locale()
    if name == "borrower_zone":
        return str(get_timezone_location(str(value), locale=formats.babel_locale(reader)))
    if name == "overdue_amount" and isinstance(value, int):
        return formats.money(value, currency, reader)
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, int):
        return formats.number(value, reader)
    if value is None or value == frozenset():
        return str(_("None"))
    return _composed(value, reader, locale.current_zone())


def _composed(value: object, reader: Locale, zone: ZoneInfo) -> str:
    comma = ", " if reader is Locale.EN else "、"
    if isinstance(value, datetime):
        return formats.moment(value, reader, zone)
    if isinstance(value, date):
        return formats.day(value, reader)
    if isinstance(value, PreferredHours):
        days = comma.join(str(WEEKDAYS[each]) for each in sorted(value.days))
        return f"{days} · {_hour(value.opens)}–{_hour(value.closes)}"
    if isinstance(value, frozenset):
        return comma.join(sorted(words.label(each) for each in value))
    if isinstance(value, PlaceKind):
        return str(PLACES[value])
    assert isinstance(value, StrEnum)
    return words.label(value)


def _hour(value: time) -> str:
    return f"{value:%H:%M}"
