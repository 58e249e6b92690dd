"""`portal keys`: replacing the keys that seal what is stored."""

import os
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from portal.cli.context import CheckFailed, InputError, json_option, lender_of, open_portal, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Settings
    from portal.jobs.key_rotation import Progress

NEW_MASTER_KEY = "PORTAL_NEW_MASTER_KEY"


@click.group(
    epilog="""\b
Example:  portal keys rotate --lender pingan-bank"""
)
def keys() -> None:
    """Replace the keys that seal what is stored."""


@keys.command(
    epilog="""\b
Example:  portal keys rotate
          portal keys rotate --lender pingan-bank --json
          PORTAL_NEW_MASTER_KEY=... portal keys rotate --master"""
)
@click.option(
    "--lender", "code", metavar="CODE", help="The lender whose key is replaced. Default: every one."
)
@click.option("--master", is_flag=True, help="Replace the master key instead.")
@json_option
def rotate(*, code: str | None, master: bool, as_json: bool) -> None:
    """Give lenders new keys and seal everything again under them, while the portal works.

    The old keys are destroyed once nothing needs them. A run that was broken off is finished by the next one.

    With --master the keys themselves are locked with another master key, read from PORTAL_NEW_MASTER_KEY or
    asked for. Where PORTAL_OLD_MASTER_KEY is set, PORTAL_MASTER_KEY is the new one: see docs/keys.md."""
    if master and code:
        raise click.UsageError("the master key is the whole installation's: leave out --lender")
    if master:
        _replace_master(as_json=as_json)
    else:
        _replace_keys(code, as_json=as_json)


def _replace_keys(code: str | None, *, as_json: bool) -> None:
    from portal.infra import clock
    from portal.infra.quiescence import StillBusy
    from portal.jobs import key_rotation
    from portal.services import lenders

    installation = open_portal()
    with installation.reading() as session:
        chosen = [lender_of(session, code)] if code else lenders.all_lenders(session)
    try:
        with _progress() as progress:
            done = key_rotation.rotate(
                installation, codes=[each.code for each in chosen], now=clock.now(), progress=progress
            )
    except StillBusy as busy:
        raise CheckFailed(
            "a transaction has not ended for too long; the old keys are kept: run the same command again"
        ) from busy
    result = {"complete": not any(each.left for each in done), "lenders": [asdict(each) for each in done]}
    show(result, as_json=as_json, text=_told)
    if not result["complete"]:
        click.get_current_context().exit(CheckFailed.exit_code)


def _told(result: dict[str, Any]) -> str:
    lines = []
    for each in result["lenders"]:
        done = f"{each['values']:,} values, {each['files']:,} files, {each['letters']:,} letters sealed again"
        if each["left"]:
            end = (
                f"{each['left']:,} rows are still under an old key, which is kept: run the same command again"
            )
        else:
            end = f"nothing is sealed under an older key; destroyed {each['destroyed']}"
        lines.append(f"{each['lender']}: {done}; {end}")
    return "\n".join(lines) or "There is no lender yet."


def _replace_master(*, as_json: bool) -> None:
    from portal.infra import clock, crypto
    from portal.infra.installation import keyring
    from portal.services import keys as service

    installation = open_portal()
    new = _new_master(installation.settings)
    to = keyring(installation.settings.with_master_key(new), installation.engine)
    try:
        with installation.writing.begin() as session:
            count = service.rewrap(session, to=to, now=clock.now())
    except crypto.NotOpened as problem:
        raise CheckFailed(f"{problem}; nothing was changed") from problem
    show({"keys": count}, as_json=as_json, text=_told_master)


def _told_master(result: dict[str, Any]) -> str:
    return (
        f"The new master key locks all {result['keys']} keys. Start every process with it as "
        "PORTAL_MASTER_KEY, without PORTAL_OLD_MASTER_KEY, and keep a copy of it apart from the database."
    )


def _new_master(settings: "Settings") -> bytes:
    from portal.config import SettingsError, key_from, weakness

    text = os.environ.get(NEW_MASTER_KEY)
    if not text and settings.old_master_key:
        return settings.master_key
    if not text:
        text = click.prompt("New master key (32 random bytes in base64)", hide_input=True, err=True)
    try:
        key = key_from(text, NEW_MASTER_KEY)
    except SettingsError as error:
        raise InputError(str(error)) from error
    if problem := weakness(key):
        raise InputError(f"{NEW_MASTER_KEY} {problem}: set it to 32 random bytes in base64")
    if key in (settings.master_key, settings.secret_key):
        raise InputError(f"{NEW_MASTER_KEY} is in use already: draw a new one")
    return key


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on a terminal; else silence."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total or None
        )


COMMANDS = (keys,)
