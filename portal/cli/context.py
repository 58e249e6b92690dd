"""What every command needs: the installation, a lender, the exit codes, and results for people or machines."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.infra.installation import Installation
    from portal.models import Lender

REFUSED, INPUT_ERROR, UNAVAILABLE = 1, 2, 3

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


class DayOption(click.ParamType):
    """A calendar date, written 2026-03-02."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-02", param, ctx)


class Failed(click.ClickException):
    """Ends a command with one clear line on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Commands(click.Group):
    """Turns what services and the database raise into a sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        from sqlalchemy.exc import OperationalError

        from portal.domain.refusals import Refused

        try:
            return super().invoke(ctx)
        except Refused as refusal:
            from portal.web import words

            raise Failed(words.refusal(refusal), REFUSED) from refusal
        except OperationalError as error:
            first_line = str(error.orig).strip().partition("\n")[0]
            raise Failed(f"the database does not answer: {first_line}", UNAVAILABLE) from error


def open_portal(*, any_schema: bool = False) -> "Installation":
    """Open the installation of this process, once. Ends the command when it cannot be used."""
    context = click.get_current_context().find_root()
    if "installation" not in context.meta:
        installation = context.meta["installation"] = _open()
        context.call_on_close(installation.engine.dispose)
        if not any_schema:
            _check_schema(installation)
    found: Installation = context.meta["installation"]
    return found


def _open() -> "Installation":
    from portal.config import Settings, SettingsError
    from portal.domain.policy import PolicyError
    from portal.infra import logs
    from portal.infra.installation import open_installation
    from portal.infra.policy_files import UnreadablePackError
    from portal.services import policies

    logs.configure()
    try:
        installation = open_installation(Settings.load())
        policies.load_all()
    except (SettingsError, PolicyError, UnreadablePackError) as error:
        raise Failed(str(error), INPUT_ERROR) from error
    return installation


def _check_schema(installation: "Installation") -> None:
    from portal.infra import schema

    if not schema.is_current(installation.engine):
        raise Failed("the database schema is not current: run `portal db upgrade`", UNAVAILABLE)


def lender_of(session: "Session", code: str) -> "Lender":
    """Return the lender with this code, or end the command naming the codes there are."""
    from portal.services import lenders

    if lender := lenders.find(session, code):
        return lender
    known = ", ".join(each.code for each in lenders.all_lenders(session)) or "none yet"
    raise Failed(f"there is no lender {code!r}; known: {known}", INPUT_ERROR)


def zone_of(lender: "Lender") -> ZoneInfo:
    from portal.services import policies

    return ZoneInfo(policies.of(lender).business.timezone)


def today_at(lender: "Lender", now: datetime) -> date:
    """Return the date in the lender's zone: its business date unless one is named."""
    return now.astimezone(zone_of(lender)).date()


def show(result: dict[str, Any], *, as_json: bool, text: Callable[[dict[str, Any]], str]) -> None:
    """Print a result: one JSON object for machines, or its text for people."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text(result))


def note(message: str) -> None:
    """Tell the person at the terminal something that is not the result."""
    click.echo(message, err=True)


def fail(message: str, exit_code: int) -> NoReturn:
    raise Failed(message, exit_code)
