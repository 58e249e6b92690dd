"""Names and numbers as they are shown where they need not be read in full."""

import re
import unicodedata

HIDDEN = "••••"
SHOWN_DIGITS = 3
IDEOGRAPH = "CJK UNIFIED IDEOGRAPH"
# Province, city, county, district, township. No estate (`小區`), market or road whose name only ends alike.
_CHINESE_AREA = re.compile(
    r"[^\s\d,，]{1,7}?(?:[省縣县鄉乡鎮镇旗]|市(?![場场民])|州(?!市)|(?<![小社園园校廠厂])[區区])(?![路街道巷弄村里橋桥])"
)
_LATIN_STREET = re.compile(
    r"\d|\b(?:road|rd|street|st|lane|ln|alley|aly|avenue|ave|section|sec|boulevard|blvd|drive|dr|court|way"
    r"|building|floor|flat|apt|apartment|room|house|block|village)\b",
    re.IGNORECASE,
)
_MOST_PARTS = 4


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


def address(full: str, area: str = "") -> str:
    """Keep city and district, hide the rest: `臺北市中正區重慶南路一段122號` becomes `臺北市中正區 ••••`.

    `area` is the city and district where they are known apart; else they are read out of the address, and
    nothing is kept of one that does not name them."""
    known = area.strip() or _area_of(full)
    return f"{known} {HIDDEN}" if known else HIDDEN


def _area_of(full: str) -> str:
    """Chinese names the largest area first, the Latin script last and between commas."""
    text = full.strip().lstrip("0123456789 ")
    if any(unicodedata.name(char, "").startswith(IDEOGRAPH) for char in text):
        return _leading_areas(text)
    _street, *others = [part.strip() for part in full.split(",")]
    kept = [part for part in others if part and not _LATIN_STREET.search(part)]
    return ", ".join(kept[-2:])


def _leading_areas(text: str) -> str:
    end = 0
    for _ in range(_MOST_PARTS):
        if (found := _CHINESE_AREA.match(text, end)) is None:
            break
        end = found.end()
    return text[:end]
