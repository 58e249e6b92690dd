"""`portal policy`: checks a pack, shows one, and tells what another one would have refused."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal.cli import context, policy_simulated
from portal.cli.context import DayOption, InputError, json_option, show
from portal.vocabulary import Locale

if TYPE_CHECKING:
    from portal.domain.policy import Policy
    from portal.models import Lender
    from portal.services.policy_simulation import Change, Tally

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def policy() -> None:
    """Check, show and try out policy packs: the rules a lender works under.

    \b
    Example:  portal policy check instance/policies/tw@2027.1.toml
              portal policy show tw --date 2027-01-01
              portal policy simulate --pack stricter.toml --weeks 8
    """


@policy.command(
    epilog="""\b
Example:  portal policy check instance/policies/tw@2027.1.toml"""
)
@click.argument("file", type=FILE)
@json_option
def check(file: Path, *, as_json: bool) -> None:
    """Read FILE as it would be read at the next start, and say what it changes.

    FILE is called <code>.toml, or <code>@<version>.toml for a later version, as its head says. Exit code 2
    when it is broken: the file, the key, what is wrong with it, and what is allowed."""
    from portal.domain.policy import PolicyError
    from portal.infra.policy_files import UnreadablePackError
    from portal.services import policies

    _packs()
    try:
        pack = policies.of_file(file)
    except PolicyError as error:
        if as_json:
            said = {"file": error.file, "key": error.key, "reason": error.reason, "allowed": error.allowed}
            click.echo(json.dumps({"ok": False} | said, ensure_ascii=False))
        raise InputError(str(error)) from error
    except UnreadablePackError as error:
        if as_json:
            click.echo(json.dumps({"ok": False, "file": file.name, "reason": str(error)}, ensure_ascii=False))
        raise InputError(str(error)) from error
    show({"ok": True, **_head(pack), "changed": _changed(pack)}, as_json=as_json, text=_checked)


@policy.command(
    name="show",
    epilog="""\b
Example:  portal policy show tw
          portal policy show us-regf --date 2027-01-01 --json""",
)
@click.argument("code")
@click.option("--date", "day", type=DayOption(), help="The rules of that day; else of today.")
@json_option
def show_pack(code: str, day: date | None, *, as_json: bool) -> None:
    """Print every key of the pack CODE with its value, its source and how well the source is known."""
    from portal.domain.policy import PolicyError, content_of
    from portal.infra import clock
    from portal.infra.policy_files import UnreadablePackError
    from portal.services import policies

    _packs()
    try:
        if code not in (known := policies.codes()):
            raise InputError(f"there is no policy pack {code!r}; known: {', '.join(known)}")
        pack = policies.in_force(code, day) if day else policies.at(code, clock.now())
    except (PolicyError, UnreadablePackError) as error:
        raise InputError(str(error)) from error
    content = content_of(pack)
    keys = {
        key: {
            "value": said["value"],
            "why": pack.why(key).text(Locale.EN),
            "status": pack.why(key).status.value,
        }
        for key, said in content["values"].items()
    }
    show({**_head(pack), "keys": keys}, as_json=as_json, text=_shown)


@policy.command(
    epilog="""\b
Example:  portal policy simulate --pack stricter.toml --weeks 8
          portal policy simulate --pack stricter.toml --weeks 4 --lender taiwan-cards --json"""
)
@click.option("--pack", "file", required=True, type=FILE, help="The pack to try.")
@click.option("--weeks", required=True, type=click.IntRange(1, 520), help="How many weeks back.")
@click.option("--lender", "code", metavar="CODE", help="One lender only.")
@json_option
def simulate(file: Path, weeks: int, code: str | None, *, as_json: bool) -> None:
    """Judge the decisions of the last weeks by another pack, and list what it would have answered otherwise.

    Every decision keeps the facts it was made on, and these are judged again: what would have been refused
    and why, and what would have been allowed. The facts stay as they were; history is not rewritten, so a
    call that the other pack refuses still counts for the calls after it. Decisions whose facts were not kept
    are counted as not replayable. Nothing is stored."""
    from portal.domain.policy import PolicyError
    from portal.infra.policy_files import UnreadablePackError
    from portal.services import lenders, policies
    from portal.services.policy_simulation import Tally

    installation, tally = context.open_portal(), Tally()
    try:
        pack = policies.of_file(file)
    except (PolicyError, UnreadablePackError) as error:
        raise InputError(str(error)) from error
    with installation.reading() as session:
        codes = (
            [context.lender_of(session, code).code]
            if code
            else [each.code for each in lenders.all_lenders(session)]
        )
    changes = (each for name in codes for each in _replayed(installation, name, pack, weeks, tally))
    (policy_simulated.as_json if as_json else policy_simulated.as_table)(pack, changes, tally)


def _replayed(installation: Any, code: str, pack: "Policy", weeks: int, tally: "Tally") -> "Iterator[Change]":
    from portal.infra import clock
    from portal.services.policy_simulation import replay

    with installation.reading() as session, _progress(code) as progress:
        lender: Lender = context.lender_of(session, code)
        yield from replay(
            session,
            lender=lender,
            policy=pack,
            weeks=weeks,
            now=clock.now(),
            tally=tally,
            progress=progress,
        )


@contextmanager
def _progress(code: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many decisions of how many were judged, on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{code}: decisions", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _packs() -> None:
    """Let this installation's own packs be found; nothing else of it is needed."""
    from portal.config import POLICIES, instance_path
    from portal.infra import policy_files

    policy_files.use(instance_path() / POLICIES)


def _head(pack: "Policy") -> dict[str, Any]:
    return {
        "code": pack.code,
        "version": pack.version,
        "house_version": pack.house_version,
        "effective_from": pack.effective_from.isoformat(),
        "digest": pack.digest,
    }


def _changed(pack: "Policy") -> dict[str, Any]:
    """What is different from the day before it begins; for a first version, from the house policy."""
    from datetime import timedelta

    from portal.domain.policy import changed_keys, content_of
    from portal.infra.policy_files import HOUSE
    from portal.services import policies

    code = pack.code if pack.code in policies.codes() else HOUSE
    before = policies.in_force(code, pack.effective_from - timedelta(days=1))
    if before.digest == pack.digest:
        before = policies.in_force(HOUSE, pack.effective_from)
    old, new = content_of(before), content_of(pack)
    keys = changed_keys(old, new)
    return {
        key: {"before": old["values"][key]["value"], "after": new["values"][key]["value"]} for key in keys
    }


def _checked(result: dict[str, Any]) -> str:
    lines = [f"{_name(result)}: in order, from {result['effective_from']}."]
    for key, each in result["changed"].items():
        old, new = _said(each["before"]), _said(each["after"])
        lines.append(f"  {key}: {old} -> {new}" if old != new else f"  {key}: {new}, by another source")
    return "\n".join(lines)


def _shown(result: dict[str, Any]) -> str:
    lines = [f"{_name(result)}, from {result['effective_from']}"]
    for key, each in result["keys"].items():
        lines += [f"{key} = {_said(each['value'])}", f"    {each['why']} [{each['status']}]"]
    return "\n".join(lines)


def _name(result: dict[str, Any]) -> str:
    return f"{result['code']} {result['version']} {result['digest']}"


def _said(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


COMMANDS = (policy,)
