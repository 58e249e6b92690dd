"""`portal lender` and `portal staff`: setting up without the demo."""

import os
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from portal.cli.context import InputError, json_option, lender_of, open_portal, show
from portal.vocabulary import Locale, Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.models import Staff

PASSWORD_SETTING = "PORTAL_STAFF_PASSWORD"  # noqa: S105  (the name of a setting)


@click.group(
    epilog="""\b
Example:  portal lender add north-bank --preset tw --name "North Bank" """
)
def lender() -> None:
    """Add a lender."""


@lender.command(
    "add",
    epilog="""\b
Example:  portal lender add north-bank --preset tw --name "North Bank" --name "zh_Hant=北方銀行" """,
)
@click.argument("code")
@click.option("--preset", required=True, help="The policy pack that says what the lender allows.")
@click.option(
    "--name",
    "names",
    multiple=True,
    help="Its name, or LOCALE=NAME for one language; may be repeated. Default: the code.",
)
@json_option
def add_lender(code: str, preset: str, names: tuple[str, ...], *, as_json: bool) -> None:
    """Add the lender CODE with keys and an audit chain of its own."""
    from portal.infra import clock
    from portal.services import lenders, policies

    said, installation = _names(code, names), open_portal()
    if preset not in (known := policies.codes()):
        raise InputError(f"there is no policy pack {preset!r}; known: {', '.join(known)}")
    with installation.writing.begin() as session:
        added = lenders.add(session, code=code, preset=preset, names=said, now=clock.now())
        result = {"code": added.code, "preset": added.preset, "ref": added.ref}
    show(result, as_json=as_json, text=lambda made: f"Added lender {made['code']} under {made['preset']}.")


@lender.command(
    "carrier",
    epilog="""\b
Example:  portal lender carrier north-bank --sms "jsons://gateway.example/send?:to={to}"
          portal lender carrier north-bank --mail ""
          {to} stands where the recipient does; an empty address goes back to that of the installation.""",
)
@click.argument("code")
@click.option("--sms", help="The gateway for SMS, as an Apprise URL.")
@click.option("--mail", help="The server for e-mail, as an Apprise URL.")
@json_option
def set_carrier(code: str, sms: str | None, mail: str | None, *, as_json: bool) -> None:
    """Give the lender CODE gateways of its own. Addresses are kept sealed and never shown."""
    from portal.domain.actor import system
    from portal.infra import clock, gateways
    from portal.services import carriers
    from portal.vocabulary import Channel

    given = {Channel.SMS: sms, Channel.EMAIL: mail}
    if sms is None and mail is None:
        raise InputError("give --sms, --mail or both")
    for channel, address in given.items():
        if address and (problem := gateways.problem_of(address)):
            raise InputError(f"the address for {channel} {problem}")
    with open_portal().writing.begin() as session:
        found = lender_of(session, code)
        actor = system(found.id, "command-line")
        for channel, address in given.items():
            if address is not None:
                carriers.put(
                    session,
                    lender=found,
                    channel=channel,
                    address=address or None,
                    actor=actor,
                    now=clock.now(),
                )
        result = {"code": found.code, "own": sorted(carriers.of(found))}
    show(
        result,
        as_json=as_json,
        text=lambda made: f"{made['code']}: own gateways for {', '.join(made['own']) or 'nothing'}.",
    )


@lender.command(
    "reports",
    epilog="""\b
Example:  portal lender reports north-bank
          portal lender reports north-bank --off
          Reports go to /delivery-reports/north-bank. A new secret replaces the one before at once.""",
)
@click.argument("code")
@click.option("--off", is_flag=True, help="Take no delivery reports any more.")
@json_option
def set_reports(code: str, *, off: bool, as_json: bool) -> None:
    """Make the secret that the gateways of lender CODE sign delivery reports with, and print it once."""
    from portal.domain.actor import system
    from portal.infra import clock
    from portal.services import delivery_reports

    with open_portal().writing.begin() as session:
        found = lender_of(session, code)
        actor, now = system(found.id, "command-line"), clock.now()
        secret = None
        if off:
            delivery_reports.forget_secret(session, lender=found, actor=actor, now=now)
        else:
            secret = delivery_reports.renew_secret(session, lender=found, actor=actor, now=now)
        result = {"code": found.code, "path": f"/delivery-reports/{found.code}", "secret": secret}
    show(result, as_json=as_json, text=_told_secret)


def _told_secret(made: dict[str, Any]) -> str:
    if made["secret"] is None:
        return f"{made['code']} takes no delivery reports any more."
    return f"Reports go to {made['path']}\nSecret (shown only now): {made['secret']}"


@click.group(
    epilog="""\b
Example:  portal staff add lin@north-bank.example --lender north-bank --role lead"""
)
def staff() -> None:
    """Add members of staff, and help who lost the authenticator."""


