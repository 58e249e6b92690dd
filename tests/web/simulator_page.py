"""What the pages of the simulator show, read as a person would."""

import html5lib

from tests.client import NAMESPACE
from tests.web.debt_page import minor, text


def table(html: str, caption: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    for found in html5lib.parse(html).iter(f"{NAMESPACE}table"):
        if text(next(found.iter(f"{NAMESPACE}caption"))) == caption:
            rows = [[text(cell) for cell in row] for row in found.iter(f"{NAMESPACE}tr")]
            return {row[0]: row[1:] for row in rows}
    return {}


def before_and_after(html: str) -> dict[str, tuple[int, int]]:
    """The figures before and after a payment, amounts in minor units."""
    rows = table(html, "Before and after the payment")
    return {name: (minor(cells[0]), minor(cells[1])) for name, cells in rows.items() if name != "Figure"}


def errors(html: str) -> dict[str, str]:
    """What stands at each field as an error."""
    found = {}
    for each in html5lib.parse(html).iter(f"{NAMESPACE}div"):
        if (each.get("id") or "").endswith("-error"):
            found[each.get("id").removesuffix("-error")] = text(each)
    return found


def value(html: str, name: str) -> str | None:
    for each in html5lib.parse(html).iter(f"{NAMESPACE}input"):
        if each.get("name") == name and each.get("type") not in ("radio", "checkbox"):
            return each.get("value")
    return None
