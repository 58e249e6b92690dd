"""`portal demo`: fictional lenders, staff and borrowers to try the portal with."""

from dataclasses import asdict
from typing import Any

import click

from portal.cli.context import InputError, json_option, note, open_portal, show

DEFAULT_BORROWERS = 30


@click.command(
    epilog="""\b
Example:  portal demo
          portal demo --seed 7 --borrowers 60"""
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same number gives the same people.")
@click.option("--borrowers", type=int, default=DEFAULT_BORROWERS, show_default=True, help="How many of them.")
@json_option
def demo(*, seed: int, borrowers: int, as_json: bool) -> None:
    """Load three lenders with fictional staff and borrowers at every step of the journey.

    An installation that has the demo already is left as it is."""
    from portal import demo as the_demo
    from portal.infra import clock

    if not the_demo.LEAST <= borrowers <= the_demo.MOST:
        raise InputError(f"--borrowers is a number from {the_demo.LEAST} to {the_demo.MOST:,}")
    installation = open_portal()
    if installation.settings.production:
        raise InputError("the demo does not go into a production installation")
    result: dict[str, Any] = {"loaded": False}
    try:
        report = the_demo.load(installation, seed=seed, borrowers=borrowers, now=clock.now())
        result = {"loaded": True} | asdict(report)
    except the_demo.AlreadyLoaded:
        note("The demo is loaded already; nothing was changed. Another PORTAL_INSTANCE_PATH starts anew.")
    show(result, as_json=as_json, text=_told)


def _told(result: dict[str, Any]) -> str:
    if not result["loaded"]:
        return "`portal run` starts it and says how to enter."
    cases = ", ".join(f"{count} {state}" for state, count in result["cases"].items())
    return (
        f"Loaded {', '.join(result['lenders'])}: {result['staff']} staff, {result['borrowers']} borrowers, "
        f"{result['loans']} loans; cases: {cases}.\n`portal run` starts it and says how to enter."
    )


COMMANDS = (demo,)
