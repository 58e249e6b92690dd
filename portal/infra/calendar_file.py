"""Calendar files that every telephone understands (RFC 5545)."""

from datetime import datetime

from icalendar import Calendar, Event

PRODUCT = "-//Good Terms//Visits//EN"


def event(
    *,
    uid: str,
    summary: str,
    starts_at: datetime,
    ends_at: datetime,
    written_at: datetime,
    location: str = "",
    description: str = "",
) -> bytes:
    """Return one event as a calendar file. Times are aware."""
    entry = Event()
    entry.add("uid", uid)
    entry.add("summary", summary)
    entry.add("dtstart", starts_at)
    entry.add("dtend", ends_at)
    entry.add("dtstamp", written_at)
    for name, text in (("location", location), ("description", description)):
        if text:
            entry.add(name, text)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    return bytes(calendar.to_ical())
