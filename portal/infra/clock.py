"""The only place that reads the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only ever pass, whatever is done to the clock: for how long something took or lasts."""
    return time.monotonic()
