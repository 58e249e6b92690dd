"""One PDF made of two: the pages of the first with those of the second behind, the first one kept whole."""

import io

import pikepdf


def bind(document: bytes, appendix: bytes, *, name: str) -> bytes:
    """Put the appendix behind the document, and the document itself inside under a file name.

    Whoever holds the bound file can so check the hash of the document that was read before signing."""
    with pikepdf.open(io.BytesIO(document)) as bound, pikepdf.open(io.BytesIO(appendix)) as further:
        bound.pages.extend(further.pages)
        kept = pikepdf.AttachedFileSpec(bound, document, filename=name, mime_type="application/pdf")
        bound.attachments[name] = kept
        out = io.BytesIO()
        bound.save(out, deterministic_id=True)
    return out.getvalue()


def page_count(data: bytes) -> int:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return len(pdf.pages)
