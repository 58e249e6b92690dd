"""The keys of a pack that rule words and rhythm: how often who is contacted, and what may not be said."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from portal.domain.policy.readers import each_of, list_of, member, one_of, table, whole, words
from portal.vocabulary import Channel, Locale

# The eight red lines of the China Banking Association's guideline on collection.
RED_LINES = (
    "impersonation",
    "privacy_leak",
    "threats",
    "false_claims",
    "extra_fees",
    "new_borrowing",
    "public_posting",
    "private_phones",
)
CONSEQUENCES = ("interest_continues", "late_fee", "credit_record", "legal_claim")
_WRITTEN_OR_SPOKEN = (Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.LETTER)


@dataclass(frozen=True)
class Cadence:
    """How often a bucket is contacted when nothing else is due, and by what, the first first."""

    bucket: str
    every_days: int
    channels: tuple[Channel, ...]


@dataclass(frozen=True, kw_only=True)
class StrategyPolicy:
    cadence: Annotated[
        tuple[Cadence, ...],
        list_of(
            table(
                Cadence,
                bucket=words(12),
                every_days=whole(1, 60),
                channels=list_of(member(Channel, *_WRITTEN_OR_SPOKEN), least=1, most=4),
            ),
            least=1,
            most=12,
        ),
    ]


@dataclass(frozen=True)
class RedLineCrossed:
    """A phrase found in a text, and the red line it crosses."""

    red_line: str
    phrase: str


@dataclass(frozen=True, kw_only=True)
class MessagePolicy:
    """`forbidden`: phrases by red line and language. `consequences`: the approved texts, by their names."""

    forbidden: Annotated[
        Mapping[str, Mapping[Locale, tuple[str, ...]]],
        each_of(RED_LINES, each_of(tuple(Locale), list_of(words(60, 2), least=1, most=60))),
    ]
    consequences: Annotated[tuple[str, ...], list_of(one_of(*CONSEQUENCES))]

    def crossed_by(self, text: str) -> list[RedLineCrossed]:
        """Name every forbidden phrase of any language in a text, whatever its case, width and spacing."""
        found = (
            RedLineCrossed(red_line, phrase)
            for red_line, languages in self.forbidden.items()
            for phrases in languages.values()
            for phrase in phrases
            if _says(text, phrase)
        )
        return list(dict.fromkeys(found))


def _says(text: str, phrase: str) -> bool:
    """Latin letters as whole words, so that `or else` is not in `or elsewhere`; Chinese anywhere."""
    if phrase.isascii():
        return re.search(rf"(?<!\w){re.escape(_bare(phrase))}(?!\w)", _bare(text)) is not None
    return _bare(phrase).replace(" ", "") in _bare(text).replace(" ", "")


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").split())
