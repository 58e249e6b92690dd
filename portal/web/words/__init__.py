"""The sentence for every refusal and the label for every word of the vocabulary, in the reader's language.

A module beside this one holds the words of one slice, in `REFUSALS` (code -> sentence) and `LABELS` (word ->
label, or vocabulary -> its words and labels). A guard test finds a code or a word without one.

Words of two vocabularies may be spelled alike (a visit and a plan are both `refused`) and then are one key
of a dictionary: inside one module such words stand under their vocabularies."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from portal.domain.refusals import Refused
from portal.web.words import (
    agreements,
    audit,
    book,
    borrower_entry,
    calls,
    complaints,
    confirmations,
    debts,
    entry,
    imports,
    messages,
    objections,
    on_site,
    operations,
    overrides,
    people,
    plans,
    policies,
    strategy,
    visits,
)

_SLICES = (
    entry,
    operations,
    overrides,
    calls,
    borrower_entry,
    debts,
    confirmations,
    complaints,
    objections,
    visits,
    plans,
    agreements,
    on_site,
    book,
    imports,
    messages,
    people,
    audit,
    policies,
    strategy,
)
REFUSALS = {code: sentence for part in _SLICES for code, sentence in part.REFUSALS.items()}
FACTS = {**operations.FACTS, **calls.FACTS, **plans.FACTS, **debts.FACTS}


class Labels(Mapping[StrEnum, object]):
    """Labels by word and vocabulary: words of two vocabularies that are spelled alike stay apart."""

    def __init__(self, parts: Iterable[Mapping[Any, Any]]) -> None:
        self._labels: dict[tuple[type, str], tuple[StrEnum, object]] = {}
        for part in parts:
            for key, said in part.items():
                for word, label in said.items() if isinstance(key, type) else [(key, said)]:
                    self._labels[type(word), word.value] = (word, label)

    def __getitem__(self, word: StrEnum) -> object:
        return self._labels[type(word), word.value][1]

    def __iter__(self) -> Iterator[StrEnum]:
        return iter([word for word, _ in self._labels.values()])

    def __len__(self) -> int:
        return len(self._labels)


LABELS = Labels(part.LABELS for part in _SLICES)


def refusal(refused: Refused) -> str:
    """Return the sentence for a refusal, its gaps filled with the refusal's facts."""
    facts = FACTS[refused.code](refused.facts) if refused.code in FACTS else refused.facts
    return str(REFUSALS[refused.code]) % facts


def label(word: StrEnum) -> str:
    """Return what a person calls a word of the vocabulary."""
    return str(LABELS[word])
