"""Every act on a case has its sentence on the timeline that staff see."""

import ast
from pathlib import Path

import pytest

from portal.web.words import case_events

SPRITE = Path("static/icons/sprite.svg").read_text("utf-8")


def actions_on_a_case():
    """The names of the acts that services record with a case."""
    for path in sorted(Path("portal/services").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record":
                named = {keyword.arg: keyword.value for keyword in call.keywords}
                if "case" in named:
                    yield from _names(named["action"])


def _names(node):
    if isinstance(node, ast.IfExp):
        return [*_names(node.body), *_names(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) else []


@pytest.mark.parametrize("action", sorted(set(actions_on_a_case())))
def test_an_act_on_a_case_has_a_sentence(action):
    assert action in case_events.EVENTS


@pytest.mark.parametrize("action", sorted(case_events.EVENTS))
def test_its_picture_is_drawn(action):
    assert f'id="{case_events.EVENTS[action].icon}"' in SPRITE
