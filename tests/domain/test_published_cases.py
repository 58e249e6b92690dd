"""Numbers that others publish come out of the domain's own functions, case by case.

LOAN_CASES_DIR names another directory of the same form; a kind of case that no function checks fails."""

import json
import os
import subprocess
import sys

import pytest

from tests.domain.published import KINDS
from tests.domain.published.cases import SUPPLIED, directory, load

CASES = load(directory())


@pytest.mark.parametrize(
    ("kind", "case"), CASES, ids=[f"{kind}: {case.get('id', '')}" for kind, case in CASES]
)
def test_a_published_number_comes_out(kind, case):
    if kind not in KINDS:
        pytest.fail(f"no function checks cases of the kind {kind!r}")
    KINDS[kind](case)


def test_there_are_cases_to_check():
    assert CASES


def test_all_the_cases_that_are_kept_here_are_checked():
    assert len(load(SUPPLIED)) == 177


def run_on(folder):
    chosen = "test_a_published_number or cases_to_check"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:xdist", __file__, "-k", chosen],
        env=os.environ | {"LOAN_CASES_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_another_directory_is_read_and_a_kind_without_code_fails(tmp_path):
    known = {"inputs": {"kind": "irr", "flows": ["-100", "110"], "times": 1}, "expected": {"rate": "0.1"}}
    unknown = {"id": "orbit", "inputs": {"kind": "moon_phase"}, "expected": {}}
    (tmp_path / "irr.json").write_text(json.dumps([known | {"id": "a tenth", "tolerance": {"abs": "1e-9"}}]))
    assert run_on(tmp_path)[0] == 0
    (tmp_path / "moon_phase.json").write_text(json.dumps([unknown]))

    code, output = run_on(tmp_path)

    assert code == 1
    assert "no function checks cases of the kind 'moon_phase'" in output
    assert "1 failed, 2 passed" in output


def test_a_directory_without_cases_fails(tmp_path):
    code, output = run_on(tmp_path)

    assert code == 1
    assert "test_there_are_cases_to_check" in output
