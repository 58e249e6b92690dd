"""`portal policy`: check a pack, show one, try one on the decisions of the last weeks."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.cli import portal
from portal.domain.policy import KEYS
from portal.infra import policy_files
from portal.services import gate
from portal.vocabulary import Action, ActionClass, Initiator, Role
from tests import factories
from tests.conftest import KEYS as SECRETS
from tests.conftest import NOW
from tests.packs import pack_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "policies" / "stricter.toml"


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Run `portal policy …` where there is no installation at all."""
    monkeypatch.setenv("PORTAL_INSTANCE_PATH", str(tmp_path / "nowhere"))
    yield lambda *arguments: CliRunner().invoke(portal, ["policy", *map(str, arguments)])
    assert not (tmp_path / "nowhere").exists(), "a check makes no installation"
    policy_files.use(tmp_path / "nowhere")


@pytest.fixture
def run(settings, monkeypatch):
    environ = {"PORTAL_INSTANCE_PATH": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url}
    for name, value in (environ | SECRETS).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(portal, ["policy", *map(str, arguments)])


def test_a_pack_in_order_says_what_it_changes(offline, tmp_path):
    file = pack_file(tmp_path, "tw@2027.1.toml", begins="2027-01-01", contact={"window": ["09:00", "21:00"]})
    result = offline("check", file)
    assert result.exit_code == 0, result.stderr
    assert result.output.startswith("tw 2027.1 ")
    assert 'contact.window: ["07:00", "22:00"] -> ["09:00", "21:00"]' in result.output
    found = json.loads(offline("check", file, "--json").stdout)
    assert (found["ok"], found["effective_from"]) == (True, "2027-01-01")
    assert found["changed"]["contact.window"] == {"before": ["07:00", "22:00"], "after": ["09:00", "21:00"]}


