"""Tests about words: every refusal has a sentence, every sentence is in three languages."""

import ast
import re
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from portal.web import words
from portal.web.words import deliveries

LOCALES = ("zh_Hant", "zh_Hans")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true"}, "**/templates/**.txt": {"trimmed": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None, "lazy_gettext": None}


def codes():
    """Every code that a `Refused(...)` in the portal names."""
    for path in Path("portal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            refuses = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Refused")
            if refuses and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value, path


def messages():
    found = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        "portal", METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        found[message if isinstance(message, str) else message[0]] = message
    return found


def catalogue(locale):
    with Path(f"portal/translations/{locale}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def translation(catalog: Catalog, message):
    found = catalog.get(message)
    text = found.string if found else ""
    return text if isinstance(text, str) else text[0]


def test_every_refusal_has_a_sentence():
    missing = {f"{code} ({path})" for code, path in codes() if code not in words.REFUSALS}
    assert not missing


def test_every_message_has_a_name_and_every_failure_of_a_carrier_a_sentence():
    names = {path.name.partition(".")[0] for path in Path("portal/templates/messages").glob("*.txt")}
    assert names == set(deliveries.NAMES)
    raised = set()
    for path in (Path("portal/infra/gateways.py"), Path("portal/infra/delivery.py")):
        for text in re.findall(r'f?"(the [^"]+)"', path.read_text("utf-8")):
            raised.add(re.sub(r"{[^}]+}", "#", text))
    assert raised == set(deliveries.PROBLEMS)


def test_every_kind_of_word_is_labelled_whole():
    kinds = {type(word) for word in words.LABELS if isinstance(word, StrEnum)}
    missing = {f"{kind.__name__}.{word.name}" for kind in kinds for word in kind if word not in words.LABELS}
    assert not missing


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_is_complete(locale):
    catalog, found = catalogue(locale), messages()
    missing = [message for message in found if not translation(catalog, message)]
    assert not missing
    superfluous = [entry.id for entry in catalog if entry.id and _first(entry.id) not in found]
    assert not superfluous


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_the_gaps(locale):
    catalog = catalogue(locale)
    gaps = re.compile(r"%\((\w+)\)[sd]")
    for message in messages():
        assert set(gaps.findall(translation(catalog, message))) == set(gaps.findall(message)), message


def test_traditional_and_simplified_are_not_mixed():
    simplified_only = set("们这说还证务时来对请问间见让从给让应")
    traditional_only = set("們這說還證務時來對請問間見讓從給應")
    for locale, foreign in (("zh_Hant", simplified_only), ("zh_Hans", traditional_only)):
        for entry in catalogue(locale):
            text = entry.string if isinstance(entry.string, str) else "".join(entry.string)
            assert not foreign & set(text), (locale, entry.id, text)


def _first(identifier):
    return identifier if isinstance(identifier, str) else identifier[0]
