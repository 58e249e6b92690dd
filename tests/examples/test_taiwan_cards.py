import csv
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.domain.actor import system
from portal.domain.id_numbers import check_digit_fits
from portal.infra.book_files import open_set
from portal.services import ageing, imports, policies
from portal.vocabulary import IdType
from tests import factories
from tests.conftest import NOW

FOLDER = ROOT / "examples" / "taiwan_cards"
PRIVATE = ("SEX", "EDUCATION", "MARRIAGE", "AGE")


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("taiwan") / "out"
    command = [sys.executable, FOLDER / "convert.py", "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def expected() -> dict[int, int]:
    """Overdue clients of the sample by days past due, counted in the extract itself."""
    counts: dict[int, int] = {}
    for client in rows(FOLDER / "sample.csv"):
        late = int(client["PAY_0"])
        if late >= 1:
            dpd = (date(2005, 9, 28) - date(2005, 10 - late, 1)).days
            counts[dpd] = counts.get(dpd, 0) + 1
    return dict(sorted(counts.items()))


def test_ageing_finds_exactly_the_overdue_clients_of_the_extract(session, book):
    lender = factories.lender(session, "taiwan", preset="tw")
    found = open_set(book, kinds=imports.KINDS)
    check = imports.check(session, lender=lender, book=found)
    assert check.problems == []
    imports.write(session, lender=lender, check=check, actor=system(lender.id, "import"), now=NOW)
    policy = policies.of(lender, NOW)
    ageing.age_loans(session, lender=lender, policy=policy, business_date=date(2005, 9, 28))
    summary = ageing.summary(session, lender=lender, policy=policy)

    assert summary.loans == 2000
    assert summary.by_dpd == expected()
    assert {27, 58, 89} < summary.by_dpd.keys()


def test_the_minimum_payment_is_a_tenth_of_the_statement_and_at_least_1000(book):
    clients = {f"TW-{client['ID']}": client for client in rows(FOLDER / "sample.csv")}
    for row in rows(book / "instalments.csv"):
        back = 9 - int(row["due_date"][5:7])
        statement = float(clients[row["contract_no"]][f"BILL_AMT{back + 1}"]) if back < 6 else 0
        assert float(row["principal"]) == pytest.approx(max(1000, statement / 10))


def test_what_the_portal_does_not_need_is_not_taken_over(book):
    headers = {name for path in book.glob("*.csv") for name in rows(path)[0]}

    assert not {name.casefold() for name in PRIVATE} & {name.casefold() for name in headers}
    reading = (FOLDER / "convert.py").read_text("utf-8")
    assert not any(f'"{name}"' in reading for name in PRIVATE)


def test_invented_people_are_the_same_at_every_run_and_cannot_be_real(book, tmp_path):
    again = tmp_path / "again"
    subprocess.run([sys.executable, FOLDER / "convert.py", "--out", again], check=True, capture_output=True)
    for path in book.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    people = rows(book / "borrowers.csv")
    assert all(check_digit_fits(IdType.TW_ID, each["id_no"]) is False for each in people)
    assert all(each["email"].endswith("@example.test") for each in people)
    assert all(each["name"].startswith("示範客戶") for each in people)


def test_a_file_that_is_no_extract_ends_with_code_2(tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n", "utf-8")
    command = [sys.executable, FOLDER / "convert.py", wrong, "--out", tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "cannot be read" in result.stderr


def test_the_converter_needs_nothing_but_the_standard_library(tmp_path):
    command = [sys.executable, "-I", "-S", FOLDER / "convert.py", "--out", tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)

    assert (tmp_path / "out" / "loans.csv").exists()
