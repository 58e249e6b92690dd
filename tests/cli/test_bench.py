"""`portal bench`: figures beside their limits, and the measure of the audit chain in small."""

import json

import pytest
from click.testing import CliRunner

from bench import databases, measure, pages, schedule
from portal.cli import portal
from tests import tampering


@pytest.fixture
def on_sqlite_alone(monkeypatch):
    def each():
        with databases.sqlite() as (installation, owner):
            yield "sqlite", installation, owner

    monkeypatch.setattr(databases, "each", each)


@pytest.mark.usefixtures("on_sqlite_alone")
def test_the_measure_of_the_audit_chain_finds_every_kind_of_tampering():
    result = CliRunner().invoke(portal, ["bench", "audit", "--rows", "1000", "--json"])

    figures = json.loads(result.stdout)
    assert {"name", "value", "limit", "ratio", "unit", "runs", "ok"} == set(figures[0])
    found = {each["name"]: each["ok"] for each in figures if " finds " in each["name"]}
    assert found == {f"audit finds {kind}, sqlite": True for kind in tampering.EVERY_KIND}
    assert figures[0]["ratio"] > 0
    assert len(figures[0]["runs"]) == measure.RUNS


def test_the_measure_of_a_schedule_stands_beside_a_bare_loop():
    (figure,) = schedule.run(rows=100)

    assert figure.name == "100 schedules of 360 instalments, two concessions, both yearly rates"
    assert figure.ratio > 0
    assert figure.ok == (figure.value <= figure.limit)
    assert len(figure.runs) == schedule.RUNS


@pytest.mark.usefixtures("on_sqlite_alone")
def test_the_measure_of_a_night_ages_a_book_of_its_own_making():
    result = CliRunner().invoke(portal, ["bench", "nightly", "--rows", "20000", "--json"])

    night, memory = json.loads(result.stdout)
    assert (night["name"], memory["name"]) == ("a night, sqlite", "nightly memory, sqlite")
    assert min(night["limit"], night["value"], night["ratio"], memory["value"]) > 0
    assert result.exit_code == (0 if night["ok"] and memory["ok"] else 1)


@pytest.mark.usefixtures("on_sqlite_alone")
def test_the_measure_of_an_import_takes_in_a_set_of_its_own_making():
    result = CliRunner().invoke(portal, ["bench", "import", "--rows", "2000", "--json"])

    taken, memory = json.loads(result.stdout)
    assert (taken["name"], memory["name"]) == ("import, sqlite", "import memory, sqlite")
    assert (len(taken["runs"]), memory["limit"]) == (measure.RUNS, 300)
    assert min(taken["limit"], taken["value"], taken["ratio"], memory["value"]) > 0
    assert result.exit_code == (0 if taken["ok"] and memory["ok"] else 1)


def test_the_measure_of_pages_asks_both_books_and_counts_queries(monkeypatch):
    def pairs():
        with databases.sqlite() as (small, _), databases.sqlite() as (large, _):
            yield "sqlite", small, large

    monkeypatch.setattr(databases, "pairs", pairs)
    monkeypatch.setattr(pages, "FEW", 400)
    monkeypatch.setattr(pages, "TIMES", 2)
    monkeypatch.setattr(pages, "WARM", 1)

    figures = {each.name: each for each in pages.run(rows=1000)}

    shown = ("borrower home", "case list", "call list", "inbox", "case page")
    for page in shown:
        assert figures[f"{page}, sqlite, beside a thousand loans"].ratio > 0
        assert len(figures[f"{page}, sqlite, beside a bare page"].runs) == pages.ROUNDS
        few, many = figures[f"queries of {page}, sqlite"].runs
        assert few == many > 0, page
    assert all(figures[f"queries of {page}, sqlite"].ok for page in shown[1:4])


def test_a_measure_that_is_not_there_is_an_input_error():
    result = CliRunner().invoke(portal, ["bench", "moon"])

    assert result.exit_code == 2
    assert "there is no measure 'moon'; known: audit" in result.stderr


def test_a_figure_over_its_limit_is_not_ok():
    assert measure.within("a", [1, 2, 9], limit=2, unit="s").ok
    assert not measure.within("a", [1, 3, 9], limit=2, unit="s").ok
    assert not measure.within("a", [1], limit=2, unit="s", ok=False).ok


def test_the_product_is_timed_beside_its_peer(monkeypatch):
    times = iter([1.0, 2.9, 1.0, 3.1, 1.0, 3.0])
    monkeypatch.setattr(measure, "seconds", lambda _work: next(times))

    found = measure.beside("a", lambda: None, lambda: None, most=3)

    assert (found.value, found.limit, found.ratio, found.ok) == (3.0, 3.0, 3.0, True)
