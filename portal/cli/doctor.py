"""`portal doctor`: is everything the portal stands on as it should be?"""

from dataclasses import asdict
from typing import Any

import click

from portal.cli.context import CheckFailed, json_option, open_portal, show

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(
    epilog="""\b
Example:  portal doctor
          portal doctor --json"""
)
@json_option
def doctor(*, as_json: bool) -> None:
    """Check database, keys, files, fonts, clock, disk and what else the portal stands on.

    Says what was found and what to do. Exit code 1 when a check fails; a warning does not count as that."""
    from portal.cli import checks

    found = list(checks.run(open_portal(any_schema=True)))
    healthy = all(each.state is not checks.State.FAIL for each in found)
    result = {"healthy": healthy, "checks": [asdict(each) for each in found]}
    show(result, as_json=as_json, text=_table)
    if not healthy:
        click.get_current_context().exit(CheckFailed.exit_code)


def _table(result: dict[str, Any]) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for each in result["checks"]:
        advice = f"\n[bold]{escape(each['advice'])}[/]" if each["advice"] else ""
        table.add_row(
            f"[{COLOURS[each['state']]}]{each['state']}[/]", each["name"], escape(each["found"]) + advice
        )
    console = Console()
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


COMMANDS = (doctor,)
