"""The files of a loan book: which there are, as of when, and their rows one by one, never all at once."""

import csv
import hashlib
import io
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

from portal.formats import spreadsheet_text
from portal.infra.book_mapping import FileMapping, plain

SET_FILE = "set.toml"
LONGEST_CELL = 10_000
LARGEST_SET_FILE = 10_000
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)


class BookError(ValueError):
    """The set as a whole cannot be read. The message is one line: which file, why, what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one cell (`column` empty: with the whole row; `line` 1: with the header)."""

    file: str
    line: int
    column: str
    value: str
    reason: str


class RawRow(NamedTuple):
    """The cells of a row by the portal's column names, spaces around them removed."""

    line: int
    cells: Mapping[str, str]


class Meter:
    """How much of the bytes of a set was read, for whoever shows how far it is."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._before = 0
        self._current: BinaryIO | None = None

    def percent(self) -> int:
        """How much of the set was read, 0 to 100."""
        done = self._before + (self._current.tell() if self._current else 0)
        return min(100, done * 100 // self.total) if self.total else 100

    @contextmanager
    def reading(self, content: BinaryIO, size: int) -> Iterator[None]:
        self._current = content
        try:
            yield
        finally:
            self._current = None
            self._before += size


@dataclass(frozen=True)
class Member:
    """A table of the set where it lies: a file, a member of an archive, a sheet of a workbook.

    `unreadable` tells what is wrong with rows of a sheet, by their number, before their text is looked at."""

    name: str
    size: int
    open: Callable[[], BinaryIO]
    is_sheet: bool = False
    unreadable: Mapping[int, Problem] = field(default_factory=dict)


@dataclass(frozen=True)
class BookFile:
    """One file of the set. `kind` is what it holds: `borrowers`, `loans` …"""

    kind: str
    member: Member
    mapping: FileMapping | None
    meter: Meter

    @property
    def name(self) -> str:
        return self.member.name


@dataclass(frozen=True)
class BookSet:
    """Files that belong together, their day, and the digest of everything that decides the result."""

    place: Path
    as_of: date
    files: Mapping[str, BookFile]
    digest: str
    meter: Meter

    def unchanged(self) -> bool:
        """Say whether the files still are what they were when the set was opened."""
        return self.digest == _digest(self.as_of, self.files.values())


def open_set(
    place: Path,
    *,
    kinds: Sequence[str],
    mappings: Mapping[str, FileMapping] | None = None,
    as_of: date | None = None,
) -> BookSet:
    """Find the files of a folder, or take the one file given. Raises BookError."""
    if place.is_dir():
        present = {path.name: member_of(path) for path in sorted(place.iterdir()) if path.name[0] != "."}
        return assemble(place, present, kinds=kinds, mappings=mappings, as_of=as_of)
    if not place.is_file():
        raise BookError(f"{place}: there is no such file or folder")
    present = {place.name: member_of(place)}
    beside = place.with_name(SET_FILE)
    if as_of is None and beside.exists():
        present[SET_FILE] = member_of(beside)
    return assemble(place, present, kinds=kinds, mappings=mappings, as_of=as_of)


def member_of(path: Path) -> Member:
    """A file of a folder as a member of a set."""
    return Member(path.name, path.stat().st_size, lambda: path.open("rb"))


def assemble(
    place: Path,
    present: Mapping[str, Member],
    *,
    kinds: Sequence[str],
    mappings: Mapping[str, FileMapping] | None = None,
    as_of: date | None = None,
) -> BookSet:
    """Make a set of the files that are there, each known by its name. Raises BookError."""
    mappings = mappings or {}
    names = {(mappings[kind].file if kind in mappings else None) or f"{kind}.csv": kind for kind in kinds}
    _refuse_unknown(place.name, present, names)
    day = as_of or _as_of(place.name, present.get(SET_FILE))
    chosen = {kind: present[name] for name, kind in names.items() if name in present}
    meter = Meter(sum(member.size for member in chosen.values()))
    files = {kind: BookFile(kind, member, mappings.get(kind), meter) for kind, member in chosen.items()}
    try:
        return BookSet(place, day, files, _digest(day, files.values()), meter)
    except DAMAGED as error:
        raise BookError(f"{place.name} is damaged: {error}") from error


def _refuse_unknown(place: str, present: Collection[str], names: Collection[str]) -> None:
    known = ", ".join(names)
    unknown = [name for name in present if name not in names and name != SET_FILE]
    if not any(name in names for name in present):
        if len(unknown) == 1 and unknown[0] == place:
            raise BookError(f"{place} is no file of a loan book; known are {known}, a .zip and an .xlsx")
        raise BookError(f"{place} holds no file of a loan book; known are {known}")
    if unknown:
        raise BookError(
            f"{place}: {unknown[0]} is no file of a loan book; known are {known} and {SET_FILE}; move it away"
        )


def _as_of(place: str, member: Member | None) -> date:
    if member is None:
        raise BookError(
            f"{place}: its day is not named: give --as-of, or write as_of = 2026-03-01 to {SET_FILE}"
        )
    where = f"{place}: {member.name}"
    try:
        with member.open() as content:
            values = tomllib.loads(content.read(LARGEST_SET_FILE).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, *DAMAGED) as error:
        raise BookError(f"{where}: {error}") from error
    day = values.pop("as_of", None)
    if not isinstance(day, date) or isinstance(day, datetime) or values:
        raise BookError(f"{where}: exactly one entry is expected, such as as_of = 2026-03-01")
    return day


def _digest(as_of: date, files: Collection[BookFile]) -> str:
    total = hashlib.sha256(as_of.isoformat().encode())
    for file in sorted(files, key=lambda each: each.kind):
        with file.member.open() as content:
            digest = hashlib.sha256()
            while block := content.read(1 << 18):
                digest.update(block)
        total.update(f"|{file.kind}|{file.mapping!r}|{digest.hexdigest()}".encode())
    return total.hexdigest()


def rows(file: BookFile, *, needed: Collection[str], known: Collection[str]) -> Iterator[RawRow | Problem]:
    """Read a file row by row; what cannot be read comes as a Problem in its place.

    A header that lacks a needed column or names an unknown one ends the reading."""
    csv.field_size_limit(LONGEST_CELL)
    mapping = file.mapping or plain(known)
    with file.member.open() as content, file.meter.reading(content, file.member.size):
        text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            wrong = [file.member.unreadable[1]] if 1 in file.member.unreadable else []
            wrong += _header_problems(file, header, needed=needed, known=known)
            yield from wrong
            if wrong:
                return
            yield from _body(file, reader, header, mapping)
        except csv.Error as error:
            yield Problem(file.name, reader.line_num, "", "", f"cannot be read as CSV: {error}")
        except DAMAGED as error:
            yield Problem(file.name, reader.line_num, "", "", f"is damaged from here on: {error}")


def _body(file: BookFile, reader: Any, header: list[str], mapping: FileMapping) -> Iterator[RawRow | Problem]:
    """The rows after the header. A row of a sheet is known by its number, one of a text file by its line."""
    unreadable, is_sheet = file.member.unreadable, file.member.is_sheet
    first = reader.line_num + 1
    for number, cells in enumerate(reader, start=2):
        line = number if is_sheet else first
        if line in unreadable:
            yield unreadable[line]
        elif cells:
            yield _row(file, header, cells, mapping, line)
        first = reader.line_num + 1


def _header_problems(
    file: BookFile, header: list[str], *, needed: Collection[str], known: Collection[str]
) -> Iterator[Problem]:
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield Problem(file.name, 1, name, "", "stands twice in the header")
    if file.mapping is None:
        for name in header:
            if name not in known:
                yield Problem(file.name, 1, name, "", f"is no column of {file.kind}: {', '.join(known)}")
        for name in needed:
            if name not in header:
                yield Problem(file.name, 1, name, "", "is missing from the header")
        return
    for source in sorted(file.mapping.sources() - set(header)):
        yield Problem(file.name, 1, source, "", "is named by the mapping and missing from the header")
    for name in needed:
        if name not in file.mapping.columns and name not in header:
            yield Problem(file.name, 1, name, "", "is neither in the header nor in the mapping")


def _row(
    file: BookFile, header: list[str], cells: list[str], mapping: FileMapping, line: int
) -> RawRow | Problem:
    if len(cells) != len(header):
        reason = f"has {len(cells)} cells; the header has {len(header)}"
        return Problem(file.name, line, "", ",".join(cells)[:80], reason)
    text = "".join(cells)
    if not text.isascii() or "\0" in text:
        for name, cell in zip(header, cells, strict=True):
            if any("\ud800" <= letter <= "\udfff" for letter in cell):
                return Problem(file.name, line, name, ascii(cell.strip())[:80], "is not UTF-8")
            if "\0" in cell:
                return Problem(file.name, line, name, ascii(cell.strip())[:80], "holds a zero byte")
    if len(text.split(None, 1)) > 1 or text != text.strip():
        cells = [cell.strip() for cell in cells]
    source = dict(zip(header, cells, strict=True))
    if file.mapping is None:
        return RawRow(line, source)
    target, wrong = mapping.apply(source)
    if wrong is not None:
        return Problem(file.name, line, wrong.column, wrong.value, wrong.reason)
    return RawRow(line, target)


def write_problems(place: Path, problems: Sequence[Problem]) -> Path:
    """Write the problems to a CSV next to the set and return where."""
    path = place.with_name(f"{place.stem if place.is_file() else place.name}.errors.csv")
    with path.open("w", encoding="utf-8", newline="") as text:
        write_problem_rows(text, problems)
    return path


def write_problem_rows(text: TextIO, problems: Sequence[Problem]) -> None:
    """Write problems as CSV. What a spreadsheet would run as a formula is shown as text."""
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "line", "column", "value", "reason"])
    for each in problems:
        cells = (each.file, each.line, each.column, each.value, each.reason)
        writer.writerow([spreadsheet_text(cell) for cell in cells])
