"""Tests about the code: who may write raw SQL, open a session, or say which lender it is."""

import ast
from pathlib import Path

import pytest

MODULES = sorted(Path("portal").rglob("*.py"))
NAMES = {str(path.relative_to("portal")): path for path in MODULES}
# Where SQL is written by hand, and why.
RAW = {
    "infra/bulk.py": "writes many rows at once, of one lender, the way each database is quickest",
    "infra/database_facts.py": "asks the database about itself",
    "infra/database_role.py": "makes the role that the portal works as",
    "infra/db.py": "opens transactions the way SQLite needs",
    "infra/quiescence.py": "locks of the database as a whole",
    "infra/schema.py": "locks of migrations",
    "infra/stored_keys.py": "keys are read before any lender is entered",
    "infra/tenancy.py": "tells the database the lender",
    "models/functions.py": "functions that both databases must have",
    "models/borrower.py": "conditions of partial indexes",
    "models/case.py": "conditions of partial indexes",
    "models/loan.py": "conditions of partial indexes",
    "models/proof.py": "conditions of partial indexes",
}
# Where rows are written past the ORM, each with `tenancy.check_rows` beside it or a lender in its condition.
BARE = {
    "services/ageing_payments.py",
    "services/audit.py",
    "services/book_cases.py",
    "services/book_writing.py",
    "services/call_list_building.py",
    "services/keys.py",
    "services/promise_evaluation.py",
}
# Where only temporary tables are filled, from queries that name the lender: `tests/services/test_ageing.py`.
COPIES = {"services/ageing_payments.py"}


def names_of(path):
    """What a module calls, imports or reaches for, as dotted text."""
    return [
        (node, ast.unparse(node))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call | ast.Attribute | ast.Subscript)
    ]


def imports_text(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            found |= {each.name for each in node.names}
    return bool(found & {"text", "literal_column", "DDL", "TextClause"})


@pytest.mark.parametrize("name", [each for each in NAMES if not each.startswith("migrations/")])
def test_raw_sql_stands_in_named_modules_only(name):
    source = NAMES[name].read_text("utf-8")
    raw = imports_text(NAMES[name]) or "exec_driver_sql" in source or "sqlalchemy.text" in source

    assert raw == (name in RAW), RAW.get(name, "say here why it writes SQL by hand, or ask the ORM")


@pytest.mark.parametrize("name", [each for each in NAMES if each.startswith("services/")])
def test_tables_without_their_model_are_used_in_named_modules_only(name):
    said = [text for _, text in names_of(NAMES[name])]
    bare = any(".__table__" in each or ".connection()" in each for each in said)

    assert bare <= (name in BARE)
    if bare and "insert(" in NAMES[name].read_text("utf-8") and name not in COPIES:
        assert "check_rows" in NAMES[name].read_text("utf-8")


@pytest.mark.parametrize(
    "name", [each for each in NAMES if not each.startswith(("infra/db.py", "infra/tenancy.py"))]
)
def test_sessions_are_made_in_one_place(name):
    tree = ast.parse(NAMES[name].read_text("utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert not called & {"Session", "TenantSession", "sessionmaker", "scoped_session", "orm.Session"}


@pytest.mark.parametrize("name", [each for each in NAMES if each != "infra/tenancy.py"])
def test_only_tenancy_says_whose_a_session_is(name):
    source = NAMES[name].read_text("utf-8")

    assert "tenancy.KEY" not in source
    assert "info[KEY]" not in source
    assert "set_config" not in source
    assert "portal.lender_id" not in source or name.startswith("migrations/")


def test_the_checks_of_a_session_are_never_switched_off():
    for path in MODULES:
        source = path.read_text("utf-8")
        assert "with_loader_criteria" not in source or path.name == "tenancy.py"
        for word in (
            "bulk_insert_mappings(",
            "bulk_update_mappings(",
            "from_statement(",
            "no_autoflush_check",
        ):
            assert word not in source, path
