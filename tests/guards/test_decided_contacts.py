"""No message, visit or contact is written but where the gate has been asked, nor without its decision."""

import ast
from pathlib import Path

import pytest

WRITERS = {
    "Message": {"portal/services/notifications.py", "portal/services/staff_messages.py"},
    "Visit": {"portal/services/bookings.py"},
    "Contact": {"portal/services/calls.py", "portal/services/outbox.py"},
}
# A message to a member of staff is about nobody else; the database asks the borrower's for a decision.
WITHOUT_DECISION = {"portal/services/staff_messages.py"}
BULK = {"insert", "bulk_insert_mappings", "bulk_save_objects"}
SOURCES = {
    str(path): ast.parse(path.read_text("utf-8"))
    for path in sorted(Path("portal").rglob("*.py"))
    if "migrations" not in path.parts
}


def _made(tree, model):
    """The calls that make a row of a model, or write it in bulk; a class of the same name is another."""
    imported = any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("portal.models")
        and any(each.name == model for each in node.names)
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        named = [getattr(each, "id", getattr(each, "attr", None)) for each in node.args]
        if imported and (name == model or (name in BULK and model in named)):
            yield node


def written(model):
    return {path: found for path, tree in SOURCES.items() if (found := list(_made(tree, model)))}


@pytest.mark.parametrize("model", WRITERS)
def test_only_modules_that_ask_the_gate_write_what_reaches_a_borrower(model):
    assert set(written(model)) == WRITERS[model]


@pytest.mark.parametrize("model", WRITERS)
def test_each_of_them_names_the_decision(model):
    for path, calls in written(model).items():
        for call in calls:
            named = {each.arg for each in call.keywords}
            assert path in WITHOUT_DECISION or "decision_id" in named, f"{path}:{call.lineno}"


@pytest.mark.parametrize(
    "source",
    [
        "from portal.models import Contact\nContact(at=1)",
        "from portal import models\nfrom portal.models import Contact\nmodels.Contact(at=1)",
        "from portal.models import Contact\ninsert(Contact)",
        "from portal.models.case import Contact\nsession.execute(sqlalchemy.insert(Contact))",
    ],
)
def test_a_row_that_is_written_is_found(source):
    assert list(_made(ast.parse(source), "Contact"))
    assert not list(_made(ast.parse("class Contact: pass\nContact(at=1)"), "Contact"))
