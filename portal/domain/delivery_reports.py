"""What a gateway reports of messages it took: who signed it, and which entries it holds."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.vocabulary import MessageState

LARGEST = 64 * 1024  # bytes of a report
MOST = 500  # entries of a report
MAY_DIFFER = timedelta(minutes=5)  # between the clock of the gateway and ours, either way
SCHEME = "sha256="
STATES = (MessageState.DELIVERED, MessageState.UNDELIVERED)
LONGEST_REF = 200
_FIELDS = {"ref", "state", "provider_ref"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one message. `provider_ref`: what the gateway calls it."""

    ref: str
    state: MessageState
    provider_ref: str | None = None


class BadReport(ValueError):
    """A report that cannot be read: at which entry, in which field, and what is allowed there."""

    def __init__(self, where: str, allowed: str) -> None:
        super().__init__(f"{where}: {allowed}")
        self.where, self.allowed = where, allowed


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the signature of a body sent at a time, in whole seconds since 1970 as the header says it."""
    return SCHEME + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: bytes, *, timestamp: str, given: str, body: bytes, now: datetime) -> bool:
    """Whether whoever has the secret signed this body, and a short while ago. `now` is aware."""
    right = hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode())
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    return right and fresh and abs(now.timestamp() - int(timestamp)) <= MAY_DIFFER.total_seconds()


def read(body: bytes) -> Sequence[Entry]:
    """Return the entries of a report. BadReport: it is not one, and where."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReport("body", "a JSON list of entries") from None
    if not isinstance(found, list):
        raise BadReport("body", "a JSON list of entries")
    if len(found) > MOST:
        raise BadReport("body", f"at most {MOST} entries")
    entries = [_entry(f"entry {number}", each) for number, each in enumerate(found, 1)]
    if len({each.ref for each in entries}) < len(entries):
        raise BadReport("body", "each ref once")
    return entries


def _entry(where: str, raw: Any) -> Entry:
    if not isinstance(raw, dict) or not {"ref", "state"} <= raw.keys() <= _FIELDS:
        raise BadReport(where, "an object with ref and state, and provider_ref if there is one")
    if raw["state"] not in STATES:
        raise BadReport(f"{where}, state", "one of " + ", ".join(STATES))
    ref, named = raw["ref"], raw.get("provider_ref")
    for name, value in (("ref", ref), ("provider_ref", "-" if named is None else named)):
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= LONGEST_REF:
            raise BadReport(f"{where}, {name}", f"a text of 1 to {LONGEST_REF} characters")
    return Entry(ref, MessageState(raw["state"]), named)
