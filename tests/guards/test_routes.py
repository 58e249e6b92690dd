"""Tests about the code: no page without a gate, nothing written by a GET."""

import ast
from pathlib import Path

import pytest

PAGES = sorted(Path("portal").glob("borrower/*.py")) + sorted(Path("portal").glob("agent/*.py"))
PUBLIC_PAGES = sorted(Path("portal").glob("public/*.py"))
# POSTs that change no row of ours, or are not asked for by a person's form.
NO_COMMIT = {"sign_out", "report_violation"}

# What runs before a page, and is none.
HOOKS = {"blueprint.url_value_preprocessor", "blueprint.record_once"}


def views(path):
    """Yield (function, route decorator names, other decorator names) of a page module."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names = [
                ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in node.decorator_list
            ]
            routes = [name for name in names if name.startswith("blueprint.") and name not in HOOKS]
            if routes:
                yield node, routes, [name for name in names if name not in routes]


def every_view(paths):
    return [
        pytest.param(*view, id=f"{path.parent.name}.{view[0].name}") for path in paths for view in views(path)
    ]


@pytest.fixture
def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_page_belongs_to_an_audience(rules):
    assert {rule.endpoint.partition(".")[0] for rule in rules} == {"public", "borrower", "agent"}


def test_signed_out_every_private_page_leads_to_the_entry(app, client, rules):
    for rule in rules:
        if rule.endpoint.startswith("public."):
            continue
        url = "/" + "/".join(
            ("1" if part.startswith("<int:") else "X") if part.startswith("<") else part
            for part in rule.rule.strip("/").split("/")
        )
        method = "POST" if "POST" in rule.methods else "GET"
        app.config["WTF_CSRF_ENABLED"] = False
        response = client.http.open(url, method=method)
        assert response.status_code == 303, rule
        assert response.headers["Location"].split("?")[0] in {"/", "/agent/sign-in"}, rule


@pytest.mark.parametrize(("view", "routes", "others"), every_view(PAGES + PUBLIC_PAGES))
def test_only_a_post_commits_and_every_post_does(view, routes, others):
    posts = routes == ["blueprint.post"]
    assert ("commits" in others) == (posts and view.name not in NO_COMMIT)
    assert set(routes) <= {"blueprint.get", "blueprint.post"}, "say the method: get or post"


@pytest.mark.parametrize(("view", "routes", "others"), every_view(sorted(Path("portal/agent").glob("*.py"))))
def test_every_staff_page_names_its_roles(view, routes, others):
    assert "access.roles" in others


@pytest.mark.parametrize(("view", "routes", "others"), every_view(PAGES + PUBLIC_PAGES))
def test_a_view_stays_short(view, routes, others):
    assert view.end_lineno - view.lineno <= 32, "load, validate, call one service, answer"
