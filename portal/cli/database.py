"""`portal db`: the schema of the database."""

from typing import Any

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
    """Apply what is missing. Several processes may do this at once.

    On PostgreSQL this works as PORTAL_DATABASE_OWNER_URL, and makes the plain role that PORTAL_DATABASE_URL
    names, as which everything else works. With one address for both it makes a role and prints its own."""
    from portal.infra import installation

    address = installation.upgrade(open_portal(any_schema=True).settings)
    result = {"current": True} | ({"database_url": address} if address else {})
    show(result, as_json=as_json, text=_upgraded)


def _upgraded(result: dict[str, Any]) -> str:
    said = "The schema is current."
    if address := result.get("database_url"):
        said += (
            "\nThe portal does not work as the owner of the tables. Made a plain role for it; from now on set"
            f" (shown only now):\n  PORTAL_DATABASE_URL={address}"
            "\nand give the address used just now as PORTAL_DATABASE_OWNER_URL to `portal db upgrade` alone."
        )
    return said


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
