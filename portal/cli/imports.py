"""`portal import`: take in a loan book from a folder or a file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.cli import context
from portal.cli.context import DayOption, InputError, json_option, note

if TYPE_CHECKING:
    from portal.infra.book_files import BookSet
    from portal.infra.installation import Installation
    from portal.services.imports import Check

SHOWN = 5
Told = Callable[[str, int], None]
Share = Callable[[str, int], int]  # of a file and the rows of it that are done: percent of the whole


@click.command("import")
@click.argument("place", metavar="DIR_OR_FILE", type=click.Path(path_type=Path))
@click.option("--lender", "code", required=True, metavar="CODE", help="Whose book it is.")
@click.option("--mapping", type=click.Path(path_type=Path), metavar="M.toml", help="How columns are renamed.")
@click.option("--as-of", type=DayOption(), help="The day of the figures; else the set itself says it.")
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@json_option
def import_book(
    *, place: Path, code: str, mapping: Path | None, as_of: date | None, dry_run: bool, as_json: bool
) -> None:
    """Take in a loan book: a folder, a zip archive, an XLSX workbook, or one CSV file.

    The files are borrowers.csv, loans.csv, instalments.csv and payments.csv in UTF-8, in a workbook sheets of
    these names. A file set.toml among them, or a sheet called set, names their day (as_of = 2005-09-28), or
    --as-of does. All of it is taken in, or nothing: what is wrong is written to a CSV next to the input.
    Taking the same set in again changes nothing; a newer set updates by contract number and never deletes.

    \b
    Example:  portal import examples/taiwan_cards/out --lender taiwan-cards
              portal import march.zip --lender pingan-bank --mapping our-columns.toml --dry-run
    """
    installation = context.open_portal()
    temporary = installation.settings.temporary
    with _bar() as shown, _opened(place, mapping, as_of, temporary, shown("opened")) as book:
        work = _Work(installation, code, book, shown)
        counts = work.run(dry_run=dry_run)
    _stop_on_problems(work.check)
    result = {"unchanged": work.unchanged or dry_run, "as_of": book.as_of.isoformat()} | counts
    if work.check:
        result |= {"dry_run": dry_run, "id_warnings": work.check.id_warnings}
    said = "This set was taken in before: no change." if work.unchanged else _said(counts, dry_run)
    context.show(result, as_json=as_json, text=lambda _: said)


class _Work:
    """One set on its way in. `check` is None for a set that was taken in before."""

    def __init__(
        self, installation: "Installation", code: str, book: "BookSet", shown: Callable[..., Told]
    ) -> None:
        self._installation = installation
        self._code = code
        self._book = book
        self._shown = shown
        self.check: Check | None = None
        self.unchanged = False

    def run(self, *, dry_run: bool) -> dict[str, int]:
        """Check the set, and write it when all is in order. Returns the counts of its rows."""
        from portal.services import imports

        with self._installation.reading() as session:
            lender = context.lender_of(session, self._code)
            if done := imports.find(session, lender=lender, book=self._book):
                self.unchanged = True
                return done.counts
            check = self.check = imports.check(
                session,
                lender=lender,
                book=self._book,
                progress=self._shown("checked", lambda _kind, _rows: self._book.meter.percent()),
            )
        return dict(check.counts) if check.problems or dry_run else self._write(check)

    def _write(self, check: "Check") -> dict[str, int]:
        from portal.domain.actor import system
        from portal.infra import clock
        from portal.services import imports

        with self._installation.writing() as session, session.begin():
            lender = context.lender_of(session, self._code)
            outcome = imports.write(
                session,
                lender=lender,
                check=check,
                actor=system(lender.id, "import"),
                now=clock.now(),
                progress=self._shown("written", check.percent_written),
            )
        self.unchanged = outcome.unchanged
        return outcome.counts


@contextmanager
def _opened(
    place: Path, mapping: Path | None, as_of: date | None, temporary: Path, progress: Told
) -> Iterator["BookSet"]:
    from portal.infra.book_archives import opened
    from portal.infra.book_files import BookError
    from portal.infra.book_mapping import MappingError, read_mapping
    from portal.services import imports

    try:
        mappings = read_mapping(mapping, known=imports.COLUMNS) if mapping else None
        with opened(
            place,
            kinds=imports.KINDS,
            mappings=mappings,
            as_of=as_of,
            temporary=temporary,
            progress=progress,
        ) as book:
            yield book
    except (BookError, MappingError) as error:
        raise InputError(str(error)) from error


def _stop_on_problems(check: "Check | None") -> None:
    from portal.infra.book_files import write_problems

    if check is None:
        return
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


@contextmanager
def _bar() -> Iterator[Callable[..., Told]]:
    """Show the file, its rows, how many a second, and how much of the set is done: on a terminal only.

    Gives a function that makes the progress of one stage; without a share, how much there is is not known."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from portal.infra import clock

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("opening the set", total=None)

        def stage(verb: str, share: Share | None = None) -> Told:
            began: dict[str, float] = {}

            def tell(kind: str, rows: int) -> None:
                seconds = clock.monotonic() - began.setdefault(kind, clock.monotonic())
                rate = f", {rows / seconds:,.0f} a second" if seconds > 1 else ""
                total = 100 if share else None
                done = share(kind, rows) if share else 0
                bar.update(
                    task, description=f"{kind}: {rows:,} rows {verb}{rate}", completed=done, total=total
                )

            return tell

        yield stage


def _said(counts: Mapping[str, int], dry_run: bool) -> str:
    rows = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return f"Everything is in order: {rows}. Nothing was changed." if dry_run else f"Taken in: {rows}."


COMMANDS: tuple[click.Command, ...] = (import_book,)
