"""The options of `portal schedule` that are facts of a day, and how they are read."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from portal.cli.context import InputError

if TYPE_CHECKING:
    from portal.domain.schedule_facts import Fact

OPTIONS = {
    "--pause": ("FIRST:LAST", "No interest from one day to another, both included."),
    "--rate-change": ("DAY:PERCENT", "Another yearly rate from a day on."),
    "--holiday": ("DAY:PERIODS", "From a day on, due dates come that many periods later."),
    "--extend": ("DAY:PERIODS", "From a day on, repay the rest in that many more instalments."),
    "--due-date": (
        "DAY:NEWDAY",
        "From a day on, move the next due date to another; later ones follow.",
    ),
    "--repay": ("DAY:AMOUNT", "Repay principal early and keep the instalment."),
    "--repay-lower": ("DAY:AMOUNT", "Repay principal early and lower the later instalments."),
    "--waive": (
        "DAY:AMOUNT|%",
        "Give up interest of the next instalment: an amount, or a share like 50%.",
    ),
}


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for facts to a command."""
    for name, (form, told) in reversed(OPTIONS.items()):
        command = click.option(name, multiple=True, metavar=form, help=told)(command)
    return command


def read(given: dict[str, Any]) -> list["Fact"]:
    """Return the facts that were given. Raises InputError for what has not the form of one."""
    from portal.domain import schedule_facts as facts
    from portal.domain.money import parse_amount

    def amount(text: str) -> int:
        return parse_amount(text, given["currency"])

    def waiver(day: date, text: str) -> facts.InterestWaiver:
        if text.endswith("%"):
            return facts.InterestWaiver(day, share=percent(text.removesuffix("%")))
        return facts.InterestWaiver(day, amount=amount(text))

    lower = facts.EarlyEffect.LOWER_INSTALMENT
    makers: dict[str, Callable[[date, str], Fact]] = {
        "--pause": lambda day, text: facts.InterestPause(day, _day(text)),
        "--rate-change": lambda day, text: facts.RateChange(day, percent(text)),
        "--holiday": lambda day, text: facts.PaymentHoliday(day, _count(text)),
        "--extend": lambda day, text: facts.TermExtension(day, _count(text)),
        "--due-date": lambda day, text: facts.DueDateChange(day, _day(text)),
        "--repay": lambda day, text: facts.EarlyRepayment(day, amount(text)),
        "--repay-lower": lambda day, text: facts.EarlyRepayment(day, amount(text), lower),
        "--waive": waiver,
    }
    found = []
    for name, make in makers.items():
        for text in given[name.removeprefix("--").replace("-", "_")]:
            day, colon, rest = text.partition(":")
            if not colon:
                raise InputError(f"{name} is written {OPTIONS[name][0]}, not {text!r}")
            found.append(make(_day(day), rest))
    return found


def percent(text: str) -> Decimal:
    """Read a percentage as a fraction of one: 15.4 is 0.154."""
    return number(text) / 100


def number(text: str) -> Decimal:
    """Read a decimal number. Raises InputError."""
    try:
        read = Decimal(text.strip())
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise InputError(f"{text!r} is not a number such as 15.4")
    return read


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date such as 2026-03-02") from None


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{text!r} is not a number of periods") from None
