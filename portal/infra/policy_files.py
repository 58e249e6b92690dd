"""Read policy packs from disk: the house policy and what a lender changes. The domain judges them."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "policies"
HOUSE = "default"

PackText = tuple[str, dict[str, Any]]


class UnreadablePackError(ValueError):
    """A pack that is not there or is no TOML; the message names the file."""


def codes(folder: Path = FOLDER) -> list[str]:
    """The codes of the packs, the house policy first."""
    return sorted((path.stem for path in folder.glob("*.toml")), key=lambda code: (code != HOUSE, code))


def read(code: str, folder: Path = FOLDER) -> list[PackText]:
    """The files of a code, the house policy first, decimals exact. Raises UnreadablePackError."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
        raise UnreadablePackError(f"{code!r} is no code of a policy pack")
    names = [HOUSE] if code == HOUSE else [HOUSE, code]
    return [_read(folder / f"{name}.toml") for name in names]


def read_file(path: Path) -> list[PackText]:
    """A pack anywhere on disk, laid over the house policy unless it is the house policy itself."""
    text = _read(path)
    return [text] if path.stem == HOUSE else [_read(FOLDER / f"{HOUSE}.toml"), text]


def _read(path: Path) -> PackText:
    try:
        return path.name, tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadablePackError(f"{path.name}: cannot be read: {error}") from error
