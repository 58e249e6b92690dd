"""A loan book as an XLSX workbook: each sheet is written out once as text, row by row, cell by cell exact."""

import csv
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal.infra.book_files import DAMAGED, SET_FILE, BookError, Member, Problem, member_of

DIGITS = 15  # of a number, that a spreadsheet keeps
MOST_UNREADABLE = 1000
MOST_COLUMNS = 1000
# A workbook keeps its texts apart from its sheets, and whoever reads it keeps them in memory.
LARGEST_APART = 100 * 1024**2
SHEETS = "xl/worksheets/"
SET_SHEET = "set"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FORMULA, ERROR = "f", "e"
MOST_ROWS = 1_048_576  # of a sheet, by the definition of the format
STEP = 5000
Progress = Callable[[str, int], None]


def members(
    place: Path, archive: zipfile.ZipFile, *, names: Sequence[str], folder: Path, progress: Progress
) -> dict[str, Member]:
    """Write the sheets of a workbook into the folder as CSV files, and return them by the names of those.

    A sheet is called as its file would be, without the `.csv`. Raises BookError."""
    apart = sum(each.file_size for each in archive.infolist() if not each.filename.startswith(SHEETS))
    if apart > LARGEST_APART:
        raise BookError(f"{place.name} holds too many texts for a workbook; hand in CSV files in a zip")
    known = {name.removesuffix(".csv").casefold(): name for name in names}
    found: dict[str, Member] = {}
    with _workbook(place) as workbook:
        for sheet in workbook.worksheets:
            title = sheet.title.strip()
            if title.casefold() == SET_SHEET:
                found[SET_FILE] = _set_file(sheet, folder)
            elif name := known.get(title.casefold()):
                found[name] = _written(sheet, title, folder / f"{len(found)}.csv", progress)
            elif next(_rows(sheet), None) is not None:
                raise BookError(
                    f"{place.name}: the sheet {title} is none of a loan book; known are "
                    f"{', '.join(each.removesuffix('.csv') for each in names)} and {SET_SHEET}; remove it"
                )
    return found


@contextmanager
def _workbook(place: Path) -> Iterator[Any]:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and print areas, which are not read
        try:
            with (
                place.open("rb") as content,
                closing(openpyxl.load_workbook(content, read_only=True, keep_links=False)) as workbook,
            ):
                yield workbook
        except BookError:
            raise
        except (*DAMAGED, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
            kind = type(error.__cause__ or error).__name__
            raise BookError(f"{place.name} cannot be read as xlsx: {kind}") from error


def _rows(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows that hold something, with their numbers; cells after the last filled one are left out."""
    sheet.reset_dimensions()  # what a workbook says of its size need not be so
    blank: Sequence[Any] | None = None  # rows that are not there come as one and the same object
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if number > MOST_ROWS:
            raise BookError(f"the sheet {sheet.title} names a row beyond {MOST_ROWS}")
        if cells is blank:
            continue
        end = max((place for place, cell in enumerate(cells, start=1) if cell.value is not None), default=0)
        if end:
            yield number, cells[:end]
        else:
            blank = cells


def _written(sheet: Any, title: str, path: Path, progress: Progress) -> Member:
    """Write a sheet as CSV, a blank row as a blank line, so that the rows keep their numbers."""
    unreadable: dict[int, Problem] = {}
    header: list[str] = []
    written = 0
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        for number, cells in _rows(sheet):
            if len(unreadable) >= MOST_UNREADABLE:
                break
            writer.writerows([] for _ in range(number - written - 1))
            written = number
            texts = [_text(cell) for cell in cells]
            if wrong := _unreadable(cells, title, number, header):
                unreadable[number] = wrong
            if not header:
                header = texts
            writer.writerow(texts + [""] * (len(header) - len(texts)))
            if number % STEP == 0:
                progress(title, number)
    size = path.stat().st_size
    return Member(title, size, lambda: path.open("rb"), is_sheet=True, unreadable=unreadable)


def _unreadable(cells: Sequence[Any], title: str, number: int, header: Sequence[str]) -> Problem | None:
    """Say what is wrong with the first cell of a row whose value cannot be known exactly."""
    for place, cell in enumerate(cells):
        if reason := _reason(cell):
            column = header[place] if place < len(header) else ""
            return Problem(title, number, column, str(_shown(cell))[:80], f"cell {cell.coordinate} {reason}")
    return None


def _reason(cell: Any) -> str | None:
    if cell.data_type == FORMULA:
        return "is a formula: put its value in its place"
    if cell.data_type == ERROR:
        return "holds an error of the spreadsheet"
    if isinstance(cell.value, int | float) and abs(cell.value) >= 10**DIGITS:
        return f"is a number of more than {DIGITS} digits, which a spreadsheet cuts: write it as text"
    return None


def _shown(cell: Any) -> object:
    """A formula as it was written; an array formula says so of itself."""
    return getattr(cell.value, "text", None) or cell.value


def _text(cell: Any) -> str:
    """Return what a cell says: numbers as decimal text, without the noise of binary ones, dates as ISO."""
    value = cell.value
    if value is None or cell.data_type in (FORMULA, ERROR):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{Decimal(format(value, f'.{DIGITS}g')):f}"
    if isinstance(value, datetime):
        return (value.date() if value.time() == time() else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _set_file(sheet: Any, folder: Path) -> Member:
    """Write the sheet that names the day as the file that does: `as_of` in A1, the day beside or below it."""
    cells = [cell for _, row in _rows(sheet) for cell in row if cell.value is not None][:3]
    wrong = next((f"cell {cell.coordinate} {reason}" for cell in cells if (reason := _reason(cell))), None)
    texts = [_text(cell).strip() for cell in cells]
    if wrong or len(texts) != 2 or texts[0] != "as_of" or not DAY.fullmatch(texts[1]):
        wrong = wrong or "as_of is expected in A1, and its day, such as 2026-03-01, beside it"
        raise BookError(f"the sheet {sheet.title}: {wrong}")
    path = folder / SET_FILE
    path.write_text(f"as_of = {texts[1]}\n", encoding="utf-8")
    return member_of(path)
