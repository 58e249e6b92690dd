"""Tests about the styles: a colour or a size that is used has been named."""

import re
from pathlib import Path

STYLES = "\n".join(path.read_text("utf-8") for path in sorted(Path("static/css").glob("*.css")))


def test_every_variable_that_is_used_is_named():
    named = set(re.findall(r"(--[\w-]+)\s*:", STYLES))
    used = set(re.findall(r"var\((--[\w-]+)", STYLES))
    assert {name for name in used - named if not name.startswith("--pico-")} == set()


def test_every_bracket_is_closed():
    for path in Path("static/css").glob("*.css"):
        text = path.read_text("utf-8")
        assert text.count("{") == text.count("}"), path
