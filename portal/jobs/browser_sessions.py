"""Removes browsers' sessions that are over."""

from datetime import datetime

from portal.infra.installation import Installation
from portal.services import browser_sessions


def run(installation: Installation, *, now: datetime) -> int:
    """Delete what has expired. Returns how many."""
    with installation.writing.begin() as session:
        return browser_sessions.remove_expired(session, now=now)
