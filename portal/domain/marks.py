"""The mark somebody signs with: strokes drawn by hand, or the name typed in full."""

import re
import unicodedata
from dataclasses import dataclass

from portal.domain.refusals import Refused
from portal.vocabulary import SignatureMethod

# Strokes are SVG path data in whole units of a box 1000 units wide: `M120 200L130 204L…M300 …`.
BOX_WIDTH = 1000
LONGEST_PATH = 100_000
LEAST_LENGTH = 150  # units of all strokes together; less is a slip of the finger
_POINT = "[0-9]{1,4} [0-9]{1,4}"
_PATH = re.compile(rf"(?:M{_POINT}(?:L{_POINT})*)+")

Stroke = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Mark:
    """What is kept of a signature: path data, or a name."""

    method: SignatureMethod
    text: str


def read_mark(*, path: str, typed: str, name: str) -> Mark:
    """Return the mark somebody made: the drawn one if there is one, else their typed name.

    Refused: neither was made, the strokes are none, or the typed name is not the signer's `name`."""
    if path:
        strokes_of(path)
        return Mark(SignatureMethod.DRAWN, path)
    if not typed.strip():
        raise Refused("mark_missing")
    if _plain(typed) != _plain(name):
        raise Refused("mark_other_name", name=name)
    return Mark(SignatureMethod.TYPED, " ".join(typed.split()))


def strokes_of(path: str) -> tuple[Stroke, ...]:
    """Return the strokes of path data. Refused: it is not what the pad draws, or hardly anything is drawn."""
    if len(path) > LONGEST_PATH or not _PATH.fullmatch(path):
        raise Refused("mark_unreadable")
    strokes = tuple(_stroke(part) for part in path.removeprefix("M").split("M"))
    if sum(map(_length, strokes)) < LEAST_LENGTH:
        raise Refused("mark_missing")
    return strokes


def _stroke(part: str) -> Stroke:
    points = (point.split(" ") for point in part.split("L"))
    return tuple((int(x), int(y)) for x, y in points)


def _length(stroke: Stroke) -> int:
    """How far the pen went, counted along both axes."""
    steps = zip(stroke, stroke[1:], strict=False)
    return sum(abs(x2 - x1) + abs(y2 - y1) for (x1, y1), (x2, y2) in steps)


def _plain(name: str) -> str:
    """A name as it is compared: no spaces, marks of width or case."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
