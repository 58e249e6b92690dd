"""`portal run`: everything at once, to try it out. It is what `make run` calls."""

import os
import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import click

from portal.cli.context import CheckFailed, InputError, Unavailable, note, open_portal
from portal.cli.processes import Ended, Family, family

if TYPE_CHECKING:
    from portal.infra.installation import Installation

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
READY_SECONDS = 60


@click.command(
    epilog="""\b
Example:  portal run --port 8000
          Ctrl-C ends it. The data stay in the instance folder."""
)
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
def run(port: int) -> None:
    """Start web and worker on this machine, with the demo the first time, and say how to enter."""
    _check_port(port)
    installation = _prepare(port)
    with family() as children:
        children.start("serve", "--port", str(port))
        children.start("worker")
        ended = _wait_until_ready(children, f"http://{HOST}:{port}/readyz")
        if ended is None and not children.told_to_stop:
            _show_ways_in(installation)
            installation.engine.dispose()
            ended = children.watch()
    if ended:
        raise CheckFailed(f"`portal {ended.name}` ended with code {ended.code}; stopped everything")
    note("Stopped. The data are kept.")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Unavailable(f"port {port} is in use: choose another with PORT= or --port") from error


def _prepare(port: int) -> "Installation":
    """Make keys, schema and demo where they are missing. A second start keeps the data."""
    from portal import demo
    from portal.config import Settings
    from portal.infra import clock
    from portal.infra.installation import upgrade

    if port != DEFAULT_PORT and Settings.load().base_url.endswith(f":{DEFAULT_PORT}"):
        os.environ["PORTAL_BASE_URL"] = f"http://{HOST}:{port}"  # links lead to where we listen
    installation = open_portal(any_schema=True)
    if installation.settings.production:
        raise InputError(
            "`portal run` is for trying out; in production use `portal serve` and `portal worker`"
        )
    upgrade(installation.settings)
    with installation.reading() as session:
        loaded = demo.is_loaded(session)
    if not loaded:
        note("Loading the demo: fictional lenders, staff and borrowers")
        demo.load(installation, now=clock.now())
    return installation


def _wait_until_ready(children: Family, url: str) -> Ended | None:
    deadline = time.monotonic() + READY_SECONDS
    while not children.told_to_stop:
        if ended := children.ended():
            return ended
        if _is_ready(url):
            return None
        if time.monotonic() > deadline:
            raise Unavailable(f"the portal did not get ready within {READY_SECONDS} seconds")
        time.sleep(0.1)
    return None


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _show_ways_in(installation: "Installation") -> None:
    from portal import demo
    from portal.infra import clock

    ways = demo.entry_points(installation, now=clock.now())
    lines = [f"Good Terms is running: {installation.settings.base_url}   (Ctrl-C ends it)", ""]
    lines += [f"Borrowers: open a link, give the last four, then the code from {ways.messages_url}", ""]
    for person in ways.borrowers:
        lines += [
            f"  {person.name} · {person.lender} · {person.shows}",
            f"    {person.url}   last four {person.last_four}",
        ]
    lines += ["", f"Staff: sign in at {ways.staff_url}, all with the password {ways.password};"]
    lines += [f"       the code of the second step is on {ways.codes_url}", ""]
    lines += [f"  {person.email:34} {person.role:8} {person.shows}" for person in ways.staff]
    lines += ["", *(f"Note: {note}" for note in ways.notes)]
    click.echo("\n".join(lines).rstrip() + "\n")


COMMANDS = (run,)