@staff.command(
    "add",
    epilog="""\b
Example:  portal staff add lin@north-bank.example --lender north-bank --role agent --role caller
          portal staff add lin@north-bank.example --lender north-bank --role admin --invite
          The password is asked for; or taken from PORTAL_STAFF_PASSWORD; or, with --generate and
          where nobody can be asked, made up and printed once. With --invite there is none: the
          person chooses it. The authenticator is set up at the first sign-in.""",
)
@click.argument("email")
@click.option("--lender", "code", required=True, help="The code of the lender.")
@click.option(
    "--role", "roles", type=click.Choice([each.value for each in Role]), multiple=True, required=True
)
@click.option("--name", help="The name borrowers see. Default: the address before the @.")
@click.option("--number", help="The staff number on the badge. Default: a new one.")
@click.option(
    "--locale",
    type=click.Choice([each.value for each in Locale]),
    default=Locale.ZH_HANT.value,
    show_default=True,
)
@click.option("--generate", is_flag=True, help="Make up a password and print it once.")
@click.option("--invite", is_flag=True, help="Send an invitation by e-mail to choose a password.")
@json_option
def add_staff(
    *,
    email: str,
    code: str,
    roles: tuple[Role, ...],
    name: str | None,
    number: str | None,
    locale: Locale,
    generate: bool,
    invite: bool,
    as_json: bool,
) -> None:
    """Add a member of staff who signs in with EMAIL."""
    from portal.infra import clock, ids
    from portal.services import accounts

    if "@" not in email:
        raise InputError(f"{email!r} is not an e-mail address")
    if invite and generate:
        raise InputError(
            "--invite lets the person choose a password; --generate makes one up: give one of them"
        )
    installation = open_portal()
    password, made_up = (None, False) if invite else _password(generate=generate)
    with installation.writing.begin() as session:
        added = accounts.add_staff(
            session,
            lender=lender_of(session, code),
            number=number or ids.new_number("S"),
            name=name or email.partition("@")[0],
            email=email,
            password=password,
            roles={Role(role) for role in roles},
            locale=Locale(locale),
            now=clock.now(),
        )
        result = {"ref": added.ref, "number": added.number, "roles": sorted(roles), "invited": invite}
        if invite:
            _invite(session, added, installation.settings.base_url)
    if made_up:
        result["password"] = password
    show(result, as_json=as_json, text=_added)


@staff.command(
    "reset-authenticator",
    epilog="""\b
Example:  portal staff reset-authenticator lin@north-bank.example
          For an administrator whom nobody else can invite again. The password stays.""",
)
@click.argument("email")
@json_option
def reset_authenticator(*, email: str, as_json: bool) -> None:
    """Let the person with EMAIL set up another authenticator at the next sign-in; their sessions end."""
    from portal.domain.actor import system
    from portal.infra import clock
    from portal.services import accounts, people

    with open_portal().writing.begin() as session:
        found = accounts.find_by_email(session, email=email)
        if found is None:
            raise InputError(f"no account has the address {email!r}")
        actor = system(found.lender_id, "command-line")
        people.reset_authenticator(session, staff=found, actor=actor, now=clock.now())
        result = {"ref": found.ref, "number": found.number}
    show(
        result,
        as_json=as_json,
        text=lambda made: f"{made['number']} sets up another authenticator at the next sign-in.",
    )


def _invite(session: "Session", added: "Staff", base_url: str) -> None:
    from portal.domain.actor import system
    from portal.infra import clock
    from portal.services import invitations

    actor = system(added.lender_id, "command-line")
    invitations.send(session, staff=added, base_url=base_url, actor=actor, now=clock.now())


def _added(made: dict[str, Any]) -> str:
    lines = [f"Added {', '.join(made['roles'])} {made['number']}."]
    if made["invited"]:
        lines.append("The invitation leaves with the next messages of `portal worker`.")
    if "password" in made:
        lines.append(f"Password (shown only now): {made['password']}")
    return "\n".join(lines)


def _names(code: str, names: tuple[str, ...]) -> dict[Locale, str]:
    """A plain name stands for every language that has none of its own."""
    own = dict(each.split("=", 1) for each in names if each.partition("=")[0] in [*Locale])
    plain = next((each for each in names if each.partition("=")[0] not in [*Locale]), code)
    return {locale: own.get(locale.value, plain) for locale in Locale}


def _password(*, generate: bool) -> tuple[str, bool]:
    """Return the password, and whether it was made up."""
    if given := os.environ.get(PASSWORD_SETTING):
        return given, False
    if generate or not sys.stdin.isatty():
        return secrets.token_urlsafe(12), True
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked, False


COMMANDS = (lender, staff)
