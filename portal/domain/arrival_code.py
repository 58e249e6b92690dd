"""The code that shows the borrower that the person at the door is the one who was announced.

Tablet and phone compute it without a network from the seed of the visit (RFC 4226 and 6238, with SHA-256). It
rotates every five minutes; the code of the day is the one printed on the page and sent the evening before."""

import hmac
import unicodedata
from datetime import date, datetime, timedelta
from hashlib import sha256

SEED_BYTES = 32
STEP = timedelta(minutes=5)
DIGITS = 6
DAY_DIGITS = 4


def code_at(seed: bytes, moment: datetime, *, step: timedelta = STEP, digits: int = DIGITS) -> str:
    """The code of the step a moment (aware) lies in."""
    return _code(seed, _counter(moment, step), digits)


def valid_until(moment: datetime, *, step: timedelta = STEP) -> datetime:
    """When the code of a moment gives way to the next."""
    return moment + step - timedelta(seconds=moment.timestamp() % step.total_seconds())


def matches(
    seed: bytes,
    typed: str,
    moment: datetime,
    *,
    step: timedelta = STEP,
    digits: int = DIGITS,
    tolerance: int = 1,
) -> bool:
    """Whether a code is the one of a moment, or of `tolerance` steps around it for clocks that differ."""
    counter = _counter(moment, step)
    near = range(max(counter - tolerance, 0), counter + tolerance + 1)
    return any(_same(typed, _code(seed, each, digits)) for each in near)


def code_of_day(seed: bytes, day: date, *, digits: int = DAY_DIGITS) -> str:
    """The code of the whole day of a visit in the lender's zone; the phone needs no clock and no script."""
    return _truncated(hmac.digest(_key(seed), b"day " + day.isoformat().encode(), sha256), digits)


def matches_day(seed: bytes, typed: str, day: date, *, digits: int = DAY_DIGITS) -> bool:
    return _same(typed, code_of_day(seed, day, digits=digits))


def _counter(moment: datetime, step: timedelta) -> int:
    if moment.utcoffset() is None:
        raise ValueError("a code needs an aware moment")
    return int(moment.timestamp() // step.total_seconds())


def _code(seed: bytes, counter: int, digits: int) -> str:
    return _truncated(hmac.digest(_key(seed), counter.to_bytes(8, "big"), sha256), digits)


def _truncated(digest: bytes, digits: int) -> str:
    """Dynamic truncation, RFC 4226 section 5.3."""
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def _key(seed: bytes) -> bytes:
    if len(seed) < SEED_BYTES:
        raise ValueError(f"the seed of a visit is at least {SEED_BYTES} bytes")
    return seed


def _same(typed: str, code: str) -> bool:
    plain = "".join(unicodedata.normalize("NFKC", typed).split()).replace("-", "")
    return hmac.compare_digest(plain.encode(), code.encode())
