"""`portal export`: what the lender's core system is told."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from portal.cli import context
from portal.cli.context import InputError, json_option, note


class MomentOption(click.ParamType[str]):
    """A date, or a moment such as 2026-03-02T08:00; without a zone it is the lender's."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a moment such as 2026-03-02 or 2026-03-02T08:00:00+08:00", param, ctx
            )
        return str(value)


@click.group(
    epilog="""\b
Example:  portal export events --lender pingan-bank --since 2026-03-01 > events.jsonl"""
)
def export() -> None:
    """Write what happened in the portal for the lender's own systems."""


@export.command(
    epilog="""\b
Example:  portal export events --lender pingan-bank --since 2026-03-01 > march.jsonl
          portal export events --lender pingan-bank --since 2026-03-01 --after 48211 >> march.jsonl"""
)
@click.option("--lender", "code", required=True, metavar="CODE", help="Whose events.")
@click.option("--since", required=True, type=MomentOption(), metavar="T", help="The first day, or moment.")
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="CURSOR", help="Go on after this cursor."
)
@click.option("--with-words", is_flag=True, help="Also what people said in their own words.")
@json_option
def events(*, code: str, since: str, after: int, with_words: bool, as_json: bool) -> None:
    """Write agreements, contacts, decisions of the contact gate and disputes, one JSON object a line.

    The order is fixed and the same each time. At the end the cursor is told on stderr, with --json as one
    JSON object; the next export goes on after it and misses nothing. Fields: docs/events.md."""
    from portal.infra import clock
    from portal.services import event_export

    installation = context.open_portal()
    with installation.reading() as session:
        lender = context.lender_of(session, code)
        until = event_export.length(session, lender=lender)
        if after > until:
            raise InputError(f"--after {after} is beyond the newest entry, {until}")
        begins = _moment(since, context.zone_of(lender, clock.now()))
        count = 0
        with _shown(after, until) as progress:
            found = event_export.events(
                session,
                lender=lender,
                since=begins,
                after=after,
                until=until,
                with_words=with_words,
                progress=progress,
            )
            for event in found:
                click.echo(json.dumps(event, ensure_ascii=False))
                count += 1
    result = {"events": count, "cursor": until}
    note(json.dumps(result) if as_json else f"{count} events. Go on with --after {until}")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A day begins at midnight; what names no zone is in the lender's."""
    named = datetime.fromisoformat(text)
    return named if named.tzinfo else named.replace(tzinfo=zone)


@contextmanager
def _shown(after: int, until: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere. Entries of other kinds count as well."""
    if not sys.stderr.isatty():
        yield lambda _reached: None
        return
    with click.progressbar(length=max(until - after, 1), label="Entries", file=sys.stderr) as bar:
        yield lambda reached: bar.update(reached - after - bar.pos)


COMMANDS = (export,)
