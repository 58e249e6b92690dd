"""The versions of a pack: which rules are in force on which day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from portal.domain.policy.pack import PackFile, build, effective_day
from portal.domain.policy.shape import Policy, PolicyError


def build_versions(house: Sequence[PackFile], own: Sequence[PackFile]) -> tuple[Policy, ...]:
    """Lay every version of a pack over the house policy of its days; the oldest first.

    `own` is empty for the house policy itself. A new version of either begins a new version of the whole.
    Raises PolicyError."""
    layers = [_by_day(files) for files in (house, own) if files]
    first = min(day for day, _ in layers[-1])
    days = sorted({day for layer in layers for day, _ in layer if day >= first})
    return tuple(build([_on(layer, day) for layer in layers], effective_from=day) for day in days)


def in_force_on(versions: Sequence[Policy], day: date) -> Policy:
    """The newest version that is effective on a day; before the first version's day, the first one."""
    return next((each for each in reversed(versions) if each.effective_from <= day), versions[0])


def in_force_at(versions: Sequence[Policy], now: datetime) -> Policy:
    """The newest version whose first day has begun in its own time zone; before that, the first one."""
    return next((each for each in reversed(versions) if each.begins_at <= now), versions[0])


def _by_day(files: Sequence[PackFile]) -> list[tuple[date, PackFile]]:
    """The files of one code, the oldest first. Each is named after what its head says."""
    named: list[tuple[date, PackFile]] = []
    for file, data in files:
        _check_name(file, data)
        named.append((effective_day(file, data), (file, data)))
    named.sort(key=lambda each: each[0])
    for (day, (_, before)), (same, (file, data)) in zip(named, named[1:], strict=False):
        if day == same:
            raise PolicyError(
                file, "pack.effective_from", "another version begins on that day", "a day of its own"
            )
        if before["pack"]["version"] == data["pack"]["version"]:
            raise PolicyError(file, "pack.version", "another file has that version", "a version of its own")
    return named


def _check_name(file: str, data: Mapping[str, Any]) -> None:
    head = data.get("pack", {})
    code, _, version = file.removesuffix(".toml").partition("@")
    if head.get("code") != code:
        raise PolicyError(file, "pack.code", f"{head.get('code')!r} is not what the file is called", code)
    if version and head.get("version") != version:
        raise PolicyError(
            file, "pack.version", f"{head.get('version')!r} is not what the file is called", version
        )


def _on(layer: Sequence[tuple[date, PackFile]], day: date) -> PackFile:
    return next((file for begins, file in reversed(layer) if begins <= day), layer[0][1])
