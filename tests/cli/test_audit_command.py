"""`portal audit`: anchors are written and checked from the command line."""

import json

import pytest
from click.testing import CliRunner

from portal.cli import portal
from tests import factories, tampering
from tests.conftest import KEYS


@pytest.fixture
def run(settings, monkeypatch):
    environ = {"PORTAL_INSTANCE_PATH": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url}
    for name, value in (environ | KEYS).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(portal, ["audit", *arguments])


@pytest.fixture
def chained(session):
    lenders = [factories.lender(session, code) for code in ("pingan-bank", "spdb-puhui")]
    session.commit()
    return lenders


def test_anchors_are_written_once_a_day_and_checked(run, chained, settings):
    assert run("anchor", "--json").exit_code == 0
    again = json.loads(run("anchor", "--json").stdout)
    whole = json.loads(run("verify", "--json").stdout)

    assert again["chains"] == {"pingan-bank": "kept", "spdb-puhui": "kept", "installation": "kept"}
    assert {each["anchor"] for each in whole["chains"]} == {"2026-03-02"}
    assert {each["warning"] for each in whole["chains"]} == {None}
    (settings.anchors / "pingan-bank" / "2026-03-02.json").write_text("{}")
    changed = run("verify")
    assert changed.exit_code == 1
    assert "pingan-bank: the anchor of 2026-03-02 is not as it was signed" in changed.stdout
    assert "spdb-puhui: whole" in changed.stdout


def test_what_no_chain_can_tell_its_anchor_tells(run, owner, chained, settings):
    run("anchor")
    with owner.begin() as connection:
        tampering.cut_and_move_head(connection, chained[0].id, 3)
    (settings.anchors / "spdb-puhui").rename(settings.anchors / "vanished-bank")

    result = run("verify")

    assert result.exit_code == 1
    assert "pingan-bank: the chain has 2 entries, and had 3 when it was anchored" in result.stdout
    assert "vanished-bank: the chain was anchored, and its lender is not in the database" in result.stdout


@pytest.mark.parametrize("kind", tampering.SEEN_BY_THE_CHAIN)
def test_each_kind_of_tampering_is_named_and_ends_with_1(run, owner, chained, kind):
    tamper, named = tampering.SEEN_BY_THE_CHAIN[kind]
    with owner.begin() as connection:
        tamper(connection, chained[0].id, 2)

    result = run("verify", "--lender", "pingan-bank", "--json")

    assert result.exit_code == 1
    (chain,) = json.loads(result.stdout)["chains"]
    assert [each["kind"] for each in chain["problems"]] == [named.value]
    assert chain["problem"] == chain["problems"][0]["said"]


def test_a_chain_that_is_not_whole_is_not_anchored(run, owner, chained):
    with owner.begin() as connection:
        tampering.edit(connection, chained[0].id, 2)

    result = run("anchor")

    assert result.exit_code == 1
    assert "pingan-bank: not anchored" in result.stdout
    assert "spdb-puhui: anchored" in result.stdout


@pytest.mark.usefixtures("chained")
def test_a_chain_without_an_anchor_is_warned_of_and_passes(run):
    result = run("verify")

    assert result.exit_code == 0
    assert "installation: warning: there is no anchor yet" in result.stdout


@pytest.mark.usefixtures("chained")
def test_the_key_of_the_anchors_is_printed(run):
    assert run("key").stdout.startswith("-----BEGIN PUBLIC KEY-----")
    assert json.loads(run("key", "--json").stdout)["algorithm"] == "Ed25519"
