"""Sequences of contacts, complaints, wishes and clock moves: none leads to a contact that a pack forbids,
none holds a service message back. The rules alone, for each pack and time zone; then on the rows of a
database."""

import time
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contact_machine import rules_alone
from tests.contact_machine.machine import PACKS, ZONES


@dataclass(frozen=True)
class Found:
    """`sequences` and `steps` of each pack in each zone."""

    packs: int
    zones: int
    sequences: int
    steps: int
    seconds: float
    problems: tuple[str, ...]


def run(*, sequences: int, steps: int = 50) -> Found:
    """Run so many sequences of so many steps for each pack and zone."""
    began = time.monotonic()
    told = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    problems = []
    for code in PACKS:
        for zone in ZONES:
            try:
                run_state_machine_as_test(rules_alone.machine(code, zone), settings=told)
            except AssertionError as error:
                problems.append(f"{code}, {zone}: {error}")
    seconds = round(time.monotonic() - began, 1)
    return Found(len(PACKS), len(ZONES), sequences, steps, seconds, tuple(problems))
