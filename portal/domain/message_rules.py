"""What a message may say: its gaps, what must stand in it, what may not, and how long it is.

A text has gaps written `{amount}`; nothing in it is run. Its words are judged as a reader would see them:
whatever the width, case or spaces."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from portal.vocabulary import ActionClass, Channel

GAP = re.compile(r"\{([^{}\n]*)\}")
# What tells of a debt to whoever sees it on a locked screen.
TELLING = frozenset({"amount", "days", "account", "reference", "consequence", "date"})
TELLING_WORDS = (
    "overdue",
    "debt",
    "arrears",
    "you owe",
    "repayment",
    "逾期",
    "欠",
    "債",
    "债",
)
LONGEST_SUBJECT = 120
LONGEST_BODY = 4_000
MOST_SEGMENTS = 8
# GSM 03.38: its characters take one place, those of its extension two; anything else makes the text UCS-2.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")


class Problem(StrEnum):
    """What is wrong with a text; its sentence is in `web/words`."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    BRACE = "brace"
    UNKNOWN_GAP = "unknown_gap"
    MISSING_GAP = "missing_gap"
    FORBIDDEN = "forbidden"
    PREVIEW_TELLS = "preview_tells"
    NOT_NEUTRAL = "not_neutral"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A problem of a text: `what` is the gap or the words, `heading` the red line they cross."""

    problem: Problem
    what: str = ""
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class TextRule:
    """What one text of a lender may and must hold. `neutral`: it says nothing of a debt to anybody;
    `instead`: the neutral text for whoever keeps it from the people at home; `reminder`: it reminds of what
    was agreed and demands nothing."""

    action_class: ActionClass
    gaps: frozenset[str]
    required: frozenset[str] = frozenset()
    channels: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL)
    neutral: bool = False
    instead: str | None = None
    reminder: bool = False

    @property
    def telling(self) -> bool:
        """Whether it names the debt where somebody else may see it."""
        return self.action_class is ActionClass.COLLECTION and not self.neutral


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words that may not be sent, and the red line they cross."""

    heading: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text with its gaps, or filled in. Only an e-mail has a subject."""

    subject: str | None
    body: str
    template_id: int | None = field(default=None, compare=False)  # the lender's own version

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.subject, self.body) if self.subject is not None else (self.body,)

    @property
    def gaps(self) -> frozenset[str]:
        return frozenset(name for part in self.parts for name in GAP.findall(part))


def _collection(gaps: str, required: str, *, reminder: bool = False, neutral: bool = False) -> TextRule:
    return TextRule(
        action_class=ActionClass.COLLECTION,
        gaps=frozenset(gaps.split()),
        required=frozenset(required.split()),
        neutral=neutral,
        instead=None if neutral else NEUTRAL,
        reminder=reminder,
    )


def _service(gaps: str, required: str = "") -> TextRule:
    return TextRule(
        action_class=ActionClass.SERVICE, gaps=frozenset(gaps.split()), required=frozenset(required.split())
    )


NEUTRAL = "neutral_reminder"
# The texts that a lender may put in its own words. Collection holds what sentences S16 to S18 ask for.
TEXTS: Mapping[str, TextRule] = {
    "overdue_reminder": _collection(
        "lender amount days account reference consequence hotline",
        "amount days account reference consequence hotline",
    ),
    "promise_reminder": _collection(
        "lender amount date account reference hotline",
        "amount date account reference hotline",
        reminder=True,
    ),
    "promise_broken": _collection(
        "lender amount date account reference hotline", "amount date account hotline"
    ),
    NEUTRAL: _collection("hotline", "hotline", neutral=True),
    "preferences_changed": _service("lender hotline", "hotline"),
    "code_entry": _service("lender code", "code"),
    "code_signature": _service("lender code", "code"),
    "personal_link": _service("lender hours url", "hours url"),
    "agreement_offered": _service("lender number", "number"),
    "agreement_sealed": _service("lender number", "number"),
    "proof_complete": _service("lender"),
}


def check(name: str, channel: Channel, text: Text, forbidden: Iterable[Phrase] = ()) -> list[Found]:
    """Return everything that is wrong with a text that still has its gaps."""
    rule = TEXTS[name]
    found = [*_shape(channel, text), *_gaps(rule, text), *words_crossing(text, forbidden)]
    if rule.neutral:
        found += [Found(problem=Problem.NOT_NEUTRAL, what=each) for each in _tells(text.parts)]
    elif rule.action_class is ActionClass.COLLECTION:
        preview = text.subject if text.subject is not None else _first_line(text.body)
        found += [Found(problem=Problem.PREVIEW_TELLS, what=each) for each in _tells([preview])]
    return found


def words_crossing(text: Text, forbidden: Iterable[Phrase]) -> list[Found]:
    """Return the forbidden words in a text, filled in or not, each once."""
    plain = [_plain(part) for part in text.parts]
    return [
        Found(problem=Problem.FORBIDDEN, what=phrase.words, heading=phrase.heading)
        for phrase in dict.fromkeys(forbidden)
        if any(_pattern(phrase.words).search(part) for part in plain)
    ]


def fill(text: Text, facts: Mapping[str, object]) -> Text:
    """Put the facts into the gaps. KeyError: a gap has no fact. What a fact holds is no gap."""
    filled = [GAP.sub(lambda match: str(facts[match[1]]), part) for part in text.parts]
    subject = " ".join(filled[0].split()) if text.subject is not None else None
    return Text(subject=subject, body=filled[-1], template_id=text.template_id)


def segments(body: str) -> int:
    """Return as how many SMS a text travels: 160 or 153 places each, 70 or 67 where a character needs two
    bytes (3GPP TS 23.038, 23.040)."""
    if all(each in _GSM or each in _GSM_TWICE for each in body):
        length, single, joined = len(body) + sum(each in _GSM_TWICE for each in body), 160, 153
    else:
        length, single, joined = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // joined)


def _shape(channel: Channel, text: Text) -> list[Found]:
    found = []
    if not text.body.strip() or (channel is Channel.EMAIL and not (text.subject or "").strip()):
        found.append(Found(problem=Problem.EMPTY))
    long_subject = len(text.subject or "") > LONGEST_SUBJECT
    many = channel is Channel.SMS and segments(text.body) > MOST_SEGMENTS
    if long_subject or len(text.body) > LONGEST_BODY or many:
        found.append(Found(problem=Problem.TOO_LONG))
    if any(brace in GAP.sub("", part) for part in text.parts for brace in "{}"):
        found.append(Found(problem=Problem.BRACE))
    return found


def _gaps(rule: TextRule, text: Text) -> list[Found]:
    in_body = frozenset(GAP.findall(text.body))
    unknown = [
        Found(problem=Problem.UNKNOWN_GAP, what=f"{{{name}}}") for name in sorted(text.gaps - rule.gaps)
    ]
    missing = [
        Found(problem=Problem.MISSING_GAP, what=f"{{{name}}}") for name in sorted(rule.required - in_body)
    ]
    return unknown + missing


def _tells(parts: Collection[str]) -> list[str]:
    """The gaps and words of a text that tell of a debt."""
    gaps = {name for part in parts for name in GAP.findall(part)} & TELLING
    plain = [_plain(GAP.sub(" ", part)) for part in parts]
    said = [word for word in TELLING_WORDS if any(_pattern(word).search(part) for part in plain)]
    return [f"{{{name}}}" for name in sorted(gaps)] + said


def _first_line(body: str) -> str:
    """What a telephone shows while it is locked."""
    return body.strip().partition("\n")[0]


def _plain(text: str) -> str:
    """One width, one case, and nothing that cannot be seen."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if unicodedata.category(each) != "Cf")


@cache
def _pattern(words: str) -> re.Pattern[str]:
    """Find words with anything between their characters that is neither letter nor digit.

    Words of the Latin alphabet stand alone: `sue` is not in `issue`. Chinese has no such edges."""
    characters = [each for each in _plain(words) if each.isalnum()]
    if not characters:
        return re.compile(r"(?!)")
    before = r"(?<![a-z0-9])" if characters[0].isascii() else ""
    after = r"(?![a-z0-9])" if characters[-1].isascii() else ""
    return re.compile(before + r"[\W_]*".join(map(re.escape, characters)) + after)
