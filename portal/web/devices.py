"""What kind of browser somebody uses, in two words that its owner recognises."""

from functools import lru_cache

from ua_parser import parse

LONGEST = 512
DOT = " · "


@lru_cache(maxsize=256)
def words(user_agent: str) -> str | None:
    """Return such as "Firefox · Windows"; None when the browser does not say."""
    found = parse(user_agent[:LONGEST])
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    return DOT.join(filter(None, (browser, system))) or None
