"""Commands about the loan book: take it in, age it every night, look at a case."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal.cli import context
from portal.cli.context import CheckFailed, DayOption, InputError, json_option, note

if TYPE_CHECKING:
    from portal.infra.book_files import BookSet
    from portal.infra.installation import Installation
    from portal.services.imports import Check

SHOWN = 5


@click.command("import")
@click.argument("place", metavar="DIR_OR_FILE", type=click.Path(path_type=Path))
@click.option("--lender", "code", required=True, metavar="CODE", help="Whose book it is.")
@click.option("--mapping", type=click.Path(path_type=Path), metavar="M.toml", help="How columns are renamed.")
@click.option("--as-of", type=DayOption(), help="The day of the figures; else set.toml beside them says it.")
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@json_option
def import_book(
    *, place: Path, code: str, mapping: Path | None, as_of: date | None, dry_run: bool, as_json: bool
) -> None:
    """Take in a loan book: a folder of CSV files, or one of them.

    The files are borrowers.csv, loans.csv, instalments.csv and payments.csv in UTF-8. A file set.toml beside
    them names their day (as_of = 2005-09-28), or --as-of does. All of it is taken in, or nothing: what is
    wrong is written to a CSV next to the input. Taking the same set in again changes nothing; a newer set
    updates by contract number and never deletes.

    \b
    Example:  portal import examples/taiwan_cards/out --lender taiwan-cards
              portal import march/ --lender pingan-bank --mapping our-columns.toml --dry-run
    """
    from portal.domain.actor import system
    from portal.infra import clock
    from portal.services import imports

    installation = context.open_portal()
    book = _open_book(place, mapping, as_of)
    with installation.reading() as session:
        lender = context.lender_of(session, code)
        if done := imports.find(session, lender=lender, book=book):
            result = {"unchanged": True, "as_of": book.as_of.isoformat()} | done.counts
            context.show(result, as_json=as_json, text=lambda _: "This set was taken in before: no change.")
            return
        check = imports.check(session, lender=lender, book=book, progress=_progress("checked"))
    _stop_on_problems(check)
    counts = dict(check.counts)
    if not dry_run:
        with installation.writing() as session, session.begin():
            context.lender_of(session, code)
            outcome = imports.write(
                session,
                lender=lender,
                check=check,
                actor=system(lender.id, "import"),
                now=clock.now(),
                progress=_progress("written"),
            )
        counts = outcome.counts
    result = {"unchanged": dry_run, "dry_run": dry_run, "as_of": book.as_of.isoformat()} | counts
    context.show(
        result | {"id_warnings": check.id_warnings}, as_json=as_json, text=lambda _: _said(counts, dry_run)
    )


def _open_book(place: Path, mapping: Path | None, as_of: date | None) -> "BookSet":
    from portal.infra.book_files import BookError, open_set
    from portal.infra.book_mapping import MappingError, read_mapping
    from portal.services import imports

    try:
        mappings = read_mapping(mapping, known=imports.COLUMNS) if mapping else None
        return open_set(place, kinds=imports.KINDS, mappings=mappings, as_of=as_of)
    except (BookError, MappingError) as error:
        raise InputError(str(error)) from error


def _stop_on_problems(check: "Check") -> None:
    from portal.infra.book_files import write_problems

    if check.id_warnings and check.first_warning:
        first = check.first_warning
        note(
            f"Warning: the check digit of {check.id_warnings} ID numbers does not fit; "
            f"the first is in {first.file}, line {first.line}"
        )
    if not check.problems:
        return
    for each in check.problems[:SHOWN]:
        column = f", column {each.column}" if each.column else ""
        value = f": {each.value!r}" if each.value else ""
        note(f"{each.file}, line {each.line}{column}{value} {each.reason}")
    count = f"{len(check.problems)} problems" + (" and perhaps more" if check.too_many else "")
    try:
        where = f"all of them are in {write_problems(check.book.place, check.problems)}"
    except OSError as error:
        where = f"the list of them could not be written: {error}"
    raise InputError(f"nothing was imported: {count}; {where}")


def _progress(verb: str) -> Any:
    """Show how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda *_: None
    return lambda kind, rows: click.echo(f"\r\033[K{kind}: {rows:,} rows {verb}", err=True, nl=False)


def _said(counts: Mapping[str, int], dry_run: bool) -> str:
    rows = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return f"Everything is in order: {rows}. Nothing was changed." if dry_run else f"Taken in: {rows}."


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


COMMANDS: tuple[click.Command, ...] = (import_book, nightly, case)
