"""Codes for a camera, as pictures inside a page: drawn without styles, which the browser would refuse."""

import segno
from markupsafe import Markup


def picture(text: str) -> Markup:
    """Return a QR code of a text as inline SVG, with the class `qr`."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=2, svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704  (drawn by us)
