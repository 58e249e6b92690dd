"""`portal export events`: JSON lines on stdout, the cursor on stderr, an exit code for what is wrong."""

import json

import pytest
from click.testing import CliRunner, Result

from portal.cli import portal
from tests import factories
from tests.conftest import KEYS
from tests.services.test_event_export import called


@pytest.fixture
def run(settings, monkeypatch):
    """Runs `portal …` on the test's installation, as a process of its own would."""
    environ = KEYS | {
        "PORTAL_INSTANCE_PATH": str(settings.instance),
        "PORTAL_DATABASE_URL": settings.database_url,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: object) -> Result:
        asked = ["export", "events", "--lender", "taiwan", *(str(each) for each in arguments)]
        return CliRunner().invoke(portal, asked)

    return command


@pytest.fixture
def made(session):
    lender = factories.lender(session, "taiwan", preset="tw")
    caller = factories.staff(session, lender)
    for _ in range(2):
        called(session, factories.late_borrower(session, lender), caller)
    session.commit()
    return lender


def lines(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("made")
def test_an_export_goes_on_after_any_line_and_after_the_end(run):
    first = run("--since", "2026-03-01", "--json")
    told, whole = json.loads(first.stderr), lines(first)
    assert told["events"] == len(whole) == 4
    assert [each["kind"] for each in whole] == ["decision", "contact"] * 2

    for place, each in enumerate(whole):
        assert lines(run("--since", "2026-03-01", "--after", each["cursor"])) == whole[place + 1 :]
    assert lines(run("--since", "2026-03-01", "--after", told["cursor"])) == []


@pytest.mark.usefixtures("made")
def test_a_day_begins_at_midnight_of_the_lender_and_a_moment_where_it_says(run):
    # The contacts were at 02:00 UTC, 10:00 in Taipei.
    for since, count in (
        ("2026-03-02", 4),
        ("2026-03-03", 0),
        ("2026-03-02T10:00", 4),
        ("2026-03-02T10:01", 0),
        ("2026-03-02T02:00:00+00:00", 4),
        ("2026-03-02T02:00:01Z", 0),
    ):
        assert len(lines(run("--since", since))) == count, since


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "is not a moment such as"),
        (["--since", "2026-03-02", "--after", "999999"], "beyond the newest entry"),
        (["--since", "2026-03-02", "--after", "-1"], "x>=0"),
        ([], "--since"),
        (["--since", "2026-03-02", "--lender", "nobody"], "there is no lender 'nobody'"),
    ],
)
def test_what_cannot_be_used_is_said_and_ends_with_two(run, arguments, said):
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
