"""Published cases as they are read from files, and their texts as the domain's own values."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal.domain.dates import Step, StepUnit
from portal.domain.money import parse_amount, round_exact, to_decimal

Case = dict[str, Any]

SUPPLIED = Path(__file__).parents[2] / "data" / "loan_cases"
CURRENCY = "CNY"


def directory() -> Path:
    """Return where the cases are read from: LOAN_CASES_DIR, or the ones kept with the tests."""
    return Path(os.environ.get("LOAN_CASES_DIR") or SUPPLIED)


def load(folder: Path) -> list[tuple[str, Case]]:
    """Return every case of a directory with its kind, which is the file's name unless its inputs say it."""
    return [
        (case["inputs"].get("kind", path.stem), case)
        for path in sorted(folder.glob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


def cents(text: str) -> int:
    """Read an amount as minor units."""
    return parse_amount(text, CURRENCY, allow_negative=True)


def printed(minor: int, places: int = 2) -> Decimal:
    """Return minor units as an amount, rounded to the digits that the source prints."""
    return to_decimal(round_exact(minor, multiple_of=10 ** (2 - places)), CURRENCY)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def step(frequency: dict[str, Any]) -> Step:
    return Step(StepUnit(frequency["unit"]), frequency["every"])


def assert_near(told: Decimal, expected: str, tolerance: dict[str, str]) -> None:
    assert abs(told - Decimal(expected)) <= Decimal(tolerance["abs"])
