"""How a rule says no."""


class Refused(Exception):
    """A rule said no. The code picks the sentence the person reads; the facts fill its gaps.

    `web/words.py` holds one sentence in three languages for every code."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
