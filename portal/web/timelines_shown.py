"""One entry of the timeline as lines of a page, for staff and for the borrower: the same entries, each in the
words for who reads it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from portal import formats
from portal.domain.actor import ActorKind
from portal.services.timelines import Entry, Page
from portal.vocabulary import Channel, ContactOutcome
from portal.web import words
from portal.web.locale import current_locale, current_zone
from portal.web.words import borrower_entry, case_events
from portal.web.words import timeline as said

# The borrower contests what was written down, not what was said about that in turn.
NOT_CONTESTED = frozenset({"entry_contested", "contest_answered"})
SAME_MINUTE = timedelta(minutes=1)


def actions_of(known: Iterable[str], kind: str | None) -> frozenset[str]:
    """Return those of some acts that are of a kind; all of them when no such kind exists."""
    wanted = said.EntryKind(kind) if kind in set(said.EntryKind) else None
    return frozenset(action for action in known if wanted is None or said.kind_of(action) is wanted)


def for_staff(page: Page) -> list[dict[str, Any]]:
    """Write the entries of a page as staff read them."""
    return [_for_staff(entry, page) for entry in page.entries]


def for_borrower(page: Page) -> list[dict[str, Any]]:
    """Write the entries of a page as the borrower reads them."""
    return [_for_borrower(entry, page) for entry in page.entries]


def _for_staff(entry: Entry, page: Page) -> dict[str, Any]:
    known = case_events.EVENTS.get(entry.action)
    told = known or case_events.UNNAMED
    facts = [
        words.label(kind(str(entry.facts[name]))) for name, kind in told.said.items() if entry.facts.get(name)
    ]
    contact = entry.contact
    if contact is not None:
        facts = [
            words.label(each)
            for each in (_outcome(entry), contact.result, contact.reason, contact.attitude)
            if each is not None
        ]
    person = page.people.get(entry.actor)
    return {
        **_common(entry, page),
        "title": said.METHODS[contact.channel, contact.inbound] if contact else told.sentence,
        "text": " · ".join(facts) if known or contact else entry.action,
        "icon": said.ICONS[contact.channel] if contact else told.icon,
        "tone": told.tone,
        "quote": contact.feedback if contact else "",
        "by": person.name if person else case_events.ACTORS[ActorKind(entry.actor.partition(":")[0])],
    }


def _for_borrower(entry: Entry, page: Page) -> dict[str, Any]:
    told = borrower_entry.EVENTS[entry.action]
    contact = entry.contact
    person = page.people.get(entry.actor)
    heard = contact is not None and _outcome(entry) not in said.OF_SOMEBODY_ELSE
    return {
        **_common(entry, page),
        "title": said.METHODS_TOLD[contact.channel, contact.inbound] if contact else told.sentence,
        "text": formats.sentences(_told(entry), current_locale()),
        "icon": said.ICONS[contact.channel] if contact else told.icon,
        "tone": told.tone or "",
        "quote": contact.feedback if contact and heard else "",
        "by": _("Staff number %(number)s", number=person.number) if person and contact else "",
        "can_contest": entry.contest is None and entry.action not in NOT_CONTESTED,
    }


def _common(entry: Entry, page: Page) -> dict[str, Any]:
    locale, zone = current_locale(), current_zone()
    contact, promise = entry.contact, entry.promise
    late = contact is not None and abs(entry.at - contact.at) > SAME_MINUTE
    at = contact.at if contact is not None else entry.at
    answered_by = entry.contest.answered_by if entry.contest else None
    return {
        "name": entry.name,
        "iso": at.isoformat(timespec="seconds"),
        "when": formats.moment(at, locale, zone),
        "recorded": formats.moment(entry.at, locale, zone) if late else "",
        "call_back": formats.moment(contact.call_back_at, locale, zone)
        if contact and contact.call_back_at
        else "",
        "promise": (
            formats.money(promise.amount, promise.currency, locale),
            formats.day(promise.due_on, locale),
        )
        if promise
        else None,
        "contest": entry.contest,
        "answered_by": page.people.get(answered_by) if answered_by else None,
    }


def _told(entry: Entry) -> Iterable[str]:
    contact = entry.contact
    if contact is None:
        if entry.facts.get("channel") and entry.action == "message_sent":
            yield words.label(Channel(str(entry.facts["channel"])))
        return
    outcome = _outcome(entry)
    if outcome is not None:
        yield str(said.OUTCOMES_TOLD[outcome])
    if contact.result is not None:
        yield str(said.RESULTS_TOLD[contact.result])
    if contact.reason is not None:
        yield _("The reason you gave: %(reason)s.", reason=words.label(contact.reason))
    if contact.attitude is not None:
        yield str(said.ATTITUDES_TOLD[contact.attitude])


def _outcome(entry: Entry) -> ContactOutcome | None:
    """What came of a contact; None for one that is known only by an older word."""
    assert entry.contact is not None
    known = set(ContactOutcome)
    return ContactOutcome(entry.contact.outcome) if entry.contact.outcome in known else None


def tabs_of(endpoint: str, kind: str | None, **names: Any) -> list[dict[str, Any]]:
    """Return the tabs by which a timeline is filtered, each a page of its own."""
    kinds: list[tuple[str | None, object]] = [(None, _("Everything")), *said.KINDS.items()]
    return [
        {"url": url_for(endpoint, kind=each, **names), "label": label, "current": each == kind}
        for each, label in kinds
    ]
