"""Names and numbers as they are shown where they need not be read in full."""

import unicodedata

HIDDEN = "••••"
SHOWN_DIGITS = 3
IDEOGRAPH = "CJK UNIFIED IDEOGRAPH"


def name(full: str) -> str:
    """Keep the family name: `林美華` becomes `林**`, `Lin Mei-hua` becomes `Lin **`."""
    first, *others = full.split() or [""]
    if others:
        return f"{first} **"
    if first and unicodedata.name(first[0], "").startswith(IDEOGRAPH):
        return first[0] + "*" * max(len(first) - 1, 1)
    return f"{first[:1]}**"


def email(full: str) -> str:
    """Keep the first letter and the domain."""
    local, at, domain = full.partition("@")
    return f"{local[:1]}{HIDDEN}{at}{domain}"


def number(full: str) -> str:
    """Keep the last three characters of a telephone, account or identity number."""
    return f"{HIDDEN} {full[-SHOWN_DIGITS:]}" if len(full) > SHOWN_DIGITS else HIDDEN
