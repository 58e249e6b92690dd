import csv
import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from portal.cli import imports as cli_imports
from portal.cli import portal
from portal.domain.policy import PolicyError
from portal.infra import clock
from portal.models import BookImport, Case, Loan
from portal.services import job_runs, policies
from portal.vocabulary import JobState
from tests import factories
from tests.conftest import KEYS, NOW
from tests.services import books


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
        return CliRunner().invoke(portal, [str(argument) for argument in arguments])

    return command


@pytest.fixture
def lender(session):
    lender = factories.lender(session, "taiwan", preset="tw")
    session.commit()
    return lender


def test_a_book_is_taken_in_aged_and_its_case_shown(run, session, lender, tmp_path):
    place = books.write(tmp_path / "book")

    taken = run("import", place, "--lender", "taiwan", "--json")
    assert taken.exit_code == 0, taken.output
    assert json.loads(taken.stdout)["instalments"] == 5
    night = run("nightly", "--date", "2026-03-02", "--json")
    assert night.exit_code == 0, night.output
    told = json.loads(night.stdout)
    assert told["overdue"] == 1
    of_lender = told["lenders"][0]
    assert (of_lender["loans"], of_lender["overdue"]) == (2, 1)
    assert of_lender["by_dpd"] == {"1": 1}
    assert of_lender["by_bucket"] == {"M1": 1, "M2": 0, "M3": 0, "M3+": 0}
    assert of_lender["overdue_amount"] == {"TWD": "1024.33"}
    assert of_lender["cases"] == {"opened": 1, "joined": 0, "reopened": 0, "cured": 0, "closed": 0}
    case = session.scalars(select(Case)).one()
    shown = run("case", "show", case.ref, "--json")
    assert shown.exit_code == 0, shown.output
    facts = json.loads(shown.stdout)
    loan = facts["loans"][0]
    assert (facts["state"], facts["borrower_no"], loan["contract_no"]) == ("confirmed", "B1", "L1")
    # One day of 14.6 % on 1,000.00.
    assert loan["overdue"] == {
        "principal": "1000.00",
        "interest": "24.33",
        "fees": "0.00",
        "penalty": "0.40",
        "costs": "0.00",
        "total": "1024.73",
    }
    assert loan["source"]["as_of"] == "2026-03-01"
    assert loan["source"]["aged_on"] == "2026-03-02"
    assert "林示範" not in shown.output


def test_results_for_people_are_sentences(run, session, lender, tmp_path):
    place = books.write(tmp_path / "book")
    assert "Taken in: 2 borrowers, 2 loans" in run("import", place, "--lender", "taiwan").stdout
    assert "taken in before: no change" in run("import", place, "--lender", "taiwan").stdout
    assert "1 of 2 loans overdue (M1 1, " in run("nightly", "--date", "2026-03-02").stdout
    case = session.scalars(select(Case)).one()
    assert "1 days past due, TWD 1024.73 overdue" in run("case", "show", case.ref).stdout


def test_a_wrong_cell_imports_nothing_and_ends_with_code_2(run, session, lender, tmp_path):
    place = books.write(tmp_path / "book", loans=books.LOANS.replace("3000.00", "about 3000"))
    result = run("import", place, "--lender", "taiwan")

    assert result.exit_code == 2
    assert "loans.csv, line 2, column principal: 'about 3000' is not a decimal number" in result.stderr
    assert "nothing was imported" in result.stderr
    assert (tmp_path / "book.errors.csv").read_text("utf-8").splitlines() == [
        "file,line,column,value,reason",
        "loans.csv,2,principal,about 3000,is not a decimal number",
    ]
    assert session.scalar(select(func.count(Loan.id))) == 0
    assert session.scalar(select(func.count(BookImport.id))) == 0


def test_a_dry_run_checks_everything_and_changes_nothing(run, session, lender, tmp_path):
    result = run("import", books.write(tmp_path / "book"), "--lender", "taiwan", "--dry-run", "--json")

    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["dry_run"], told["loans"]) == (True, 2)
    assert session.scalar(select(func.count(Loan.id))) == 0


def test_an_older_set_is_refused_with_code_1_and_a_sentence(run, session, lender, tmp_path):
    run("import", books.write(tmp_path / "new"), "--lender", "taiwan")
    older = books.write(tmp_path / "old", set="as_of = 2026-02-01\n")
    result = run("import", older, "--lender", "taiwan")

    assert result.exit_code == 1
    assert "already stands at 2026-03-01" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "BOOK", "--lender", "nobody"], "there is no lender 'nobody'; known: taiwan"),
        (["import", "BOOK/nothing", "--lender", "taiwan"], "no such file or folder"),
        (["import", "BOOK", "--lender", "taiwan", "--mapping", "BOOK/set.toml"], "is no section"),
        (["import", "BOOK", "--lender", "taiwan", "--as-of", "soon"], "is not a date"),
        (["nightly", "--date", "2026-02-30"], "is not a date"),
        (["nightly", "--lender", "nobody"], "there is no lender"),
        (["case", "show", "nothing"], "there is no case"),
    ],
)
def test_wrong_input_ends_with_code_2_and_one_clear_line(run, lender, tmp_path, arguments, message):
    place = books.write(tmp_path / "book")
    result = run(*(argument.replace("BOOK", str(place)) for argument in arguments))

    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_night_may_be_done_again_and_follows_a_newer_book(run, session, lender, tmp_path):
    run("import", books.write(tmp_path / "old"), "--lender", "taiwan")
    first = run("nightly", "--date", "2026-03-05", "--json")
    again = run("nightly", "--date", "2026-03-05", "--json")
    assert json.loads(again.stdout)["lenders"][0]["cases"]["opened"] == 0
    assert json.loads(again.stdout)["overdue"] == json.loads(first.stdout)["overdue"] == 1
    paid = books.INSTALMENTS.replace("1000.00,24.33,0,0,0,0", "1000.00,24.33,0,1000.00,24.33,0")
    run(
        "import",
        books.write(tmp_path / "new", instalments=paid, set="as_of = 2026-03-05\n"),
        "--lender",
        "taiwan",
    )
    cured = json.loads(run("nightly", "--date", "2026-03-05", "--json").stdout)

    assert (cured["overdue"], cured["lenders"][0]["cases"]["cured"]) == (0, 1)
    runs = session.scalars(select(job_runs.JobRun)).all()
    assert [(run.job, run.slot, run.state) for run in runs] == [("nightly", "2026-03-05", JobState.DONE)]


