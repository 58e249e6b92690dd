"""`portal bench`: measures the product beside its limits."""

import json
import sys
from types import ModuleType
from typing import Any

import click

from portal.cli.context import CheckFailed, InputError, json_option


@click.command(
    epilog="""\b
Example:  portal bench audit
          portal bench audit --rows 100000 --json"""
)
@click.argument("name")
@click.option("--rows", type=click.IntRange(min=1000), help="Another size than the full one.")
@json_option
def bench(name: str, rows: int | None, *, as_json: bool) -> None:
    """Run one measure, each figure beside its limit; exit code 1 when one is over it.

    Every figure is {name, value, limit, ratio, unit, runs, ok}. The ratio is to the peer that was measured in
    the same run, or to the limit where there is none. The measures stand in the folder bench/ of the source;
    `make bench` runs them all and writes bench/results.md. What is measured is a database of its own: the
    installation is not touched."""
    measures = _measures()
    if name not in (known := measures.names()):
        raise InputError(f"there is no measure {name!r}; known: {', '.join(known)}")
    figures = [each.as_json() for each in measures.measured(name, rows)]
    click.echo(json.dumps(figures) if as_json else "\n".join(_line(each) for each in figures))
    if not all(each["ok"] for each in figures):
        click.get_current_context().exit(CheckFailed.exit_code)


def _measures() -> ModuleType:
    """Find the measures, which are in the source and not in the package."""
    from importlib import import_module

    from portal.config import ROOT

    if not (ROOT / "bench").is_dir():
        raise InputError("the measures are part of the source, not of an installed package")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return import_module("bench.__main__")


def _line(each: dict[str, Any]) -> str:
    figure = f"{each['value']:g} {each['unit']}, at most {each['limit']:g}"
    return f"{each['name']}: {figure} (ratio {each['ratio']:g}){'' if each['ok'] else '  OVER'}"


COMMANDS = (bench,)
