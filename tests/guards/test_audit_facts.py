"""The audit log holds no personal value: what is recorded is read from no sealed attribute and no form."""

import ast
from pathlib import Path

import pytest

from portal import models
from portal.models.base import Sealed
from portal.web import record
from portal.web.words import audit as words
from portal.web.words import case_events

SERVICES = sorted(Path("portal").rglob("*.py"))
RECORDING = {"record", "record_many", "record_for_installation", "Occurrence"}
# Parameters of services that carry what a person wrote.
FREE_TEXT = {
    "answer",
    "body",
    "checked",
    "description",
    "device",
    "email",
    "grounds",
    "name",
    "note",
    "number",
    "phone",
    "reply_to",
    "search",
    "summary",
    "text",
    "token",
    "words",
}
SEALED = {
    name
    for model in vars(models).values()
    if isinstance(model, type)
    for name, value in vars(model).items()
    if isinstance(value, Sealed)
}
# Words of the vocabulary that are named like somebody's own words on another model.
PLAIN = {("bookings", "place"), ("calls", "reason"), ("cases", "reason"), ("strategies", "reason")}


def recordings():
    """Every place where something is recorded, with the expressions of its facts."""
    for path in SERVICES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RECORDING:
                named = ast.unparse(node.func)
                if named.startswith("audit.") or named in RECORDING:
                    yield pytest.param(path.stem, node, id=f"{path.stem}:{node.lineno}")


def actions():
    """Every name of an act that the code records as it stands."""
    for path in SERVICES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "action":
                name = node.value.value if isinstance(node.value, ast.Constant) else None
                if isinstance(name, str) and "_" in name:
                    yield name


def test_the_sealed_attributes_are_known():
    assert {"name", "email", "phone", "id_no", "value", "text", "body"} & SEALED >= {"name", "email", "id_no"}


def test_there_are_recordings_to_look_at():
    assert len(list(recordings())) > 40


@pytest.mark.parametrize(("module", "call"), list(recordings()))
def test_no_fact_is_a_personal_value(module, call):
    facts = [each.value for each in call.keywords if each.arg not in {"session", "actor", "now", "case"}]
    read = [node for fact in [*facts, *call.args] for node in ast.walk(fact)]

    attributes = {node.attr for node in read if isinstance(node, ast.Attribute)}
    assert not {name for name in attributes & SEALED if (module, name) not in PLAIN}
    assert not {node.id for node in read if isinstance(node, ast.Name)} & FREE_TEXT


@pytest.mark.parametrize("name", sorted(set(actions())))
def test_every_act_is_said_in_words(name):
    assert name in case_events.EVENTS or name in words.ACTIONS, f"{name}: {record.action(name)}"
