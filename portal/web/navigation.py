"""What stands in the menu, for whom."""

from dataclasses import dataclass

from flask import current_app, url_for
from flask_login import current_user

from portal.vocabulary import Role


@dataclass(frozen=True)
class Entry:
    endpoint: str
    label: str
    icon: str
    roles: frozenset[Role] = frozenset()
    pages: tuple[str, ...] = ()  # further endpoints that belong to this entry


@dataclass(frozen=True)
class Item:
    url: str
    label: str
    icon: str
    current: bool
    count: int = 0


BORROWER: tuple[Entry, ...] = ()
STAFF: tuple[Entry, ...] = ()


def for_person(endpoint: str | None) -> list[Item]:
    """The entries the signed-in person may open, with the current one marked."""
    if not current_user.is_authenticated:
        return []
    actor = current_user.actor
    entries = STAFF if actor.is_staff else BORROWER
    return [
        Item(
            url_for(entry.endpoint), str(entry.label), entry.icon, endpoint in (entry.endpoint, *entry.pages)
        )
        for entry in entries
        if entry.endpoint in current_app.view_functions and (not entry.roles or actor.has(*entry.roles))
    ]
