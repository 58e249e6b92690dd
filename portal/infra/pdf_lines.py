"""Where a line of Chinese may end in a PDF.

The renderer's own rule for `-pdf-word-wrap: CJK` breaks between any two characters, so that an amount such
as "NT$ 6,100.00" ends up on two lines and a line may begin with "；". Here Latin words and figures stay whole
and punctuation keeps to its side (the line-start and line-end rules of Chinese typesetting)."""

from collections.abc import Sequence
from typing import Any

from xhtml2pdf import reportlab_paragraph as paragraphs

MAY_NOT_START = frozenset("、。，．：；！？）］｝〕〉》」』】〗”’…—～·％‰℃°!%),.:;?]}々〜")
MAY_NOT_END = frozenset("（［｛〔〈《「『【〖“‘([{$¥￥＄")
FIRST_CJK = "\u2e80"


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between these two characters."""
    if after == " " or after in MAY_NOT_START or before in MAY_NOT_END:
        return False
    return before == " " or before >= FIRST_CJK or after >= FIRST_CJK


def _fitting(glyphs: Sequence[Any], start: int, width: float) -> int:
    """The index after the last glyph of the line that begins at `start`; at least one glyph further."""
    used = 0.0
    last_break = start
    for index in range(start, len(glyphs)):
        glyph = glyphs[index]
        if hasattr(glyph.frag, "lineBreak"):
            return index
        if index > start and _may_break(str(glyphs[index - 1]), str(glyph)):
            last_break = index
        used += glyph.width
        if used > width + paragraphs._FUZZ and glyph != " ":
            return last_break if last_break > start else max(index, start + 1)
    return len(glyphs)


def split_lines(
    frags: Sequence[Any], max_widths: Sequence[float], calc_bounds: bool, encoding: str = "utf8"
) -> Any:
    """Divide the fragments of one paragraph into lines no wider than `max_widths` (points)."""
    glyphs: list[Any] = []
    for frag in frags:
        text = frag.text if isinstance(frag.text, str) else frag.text.decode(encoding)
        glyphs.extend(paragraphs.cjkU(part, frag, encoding) for part in (text or [""]))

    lines: list[Any] = []
    start = 0
    while start < len(glyphs):
        width = max_widths[min(len(lines), len(max_widths) - 1)]
        end = _fitting(glyphs, start, width)
        line = glyphs[start:end]
        forced = end < len(glyphs) and hasattr(glyphs[end].frag, "lineBreak")
        spare = width - sum(glyph.width for glyph in line)
        lines.append(paragraphs.makeCJKParaLine(line or glyphs[end : end + 1], spare, calc_bounds))
        start = end + 1 if forced else end
        while start < len(glyphs) and glyphs[start] == " " and not forced:
            start += 1
    return paragraphs.ParaLines(kind=1, lines=lines)


def install() -> None:
    """Make the renderer of this process divide Chinese paragraphs by these rules."""
    paragraphs.cjkFragSplit = split_lines
