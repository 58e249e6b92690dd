"""Entries of the audit record in the reader's language."""

from collections.abc import Mapping
from enum import StrEnum

from portal.domain.actor import ActorKind
from portal.web import words
from portal.web.words import audit, case_events

LONGEST = 40  # what is longer is a hash: its beginning tells it from others
SHORT = 12


def action(name: str) -> str:
    """Say what was done. An act without a sentence of its own is named the way the code names it."""
    if known := case_events.EVENTS.get(name):
        return str(known.sentence)
    return str(audit.ACTIONS[name]) if name in audit.ACTIONS else name.replace("_", " ").capitalize()


def subject(name: str) -> str:
    """Say what an entry is about: `visit/01J…` is a visit."""
    kind = name.partition("/")[0]
    return str(audit.SUBJECTS[kind]) if kind in audit.SUBJECTS else kind.replace("_", " ").capitalize()


def actor(name: str, staff: Mapping[str, str]) -> str:
    """Say who did something: a name of the staff, or the kind of person."""
    kind, _, ref = name.partition(":")
    said = str(case_events.ACTORS[ActorKind(kind)])
    if kind == ActorKind.STAFF:
        return staff.get(name, said)
    return f"{said} ({ref})" if kind == ActorKind.SYSTEM else said


def facts(name: str, told: Mapping[str, object]) -> str:
    """Say the facts of an entry: words where the vocabulary has them, else name and value."""
    known = case_events.EVENTS.get(name)
    kinds = known.said if known else {}
    return " · ".join(
        _fact(each, value, kinds.get(each)) for each, value in told.items() if value is not None
    )


def _fact(name: str, value: object, kind: type[StrEnum] | None) -> str:
    if kind and str(value) in set(kind):
        return words.label(kind(str(value)))
    said = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{name.replace('_', ' ')}: {said if len(said) <= LONGEST else said[:SHORT] + '…'}"