@pytest.mark.parametrize(
    ("contact", "key", "allowed"),
    [
        ({"phone_attempts_per_day": 9}, "contact.phone_attempts_per_day", "a whole number from 1 to 6"),
        ({"phone_attempts_per_day": "2"}, "contact.phone_attempts_per_day", "a whole number from 1 to 6"),
        ({"per_day": 9}, "contact.per_day", "one of recording, window"),
        ({"per_month": 1}, "contact.per_month", "at least contact.per_week"),
    ],
)
def test_a_broken_pack_ends_with_2_and_names_file_key_reason_and_what_is_allowed(
    offline, tmp_path, contact, key, allowed
):
    file = pack_file(tmp_path, "mine.toml", contact=contact)
    result = offline("check", file, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 2
    assert (found["ok"], found["file"], found["key"]) == (False, "mine.toml", key)
    assert found["reason"]
    assert found["allowed"].startswith(allowed)
    assert f"mine.toml: {key}: {found['reason']}; allowed: {allowed}" in result.stderr


def test_a_version_that_begins_on_a_day_that_is_taken_ends_with_2(offline, tmp_path):
    result = offline("check", pack_file(tmp_path, "tw@2027.1.toml", begins="2026-01-01"))
    assert result.exit_code == 2
    assert (
        "pack.effective_from: another version begins on that day; allowed: a day of its own" in result.stderr
    )


@pytest.mark.parametrize(
    "path", sorted([*policy_files.FOLDER.glob("*.toml"), EXAMPLE]), ids=lambda path: path.stem
)
def test_every_pack_we_ship_is_in_order(offline, path):
    result = offline("check", path)
    assert result.exit_code == 0, result.stderr


def test_what_is_no_pack_at_all_ends_with_2(offline, tmp_path):
    (tmp_path / "broken.toml").write_text("[visit\ncrew_min = 2")
    for name in ("broken.toml", "nobody.toml"):
        result = offline("check", tmp_path / name)
        assert result.exit_code == 2
        assert f"Error: {name}: cannot be read" in result.stderr


def test_every_key_is_shown_with_value_source_and_status(offline):
    found = json.loads(offline("show", "us-regf", "--json").stdout)
    assert found["keys"].keys() == KEYS.keys()
    assert found["keys"]["contact.cooldown_after_conversation_hours"]["value"] == 168
    assert found["keys"]["contacts.crisis_line"]["status"] == "to_verify"
    text = offline("show", "us-regf").output
    assert 'contact.window = ["08:00", "21:00"]\n    Regulation F: contact from 8' in text


def test_a_code_that_is_no_pack_is_refused_with_those_there_are(offline):
    result = offline("show", "nobody")
    assert result.exit_code == 2
    assert "known: default, hk, pingan-bank" in result.stderr


def test_the_rules_of_another_day_are_shown_from_the_packs_of_the_installation(run, settings):
    settings.policies.mkdir(parents=True)
    pack_file(settings.policies, "tw@2027.1.toml", begins="2027-01-01")
    assert json.loads(run("show", "tw", "--date", "2026-12-31", "--json").stdout)["version"] == "2026.1"
    assert json.loads(run("show", "tw", "--date", "2027-01-01", "--json").stdout)["version"] == "2027.1"


@pytest.fixture
def called(session):
    """A call at ten in the morning that the gate allowed; returns its case."""
    lender = factories.lender(session, "north-bank", preset="tw")
    case, caller = factories.late_borrower(session, lender), factories.staff(session, lender, Role.CALLER)
    gate.require(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=factories.actor_of(caller),
        now=NOW,
    )
    session.commit()
    return case


@pytest.fixture
def stricter(tmp_path):
    hours = {"window": ["11:00", "20:00"]}
    return pack_file(tmp_path, "stricter.toml", contact=hours, visit=hours)


def test_a_stricter_pack_lists_what_would_have_been_refused_and_why(run, called, stricter):
    result = run("simulate", "--pack", stricter, "--weeks", 8)
    assert result.exit_code == 0, result.stderr
    head, columns, line, *sums = filter(None, result.stdout.splitlines())
    assert head.startswith("Under stricter 1 ")
    assert columns.split() == ["when", "lender", "case", "act", "now", "why"]
    told = (
        f"2026-03-02 10:00 north-bank {called.ref} call (collection) refused Calls, messages and letters only"
    )
    assert " ".join(line.split()).startswith(told)
    assert line.index("Calls") == columns.index("why")
    assert [each.split()[:2] for each in sums[:5]] == [
        ["1", "decisions"],
        ["1", "were"],
        ["0", "were"],
        ["0", "would"],
        ["0", "cannot"],
    ]
    assert sums[6].split()[:3] == ["1", "hours", "[contact.window:"]
    assert sums[8].split() == ["1", "call", "(collection)"]


def test_every_reason_of_a_refusal_has_a_line_under_why(run, called, tmp_path):
    changes = {"window": ["11:00", "20:00"], "first_after_dpd": 40}
    stricter = pack_file(tmp_path, "stricter.toml", contact=changes, visit={"window": ["11:00", "20:00"]})
    result = run("simulate", "--pack", stricter, "--weeks", 8)
    assert result.exit_code == 0, result.stderr
    _, columns, first, second, *_ = result.stdout.splitlines()
    assert "11:00" in first[columns.index("why") :]
    assert "40" in second[columns.index("why") :]
    assert not second[: columns.index("why")].strip()


def test_the_same_as_one_json_object(run, called, stricter):
    found = json.loads(run("simulate", "--pack", stricter, "--weeks", 8, "--json").stdout)
    [change] = found["changes"]
    assert (change["case"], change["then"], change["now"]) == (called.ref, "allowed", "refused")
    assert (change["action"], change["class"]) == ("call", "collection")
    [rule] = change["rules"]
    assert rule["id"] == "hours"
    assert "11:00" in rule["sentence"]
    assert found["totals"] == {
        "decisions": 1,
        "refused": 1,
        "allowed": 0,
        "same": 0,
        "not_replayable": 0,
        "by_rule": {"hours": {"count": 1, "key": "contact.window", "source": rule["source"]}},
        "by_act": {"call (collection)": 1},
    }


def test_a_broken_pack_is_not_tried_on_anything(run, called, tmp_path):
    broken = pack_file(tmp_path, "broken.toml", contact={"phone_attempts_per_day": 9})
    for more in ([], ["--json"]):
        result = run("simulate", "--pack", broken, "--weeks", 8, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "broken.toml: contact.phone_attempts_per_day: " in result.stderr
        assert "allowed: a whole number from 1 to 6" in result.stderr


def test_a_lender_without_decisions_gives_an_empty_list_and_an_unknown_one_is_refused(run, session, stricter):
    factories.lender(session, "quiet-bank", preset="tw")
    session.commit()
    found = json.loads(
        run("simulate", "--pack", stricter, "--weeks", 1, "--lender", "quiet-bank", "--json").stdout
    )
    assert (found["changes"], found["totals"]["decisions"]) == ([], 0)
    refused = run("simulate", "--pack", stricter, "--weeks", 1, "--lender", "nobody")
    assert refused.exit_code == 2
    assert "known: quiet-bank" in refused.stderr
