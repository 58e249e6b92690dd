"""The command line: `portal`. Exit codes: 0 done, 1 refused or check failed, 2 input error, 3 unavailable."""

import click

from portal.cli import (
    agreement,
    audit,
    bench,
    book,
    database,
    demo,
    doctor,
    export,
    imports,
    keys,
    lenders,
    link,
    policy,
    run,
    schedule,
    serve,
    worker,
)
from portal.cli.context import Commands

MODULES = (
    run,
    demo,
    serve,
    worker,
    database,
    lenders,
    imports,
    book,
    link,
    policy,
    schedule,
    agreement,
    audit,
    keys,
    bench,
    doctor,
    export,
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def portal() -> None:
    """Good Terms: put an overdue loan back on good terms.

    \b
    Example:  portal import examples/taiwan_cards/out --lender taiwan-cards
              portal nightly --date 2005-09-28 --json

    \b
    Exit codes:  0 done · 1 refused, or a check failed · 2 usage or input error
                 3 not available (database, schema)
    """


for module in MODULES:
    for command in module.COMMANDS:
        portal.add_command(command)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    portal(prog_name="portal")
