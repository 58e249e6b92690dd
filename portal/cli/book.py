"""Commands about the loan book: take it in, age it every night, look at a case."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal.cli import context
from portal.cli.context import DayOption, InputError, json_option, note

if TYPE_CHECKING:
    from portal.infra.book_files import BookSet
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


COMMANDS: tuple[click.Command, ...] = (import_book,)
