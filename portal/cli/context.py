"""What every command needs: the installation, a lender, exit codes, results for people and machines."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.infra.installation import Installation
    from portal.models import Lender

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


class DayOption(click.ParamType[date]):
    """A calendar date, written 2026-03-02."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-02", param, ctx)


class CheckFailed(click.ClickException):
    """A rule refused, or a check found something wrong: one line on stderr, exit code 1."""

    exit_code = 1


class InputError(click.ClickException):
    """What was given cannot be used: one line on stderr, exit code 2."""

    exit_code = 2


class Unavailable(click.ClickException):
    """The database, the files or a gateway do not answer: one line on stderr, exit code 3."""

    exit_code = 3


class Commands(click.Group):
    """Turns what services and the database raise into a sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        from sqlalchemy.exc import OperationalError

        from portal.config import SettingsError
        from portal.domain.refusals import Refused
        from portal.infra.files import NotStored
        from portal.infra.installation import Unfit

        try:
            return super().invoke(ctx)
        except Refused as refusal:
            from portal.web import words

            refused = Unavailable if refusal.code == "files_out_of_reach" else CheckFailed
            raise refused(words.refusal(refusal)) from refusal
        except NotStored as problem:
            raise Unavailable(f"the place where files are kept does not answer: {problem}") from problem
        except SettingsError as problem:
            raise InputError(str(problem)) from problem
        except Unfit as problem:
            raise Unavailable(str(problem)) from problem
        except OperationalError as error:
            first_line = str(error.orig).strip().partition("\n")[0]
            raise Unavailable(f"the database does not answer: {first_line}") from error


def open_portal(*, any_schema: bool = False) -> "Installation":
    """Open the installation of this process, once. Ends the command when it cannot be used."""
    context = click.get_current_context().find_root()
    if "installation" not in context.meta:
        installation = context.meta["installation"] = _open()
        context.call_on_close(installation.engine.dispose)
        if not any_schema:
            _check_fit(installation)
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
        raise InputError(str(error)) from error
    return installation


def _check_fit(installation: "Installation") -> None:
    from portal.infra.installation import Unfit, check_fit

    try:
        check_fit(installation)
    except Unfit as problem:
        raise Unavailable(str(problem)) from problem


def lender_of(session: "Session", code: str) -> "Lender":
    """Enter the lender with this code and return it, or end the command naming the codes there are."""
    from portal.services import lenders

    if lender := lenders.find(session, code):
        lenders.enter(session, lender)
        return lender
    known = ", ".join(each.code for each in lenders.all_lenders(session)) or "none yet"
    raise InputError(f"there is no lender {code!r}; known: {known}")


def zone_of(lender: "Lender", now: datetime) -> ZoneInfo:
    from portal.services import policies

    return ZoneInfo(policies.of(lender, now).business.timezone)


def today_at(lender: "Lender", now: datetime) -> date:
    """Return the date in the lender's zone: its business date unless one is named."""
    return now.astimezone(zone_of(lender, now)).date()


def show(result: dict[str, Any], *, as_json: bool, text: Callable[[dict[str, Any]], str]) -> None:
    """Print a result: one JSON object for machines, or its text for people."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text(result))


def note(message: str) -> None:
    """Tell the person at the terminal something that is not the result."""
    click.echo(message, err=True)
