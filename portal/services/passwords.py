"""Passwords of staff: which are strong enough, and how they are kept (argon2id)."""

import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

from portal.domain.refusals import Refused

LEAST, MOST = 12, 256
LEAST_SCORE = 3  # of 4: more than 10^8 guesses, with a list of common passwords and names
WEIGHED = 72  # characters the estimate looks at; what comes after only makes a password stronger
_hasher = PasswordHasher()
# Checked when no account has the address, so that both answers take the same time.
_DUMMY_HASH = _hasher.hash("there is no such account")


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Refused: the password is too short, too long, common, or easily guessed by who knows the words `about`
    the person."""
    same = _normal(password)
    if len(same) < LEAST:
        raise Refused("password_too_short", least=LEAST)
    if len(same) > MOST:
        raise Refused("password_too_long", most=MOST)
    if zxcvbn(same[:WEIGHED], user_inputs=_words(about))["score"] < LEAST_SCORE:
        raise Refused("password_too_easy")


def hashed(password: str) -> str:
    """Return what is stored in place of a password."""
    return _hasher.hash(_normal(password))


def fits(stored: str | None, password: str) -> bool:
    """Whether this is the password. With nothing stored, the same work is done in vain."""
    try:
        return _hasher.verify(stored or _DUMMY_HASH, _normal(password)) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """The same password however a keyboard composes its characters, and never one that cannot be encoded."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()


def _words(about: Iterable[str]) -> list[str]:
    """The words somebody would try first, whole and in parts."""
    whole = [text.strip().casefold() for text in about if text.strip()]
    parts = [part for text in whole for part in "".join(c if c.isalnum() else " " for c in text).split()]
    return [*whole, *(part for part in parts if len(part) > 2)]
