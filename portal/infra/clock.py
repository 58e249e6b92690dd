"""The only place that reads the time."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
