"""What may be wrong with a loan book has a sentence in every language."""

import ast
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask_babel import force_locale

from portal.web.words import import_reasons

SOURCES = [
    *Path("portal/services").glob("book_*.py"),
    *(Path("portal/infra") / f"book_{name}.py" for name in ("archives", "files", "workbooks")),
]
TOLD_BY = {"ValueError", "CellError", "BookError", "Problem"}
# What a reason only passes on, and what no row of a set can be.
WITHIN = {
    "x",
    "",
    "x: x",
    "x x",
    "cell x x",
    "stands twice in the setx",
    "x: there is no such file or folder",
}


def reasons() -> set[str]:
    """Every reason that the code gives, with an x for each fact in it."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TOLD_BY and node.args:
                found.add(_text(node.args[-1]))
    return found - WITHIN


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in node.values)
    return ""


def test_the_reasons_of_the_code_are_found():
    assert {"is not a decimal number", "is not between x and x", "x holds x twice"} <= reasons()


@contextmanager
def reader(app, language):
    """A request of somebody who reads this language: one request speaks one."""
    with app.test_request_context(), force_locale(language):
        yield


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_reason_is_said_in_chinese(app, reason):
    for name in ("zh_Hant", "zh_Hans"):
        with reader(app, name):
            assert import_reasons.said(reason) != reason


def test_the_facts_of_a_reason_stay_in_it(app):
    told = "is not between 0 and 1; write 14.6 % as 0.146"
    with reader(app, "zh_Hant"):
        assert import_reasons.said(told) == "不在 0 與 1 之間；14.6 % 請寫成 0.146"
        assert import_reasons.said("something else entirely") == "something else entirely"
    with reader(app, "en"):
        assert import_reasons.said(told) == told


@pytest.mark.parametrize(
    "reason",
    [
        "april.zip cannot be read as zip: File is not a zip file",
        "april.zip is damaged: Bad CRC-32 for file loans.csv",
        "is damaged from here on: Error -3 while decompressing data",
        "cannot be read as CSV: line contains NUL",
    ],
)
def test_what_a_library_said_stands_in_english_alone(app, reason):
    detail = reason.partition(": ")[2]
    for name, told in (("zh_Hant", False), ("zh_Hans", False), ("en", True)):
        with reader(app, name):
            assert (detail in import_reasons.said(reason)) is told


def test_a_sheet_is_named_with_what_is_wrong_in_it(app):
    with reader(app, "zh_Hant"):
        said = import_reasons.said("the sheet set: cell B2 is a formula: put its value in its place")
    assert "set" in said
    assert "B2" in said
    assert "formula" not in said
