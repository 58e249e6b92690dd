"""Sequences of contacts, complaints, wishes and clock moves: none leads to a contact that a pack forbids,
none holds a service message back. On the rules alone, and on the rows of a database."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.contact_machine import on_rows, rules_alone
from tests.contact_machine.machine import PACKS, ZONES
from tests.contact_machine.names import RULE_OF


@dataclass(frozen=True)
class Found:
    """`asked`: how often the gate was asked for a contact, and then said yes or no; `wrongs`: how many of the
    known reasons against a contact came up."""

    packs: int
    zones: int
    sequences: int
    steps: int
    asked: int
    allowed: int
    refused: int
    service_messages: int
    wrongs: str
    seconds: float
    problems: tuple[str, ...]


def of_rules(*, sequences: int, steps: int = 50) -> Found:
    """Run so many sequences for each pack in each zone."""
    return _run(rules_alone.machine, sequences, steps)


def of_rows(engine: Engine, *, sequences: int, steps: int = 50) -> Found:
    """Run so many sequences on a database, over all packs and zones together."""
    each = -(-sequences // (len(PACKS) * len(ZONES)))
    return _run(lambda code, zone: on_rows.machine(engine, code, zone), each, steps)


def _run(make: Callable[[str, str], Any], sequences: int, steps: int) -> Found:
    began, tally, problems = time.monotonic(), Counter[str](), list[str]()
    told = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    for code, zone in product(PACKS, ZONES):
        machine = make(code, zone)
        machine.tally = tally
        try:
            run_state_machine_as_test(machine, settings=told)
        except AssertionError as error:
            problems.append(f"{code}, {zone}: {error}")
    return Found(
        packs=len(PACKS),
        zones=len(ZONES),
        sequences=tally["sequences"],
        steps=steps,
        asked=tally["allowed"] + tally["refused"],
        allowed=tally["allowed"],
        refused=tally["refused"],
        service_messages=tally["service"],
        wrongs=f"{len(RULE_OF.keys() & tally.keys())} of {len(RULE_OF)}",
        seconds=round(time.monotonic() - began, 1),
        problems=tuple(problems),
    )