def test_a_night_that_another_worker_does_is_left_to_it(run, session, lender):
    assert job_runs.start(session, job="nightly", lender=lender, slot="2026-03-02", now=NOW)
    session.commit()
    result = run("nightly", "--date", "2026-03-02")

    assert result.exit_code == 1
    assert "another worker" in result.stderr


def test_the_business_date_is_today_in_the_zone_of_the_lender(run, lender):
    told = json.loads(run("nightly", "--json").stdout)

    assert told["lenders"][0]["business_date"] == "2026-03-02"


def test_a_database_without_the_newest_schema_is_not_used(tmp_path, monkeypatch):
    for name, value in (KEYS | {"PORTAL_INSTANCE_PATH": str(tmp_path / "empty")}).items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(portal, ["nightly"])

    assert result.exit_code == 3
    assert "run `portal db upgrade`" in result.stderr


def test_settings_that_contradict_end_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setenv("PORTAL_MASTER_KEY", "too short")
    result = CliRunner().invoke(portal, ["nightly"])

    assert result.exit_code == 2
    assert "PORTAL_MASTER_KEY" in result.stderr


def test_a_broken_policy_pack_stops_every_command(run, lender, monkeypatch):
    def broken() -> None:
        raise PolicyError("tw.toml", "visit.window", "is missing")

    monkeypatch.setattr(policies, "load_all", broken)
    result = run("nightly")

    assert result.exit_code == 2
    assert "tw.toml: visit.window: is missing" in result.stderr


@pytest.mark.parametrize("command", [["import"], ["nightly"], ["case"], ["case", "show"], []])
def test_every_help_shows_an_example(command):
    result = CliRunner().invoke(portal, [*command, "--help"])

    assert result.exit_code == 0
    assert "Example:  portal " in result.stdout


def test_the_errors_file_stands_beside_a_single_file_too(run, lender, tmp_path):
    place = tmp_path / "borrowers.csv"
    place.write_text(books.BORROWERS.replace("zh-Hant", "klingon"), "utf-8")
    result = run("import", place, "--lender", "taiwan", "--as-of", "2026-03-01")

    assert result.exit_code == 2
    assert Path(tmp_path / "borrowers.errors.csv").exists()


@pytest.mark.parametrize("name", ["march.zip", "march.xlsx"])
def test_a_book_in_one_file_is_taken_in_and_its_list_of_problems_stands_beside_it(
    run, session, lender, tmp_path, settings, name
):
    folder = books.write(tmp_path / "book")
    wrong = books.PAYMENTS.replace("1036.50", "'@SUM(1)'")
    bad, good = tmp_path / f"bad.{name}", tmp_path / name
    for place, payments in ((good, books.PAYMENTS), (bad, wrong)):
        pack(books.write(folder, payments=payments), place)

    refused = run("import", bad, "--lender", "taiwan")
    assert refused.exit_code == 2, refused.output
    told = (tmp_path / f"bad.{name.partition('.')[0]}.errors.csv").read_text("utf-8").splitlines()
    where = "payments.csv" if name.endswith("zip") else "payments"
    assert told[1:] == [f"{where},2,amount,'@SUM(1)',is not a decimal number"]
    assert session.scalar(select(func.count(Loan.id))) == 0
    session.rollback()
    assert json.loads(run("import", good, "--lender", "taiwan", "--json").stdout)["instalments"] == 5
    assert session.scalar(select(func.count(Loan.id))) == 2
    assert not list(settings.temporary.glob("*"))


def pack(folder: Path, place: Path) -> None:
    """Put the files of a folder into an archive, or as sheets of texts into a workbook."""
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
        return
    workbook = openpyxl.Workbook()
    workbook.active.title = "set"
    workbook["set"].append(["as_of", date(2026, 3, 1)])
    for path in folder.glob("*.csv"):
        sheet = workbook.create_sheet(path.stem)
        for row in csv.reader(path.read_text("utf-8").splitlines()):
            sheet.append([cell or None for cell in row])
    workbook.save(place)


def test_the_progress_tells_file_rows_rate_and_share_on_a_terminal(monkeypatch):
    from rich.progress import Progress

    told = []
    monkeypatch.setattr(Progress, "update", lambda _bar, _task, **facts: told.append(facts))
    moments = iter([10.0, 10.0, 12.0, 12.0])
    monkeypatch.setattr(clock, "monotonic", lambda: next(moments))
    with cli_imports._bar() as shown:
        tell = shown("checked", lambda _kind, rows: rows // 100)
        tell("loans", 1000)
        tell("loans", 4000)
    assert told == [
        {"description": "loans: 1,000 rows checked", "completed": 10, "total": 100},
        {"description": "loans: 4,000 rows checked, 2,000 a second", "completed": 40, "total": 100},
    ]
