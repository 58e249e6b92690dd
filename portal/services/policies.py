"""The policy packs: which rules hold for a lender, now and on any day."""

from datetime import date, datetime
from functools import cache
from pathlib import Path

from portal.domain.policy import Policy, build_versions, effective_day, in_force_at, in_force_on
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


def of_file(path: Path) -> Policy:
    """Read a pack anywhere on disk as it would be among the packs of this installation, from its first day.

    A house policy is tried under every other pack. Raises PolicyError or UnreadablePackError."""
    file, found = policy_files.read_file(path), policy_files.own()
    code = path.name.removesuffix(".toml").partition("@")[0]
    known = policy_files.versions(code, found) if code in codes() else []
    beside = [file, *(each for each in known if each[0] != file[0])]
    if code == policy_files.HOUSE:
        for other in codes()[1:]:
            build_versions(beside, policy_files.versions(other, found))
        return in_force_on(build_versions(beside, []), effective_day(*file))
    house = policy_files.versions(policy_files.HOUSE, found)
    return in_force_on(build_versions(house, beside), effective_day(*file))


def load_all() -> list[Policy]:
    """Read every version of every pack. Called at start: nothing starts on a broken pack."""
    return [version for code in codes() for version in versions(code)]


@cache
def _versions(code: str, found: policy_files.Found) -> tuple[Policy, ...]:
    house = policy_files.versions(policy_files.HOUSE, found)
    own = [] if code == policy_files.HOUSE else policy_files.versions(code, found)
    return build_versions(house, own)
