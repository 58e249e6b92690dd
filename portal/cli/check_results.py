"""What a check of `portal doctor` answers."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """`found` is what is there, `advice` what to do about it; neither holds a secret."""

    name: str
    state: State
    found: str
    advice: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name, State.OK, found)


def warn(name: str, found: str, advice: str) -> Check:
    return Check(name, State.WARN, found, advice)


def fail(name: str, found: str, advice: str) -> Check:
    return Check(name, State.FAIL, found, advice)
