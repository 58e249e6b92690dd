"""Commands about the loan book."""

import click

COMMANDS: tuple[click.Command, ...] = ()
