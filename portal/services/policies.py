"""The policy packs: which rules hold for a lender, now and on any day."""

from datetime import date, datetime
from functools import cache

from portal.domain.policy import Policy, build_versions, in_force_at, in_force_on
from portal.infra import policy_files
from portal.models import Lender


def of(lender: Lender, now: datetime) -> Policy:
    """Return what the lender allows at a moment, and why."""
    return at(lender.preset, now)


def at(code: str, now: datetime) -> Policy:
    """Return the version of a pack in force at a moment: its days begin at midnight in its own zone."""
    return in_force_at(versions(code), now)


def in_force(code: str, day: date) -> Policy:
    """Return the version of a pack in force on a day."""
    return in_force_on(versions(code), day)


def versions(code: str) -> tuple[Policy, ...]:
    """Return every version of a pack, the oldest first.

    Raises PolicyError or UnreadablePackError when one is broken or there is none."""
    return _versions(code, policy_files.own())


def codes() -> list[str]:
    """Return the codes of all packs of this installation, the house policy first."""
    return policy_files.codes(policy_files.own())


def load_all() -> list[Policy]:
    """Read every version of every pack. Called at start: nothing starts on a broken pack."""
    return [version for code in codes() for version in versions(code)]


@cache
def _versions(code: str, found: policy_files.Found) -> tuple[Policy, ...]:
    house = policy_files.versions(policy_files.HOUSE, found)
    own = [] if code == policy_files.HOUSE else policy_files.versions(code, found)
    return build_versions(house, own)
