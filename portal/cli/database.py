"""`portal db`: the schema of the database."""

import click

from portal.cli.context import CheckFailed, json_option, open_portal, show


@click.group(
    epilog="""\b
Example:  portal db upgrade
          portal db check --json"""
)
def db() -> None:
    """Bring the database's schema up to date, or check that it is."""


@db.command(
    epilog="""\b
Example:  portal db upgrade"""
)
@json_option
def upgrade(*, as_json: bool) -> None:
    """Apply what is missing. Several processes may do this at once."""
    from portal.infra import schema

    schema.upgrade(open_portal(any_schema=True).engine)
    show({"current": True}, as_json=as_json, text=lambda _: "The schema is current.")


@db.command(
    epilog="""\b
Example:  portal db check && portal serve"""
)
@json_option
def check(*, as_json: bool) -> None:
    """Tell whether the schema is current; exit code 1 when it is not."""
    from portal.infra import schema

    current = schema.is_current(open_portal(any_schema=True).engine)
    if not current and not as_json:
        raise CheckFailed("the database schema is not current: run `portal db upgrade`")
    show({"current": current}, as_json=as_json, text=lambda _: "The schema is current.")
    if not current:
        click.get_current_context().exit(CheckFailed.exit_code)


COMMANDS = (db,)
