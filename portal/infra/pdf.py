"""HTML to PDF: Chinese fonts embedded, resources from static/ only, the same facts give the same bytes."""

import io
import logging
import threading
from functools import cache

import pikepdf
from reportlab import rl_config
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from xhtml2pdf import default as renderer_defaults
from xhtml2pdf import pisa
from xhtml2pdf.config.resources import ResourceAccessPolicy

from portal.config import ROOT
from portal.infra import pdf_lines
from portal.infra.texts import language_tag
from portal.vocabulary import Locale

STATIC = ROOT / "static"
FONTS = STATIC / "vendor" / "fonts"
FAMILIES = {"Noto Sans TC": "NotoSansTC", "Noto Sans SC": "NotoSansSC"}
WEIGHTS = ("400Regular", "700Bold")
FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")

_lock = threading.Lock()
_log = logging.getLogger("xhtml2pdf")


class PdfError(Exception):
    """The document could not be made exactly as its facts say; nothing was produced."""


class _Complaints(logging.Handler):
    """Keeps what the renderer would only have logged: a character without glyph, a refused picture."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().splitlines()[0])


@cache
def _prepare() -> None:
    """Register the fonts once per process (about 0.3 s, 30 MB) and switch off dates and random ids."""
    rl_config.invariant = 1
    pdf_lines.install()
    for family, stem in FAMILIES.items():
        for bold, weight in enumerate(WEIGHTS):
            name = f"{stem}-{weight[3:]}"
            try:
                pdfmetrics.registerFont(TTFont(name, FONTS / f"{stem}_{weight}.ttf"))
            except (OSError, TTFError) as problem:
                raise PdfError(f"font {stem}_{weight}.ttf is missing or damaged: run make setup") from problem
            for italic in (0, 1):
                addMapping(family.lower(), bold, italic, name)
        renderer_defaults.DEFAULT_FONT[family.lower()] = family.lower()
    # The renderer names these two, which are never embedded, before pictures and for the dots of lists.
    for name in ("Helvetica", "Symbol"):
        pdfmetrics.registerFont(TTFont(name, FONTS / "NotoSansTC_400Regular.ttf"))


def render(html: str, *, locale: Locale, title: str) -> bytes:
    """The PDF of one HTML document; addresses in it are relative to static/.

    Raises PdfError for anything a reader would miss: a character no font has, a picture that may not be
    fetched, a font that is not embedded, markup that cannot be laid out."""
    out = io.BytesIO()
    complaints = _Complaints()
    policy = ResourceAccessPolicy.server(STATIC, allow_remote=False)
    with _lock:
        _prepare()
        _log.addHandler(complaints)
        propagate, _log.propagate = _log.propagate, False
        try:
            result = pisa.CreatePDF(
                html,
                out,
                path=str(STATIC / "document.html"),
                encoding="utf-8",
                context_meta={"title": title},
                resource_policy=policy,
            )
        except Exception as problem:
            raise PdfError(f"cannot lay out the document: {problem}") from problem
        finally:
            _log.removeHandler(complaints)
            _log.propagate = propagate
    if complaints.lines or result.err:
        raise PdfError("; ".join(dict.fromkeys(complaints.lines)) or "the document has errors")
    return _finish(out.getvalue(), locale, title)


def _finish(data: bytes, locale: Locale, title: str) -> bytes:
    """Set title and language, drop invented dates, and check that every font is inside the file."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        _require_embedded_fonts(pdf)
        del pdf.docinfo
        pdf.docinfo["/Title"] = title
        pdf.Root.Lang = pikepdf.String(language_tag(locale))
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _require_embedded_fonts(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        for font in page.resources.get("/Font", pikepdf.Dictionary()).values():
            descriptor = font.get("/FontDescriptor", pikepdf.Dictionary())
            if not any(key in descriptor for key in FONT_FILES):
                raise PdfError(f"font {font.get('/BaseFont')} is not embedded")
