"""Commands about the loan book: age it every night, look at a case."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from portal.cli import context
from portal.cli.context import CheckFailed, DayOption, InputError, json_option

if TYPE_CHECKING:
    from portal.infra.installation import Installation


@click.command()
@click.option("--date", "day", type=DayOption(), help="The business date; else today in the lender's zone.")
@click.option("--lender", "code", metavar="CODE", help="One lender only.")
@json_option
def nightly(*, day: date | None, code: str | None, as_json: bool) -> None:
    """Do the work of the night: age all loans, open and cure cases.

    May be run again for the same date: the result is the same, and follows a book that was taken in since.

    \b
    Example:  portal nightly --date 2005-09-28 --json
    """
    from portal.infra import clock
    from portal.services import lenders

    installation = context.open_portal()
    with installation.reading() as session:
        chosen = [context.lender_of(session, code)] if code else lenders.all_lenders(session)
        nights = [(each.code, day or context.today_at(each, clock.now())) for each in chosen]
    results = [_night(installation, each, business_date) for each, business_date in nights]
    total = sum(result["overdue"] for result in results)
    context.show({"overdue": total, "lenders": results}, as_json=as_json, text=_told)


def _night(installation: "Installation", code: str, business_date: date) -> dict[str, Any]:
    """Run one lender's night under its job_run row, so that the worker and this command never both do it."""
    from portal.jobs import nights

    with _aged(code) as progress:
        result = nights.run_night(
            installation, lender_code=code, business_date=business_date, again=True, progress=progress
        )
    if result is None:
        raise CheckFailed(f"{code}: another worker is doing the night of {business_date} right now")
    return {"lender": code, "business_date": business_date.isoformat()} | _flat(result)


@contextmanager
def _aged(code: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many loans of how many were aged, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{code}: ageing loans", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _flat(result: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of ageing beside those of the later steps, amounts as decimal text."""
    from portal.domain.money import amount_text

    ageing = dict(result["ageing"])
    for name in ("overdue_amount", "outstanding"):
        ageing[name] = {cur: amount_text(minor, cur) for cur, minor in ageing[name].items()}
    return ageing | {name: step for name, step in result.items() if name != "ageing"}


def _told(result: dict[str, Any]) -> str:
    return "\n".join(_told_lender(each) for each in result["lenders"]) or "There is no lender yet."


def _told_lender(night: Mapping[str, Any]) -> str:
    buckets = ", ".join(f"{name} {count:,}" for name, count in night["by_bucket"].items())
    cases = ", ".join(f"{count:,} {what}" for what, count in night["cases"].items())
    amounts = ", ".join(f"{currency} {amount}" for currency, amount in night["overdue_amount"].items())
    return (
        f"{night['lender']} on {night['business_date']}: {night['overdue']:,} of {night['loans']:,} loans "
        f"overdue ({buckets}){', ' + amounts if amounts else ''}; cases: {cases}"
    )


@click.group()
def case() -> None:
    """Look at a case.

    \b
    Example:  portal case show 01K3ZT8M0000000000000000AB
    """


@case.command("show")
@click.argument("ref")
@json_option
def show_case(*, ref: str, as_json: bool) -> None:
    """Print the facts of a case: state, loans, what is overdue and since when, and their sources.

    Names and numbers of persons are not shown.

    \b
    Example:  portal case show 01K3ZT8M0000000000000000AB --json
    """
    from portal.infra import clock
    from portal.services import case_facts

    installation = context.open_portal()
    with installation.reading() as session:
        facts = case_facts.by_ref(session, ref, now=clock.now())
    if facts is None:
        raise InputError(f"there is no case {ref!r}")
    context.show(facts, as_json=as_json, text=_case_told)


def _case_told(facts: dict[str, Any]) -> str:
    lines = [
        f"case {facts['case']} of borrower {facts['borrower_no']} at {facts['lender']}: {facts['state']}",
        f"confirmed on {facts['confirmed_on']}; business date {facts['business_date']}",
    ]
    for loan in facts["loans"]:
        source = loan["source"]
        lines.append(
            f"  {loan['contract_no']} ({loan['product']}): {loan['dpd']} days past due, "
            f"{facts['currency']} {loan['overdue']['total']} overdue, {loan['total']['total']} in all; "
            f"book as of {source['as_of']}, aged on {source['aged_on']}"
        )
    lines.append(f"  together: {facts['currency']} {facts['overdue']['total']} overdue")
    lines += [f"  {event['at']} {event['action']} by {event['actor']}" for event in facts["events"]]
    return "\n".join(lines)


COMMANDS: tuple[click.Command, ...] = (nightly, case)
