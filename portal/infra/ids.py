"""Names of things that may be shown: public references, and short numbers that survive being read aloud."""

import secrets

from ulid import ULID

# Crockford's alphabet without the letters that sound or look alike.
SPEAKABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """Return a ULID: 26 characters, unguessable enough to be public, ordered by time."""
    return str(ULID())


def new_number(prefix: str) -> str:
    """Return a number a person can read over the telephone, such as `C-7K3M-9QXD`."""
    return f"{prefix}-{_letters(4)}-{_letters(4)}"


def _letters(count: int) -> str:
    return "".join(secrets.choice(SPEAKABLE) for _ in range(count))
