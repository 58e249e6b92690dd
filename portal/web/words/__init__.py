"""The sentence for every refusal and the label for every word of the vocabulary, in the reader's language.

A module beside this one holds the words of one slice, in `REFUSALS` (code -> sentence) and `LABELS` (word ->
label). A guard test finds a code or a word without one."""

from enum import StrEnum

from portal.domain.refusals import Refused
from portal.web.words import entry

_SLICES = (entry,)
REFUSALS = {code: sentence for part in _SLICES for code, sentence in part.REFUSALS.items()}
LABELS = {word: label for part in _SLICES for word, label in part.LABELS.items()}


def refusal(refused: Refused) -> str:
    """Return the sentence for a refusal, its gaps filled with the refusal's facts."""
    return str(REFUSALS[refused.code]) % refused.facts


def label(word: StrEnum) -> str:
    """Return what a person calls a word of the vocabulary."""
    return str(LABELS[word])
