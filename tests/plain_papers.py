"""An agreement of one empty page, not certified: for tests that look at what was agreed, not at the paper.

Laying out two documents and sealing them takes a second for each agreement. Which words, fonts and seal a
paper has is tested where they are looked at."""

from io import BytesIO

import pikepdf
import pytest

from portal.infra import pdf, signing
from portal.vocabulary import Locale


def _empty(_html: str, *, locale: Locale, title: str) -> bytes:
    out = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(300, 200))
        document.docinfo["/Title"] = title  # each file is another one
        document.save(out)
    return out.getvalue()


def _as_it_is(data: bytes, **_facts: object) -> bytes:
    return data


@pytest.fixture(autouse=True)
def plain_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "render", _empty)
    monkeypatch.setattr(signing, "seal", _as_it_is)
