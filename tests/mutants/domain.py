"""Changes the rules of money one small thing at a time (mutmut), and asks whether a test notices.

    python -m tests.mutants.domain [--only FILE.py ...]

Works in a copy of the tree, with `tests/domain` alone. The score is the share of mutants that a test notices;
what no test of the domain runs through counts as not noticed. The record is `domain.md` beside this."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_suffix(".md")
LEAST = 85
NOTICED = ("killed", "timeout", "caught_by_type_check")
CONFIG = """
[tool.mutmut]
source_paths = ["portal"]
only_mutate = [{only}]
also_copy = ["tests"]
pytest_add_cli_args_test_selection = ["tests/domain"]
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "-q -p no:cacheprovider -p no:xdist"
"""
CONFTEST = """
from hypothesis import settings

settings.register_profile("mutants", max_examples=12, derandomize=True, deadline=None, database=None)
settings.load_profile("mutants")
"""


def main() -> None:
    """Run the mutants; exit code 1 when fewer are noticed than must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="FILE.py", help="files of portal/domain; else all")
    files = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="portal-mutants-") as folder:
        found = score(Path(folder), files or ["*.py"])
    total = sum(found.values())
    noticed = sum(found.get(name, 0) for name in NOTICED)
    share = 100 * noticed / total if total else 0
    print(f"{noticed:,} of {total:,} mutants noticed: {share:.1f} %, at least {LEAST}")  # noqa: T201
    if not files:
        RECORD.write_text(report(found, share), "utf-8")
    if share < LEAST:
        sys.exit(1)


def score(folder: Path, only: list[str]) -> dict[str, int]:
    """Make the copy, run mutmut in it, and return how many mutants ended how."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "portal", folder / "portal", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "domain", folder / "tests" / "domain", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data")
    (folder / "tests" / "__init__.py").touch()
    (folder / "tests" / "conftest.py").write_text(CONFTEST, "utf-8")
    patterns = ", ".join(f'"portal/domain/{name}"' for name in only)
    (folder / "pyproject.toml").write_text(CONFIG.format(only=patterns), "utf-8")
    mutmut = [sys.executable, "-m", "mutmut"]
    environ = os.environ | {"PYTHONPATH": ""}
    subprocess.run([*mutmut, "run"], cwd=folder, env=environ, check=False)
    subprocess.run([*mutmut, "export-cicd-stats"], cwd=folder, env=environ, check=True)
    stats = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
    return {name: count for name, count in stats.items() if name != "total" and count}


def report(found: dict[str, int], share: float) -> str:
    """Write the record: when, with what, how many mutants ended how."""
    when = f"Run on {datetime.now(UTC):%Y-%m-%d} with mutmut {version('mutmut')}"
    lines = ["# Mutants of the domain", "", f"{when}: {share:.1f} % noticed, at least {LEAST} %.", ""]
    lines += ["| how it ended | mutants |", "|---|--:|"]
    lines += [f"| {name.replace('_', ' ')} | {count:,} |" for name, count in sorted(found.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
