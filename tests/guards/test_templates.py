"""Tests about the templates: every fragment is whole, every template is used, nothing breaks the CSP."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path("portal/templates")
ALL = sorted(TEMPLATES.rglob("*.*"))
HTML = [path for path in ALL if path.suffix == ".html"]
FRAGMENTS = [
    path
    for path in HTML
    if path.name.startswith("_") and path.parent.name not in {"layouts", "errors", "pdf", "components"}
]
CODE = "\n".join(path.read_text("utf-8") for path in Path("portal").rglob("*.py"))


def name_of(path):
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=name_of)
def test_a_fragment_has_an_id_and_a_page_beside_it(fragment):
    body = re.sub(r"{[%#].*?[%#]}", "", fragment.read_text("utf-8"), flags=re.S).strip()
    assert re.match(r"<\w+[^>]*\bid=", body), "the first element needs an id to be swapped by"
    pages = [page for page in fragment.parent.glob("*.html") if not page.name.startswith("_")]
    included = [page for page in pages if f'include "{name_of(fragment)}"' in page.read_text("utf-8")]
    assert included, "no page beside it includes it"


@pytest.mark.parametrize("template", ALL, ids=name_of)
def test_every_template_is_used(template):
    name = name_of(template)
    elsewhere = "\n".join(path.read_text("utf-8") for path in ALL if path != template)
    # Errors are chosen by status, messages by name, approved texts by their version.
    by_pattern = name.startswith(("errors/", "messages/")) or template.parent.name == "texts"
    assert by_pattern or f'"{name}"' in elsewhere or name in CODE or f'"{template.name}"' in CODE


@pytest.mark.parametrize("template", [path for path in HTML if "pdf" not in path.parts], ids=name_of)
def test_no_inline_style_or_script(template):
    text = template.read_text("utf-8")
    assert not re.search(r"<style|<[^>{%]*\sstyle=|<[^>{%]*\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\shx-[a-z]", text), "htmx attributes are written data-hx-*"
