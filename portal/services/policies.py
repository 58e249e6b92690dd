"""The policy pack of a lender."""

from functools import cache

from portal.domain.policy import Policy, build
from portal.infra import policy_files
from portal.models import Lender


def of(lender: Lender) -> Policy:
    """Return what the lender allows, and why."""
    return load(lender.preset)


@cache
def load(code: str) -> Policy:
    """Return a pack by its code. Raises PolicyError or UnreadablePackError when it is broken or missing."""
    return build(policy_files.read(code))


def load_all() -> list[Policy]:
    """Read every pack that is shipped. Called at start: nothing starts on a broken pack."""
    return [load(code) for code in policy_files.codes()]
