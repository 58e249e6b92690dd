"""How a rule says no."""

from collections.abc import Callable


class Refused(Exception):
    """A rule said no. The code picks the sentence the person reads; the facts fill its gaps.

    `web/words` holds one sentence in three languages for every code. What must be remembered although the
    request is refused (a decision of the gate, a failed try) goes into `afterwards`: a function that is given
    the database session once everything else of the refused service was undone."""

    def __init__(
        self, code: str, /, *, afterwards: Callable[..., object] | None = None, **facts: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
        self.afterwards = afterwards
