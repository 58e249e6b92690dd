"""Names of things that may be shown: public references, and short numbers that survive being read aloud."""

import secrets

from ulid import ULID

_LETTERS = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ" * 8  # a letter for each byte, all of them as likely
_MOMENT, _RANDOM = 10, 16  # letters of a ULID that say when, and those that are random
# Crockford's alphabet without the letters that sound or look alike.
SPEAKABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """Return a ULID: 26 characters, unguessable enough to be public, ordered by time."""
    return str(ULID())


def new_refs(count: int) -> list[str]:
    """Return many references at once, in rising order: a row by row insert into their index is quick then."""
    moment = new_ref()[:_MOMENT]
    letters = secrets.token_bytes(count * _RANDOM).translate(_LETTERS).decode()
    return sorted(moment + letters[at : at + _RANDOM] for at in range(0, len(letters), _RANDOM))


def new_number(prefix: str) -> str:
    """Return a number a person can read over the telephone, such as `C-7K3M-9QXD`."""
    return f"{prefix}-{_letters(4)}-{_letters(4)}"


def _letters(count: int) -> str:
    return "".join(secrets.choice(SPEAKABLE) for _ in range(count))
