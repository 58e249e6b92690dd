"""Checks of published figures: one function `check_<kind>(case)` for each kind of case.

`KINDS` names them all. Each calls nothing but public functions of the domain."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in ("debts", "rates", "schedules")))

from tests.domain.published import debts, rates, schedules  # noqa: E402
from tests.domain.published.cases import Case  # noqa: E402

Check = Callable[[Case], None]
PREFIX = "check_"


def checks_of(*modules: Any) -> dict[str, Check]:
    """Name the checks in these modules by the kind of case they check."""
    return {
        name.removeprefix(PREFIX): check
        for module in modules
        for name, check in vars(module).items()
        if name.startswith(PREFIX)
    }


KINDS = checks_of(debts, rates, schedules)
