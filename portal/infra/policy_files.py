"""Read policy packs from disk: the shipped ones, then those of the installation. The domain judges them.

`<code>.toml` is the first version of a pack, `<code>@<version>.toml` a later one. They are read when a
process starts; a file changed since then counts from the next start."""

import re
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "policies"
HOUSE = "default"
FILE_NAME = re.compile(
    r"(?P<code>[a-z0-9]+(-[a-z0-9]+)*)(@(?P<version>[A-Za-z0-9]+([.-][A-Za-z0-9]+)*))?\.toml"
)

PackText = tuple[str, dict[str, Any]]
Found = tuple[tuple[Path, int], ...]
"""The files of an installation's own packs and when each was written last."""


class UnreadablePackError(ValueError):
    """A pack that is not there or is no TOML; the message names the file."""


_own: Found = ()


def use(folder: Path) -> None:
    """Let the packs of this folder come after the shipped ones. A process serves one installation."""
    global _own  # noqa: PLW0603  (one installation, one folder)
    _own = tuple((path, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.toml")))


def own() -> Found:
    """The files beside the shipped ones."""
    return _own


def codes(found: Found = ()) -> list[str]:
    """The codes of the packs, the house policy first. Raises UnreadablePackError: a file has a wrong name."""
    names = {_named(path)["code"] for path in _paths(found)}
    return sorted(names, key=lambda code: (code != HOUSE, code))


def versions(code: str, found: Found = ()) -> list[PackText]:
    """Every version of a code, by the names of the files, decimals exact. Raises UnreadablePackError."""
    _check_code(code)
    paths = [path for path in _paths(found) if _named(path)["code"] == code]
    seen = {path.name for path, _ in found}
    for path in paths:
        if path.parent == FOLDER and path.name in seen:
            raise UnreadablePackError(
                f"{path.name}: is shipped already; call a later version {code}@<version>.toml"
            )
    if not paths:
        raise UnreadablePackError(f"{code}.toml: cannot be read: there is no such pack")
    return [_read(path) for path in paths]


def read(code: str, folder: Path = FOLDER) -> list[PackText]:
    """The first version of a code over that of the house policy, decimals exact, or UnreadablePackError."""
    _check_code(code)
    names = [HOUSE] if code == HOUSE else [HOUSE, code]
    return [_read(folder / f"{name}.toml") for name in names]


def read_file(path: Path) -> PackText:
    """A pack anywhere on disk. Raises UnreadablePackError."""
    return _read(path)


def _check_code(code: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
        raise UnreadablePackError(f"{code!r} is no code of a policy pack")


def _paths(found: Found) -> Iterable[Path]:
    return [*sorted(FOLDER.glob("*.toml")), *(path for path, _ in found)]


def _named(path: Path) -> re.Match[str]:
    if match := FILE_NAME.fullmatch(path.name):
        return match
    raise UnreadablePackError(f"{path.name}: is no name of a pack: <code>.toml or <code>@<version>.toml")


def _read(path: Path) -> PackText:
    try:
        return path.name, tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadablePackError(f"{path.name}: cannot be read: {error}") from error
