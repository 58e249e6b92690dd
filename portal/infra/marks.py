"""A picture of a drawn signature, for paper."""

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

INK = (28, 36, 48)
MARGIN = 24
PEN = 7


def picture(strokes: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    """A PNG of the strokes, cut to what is drawn."""
    xs = [x for stroke in strokes for x, _ in stroke]
    ys = [y for stroke in strokes for _, y in stroke]
    left, top = min(xs) - MARGIN, min(ys) - MARGIN
    size = (max(xs) - left + MARGIN, max(ys) - top + MARGIN)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(x - left, y - top) for x, y in stroke]
        pen.line(points, fill=INK, width=PEN, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=INK)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def address(png: bytes) -> str:
    """The picture as an address that stands inside a document."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
