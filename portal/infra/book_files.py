"""The files of a loan book: which there are, as of when, and their rows one by one, never all at once."""

import csv
import hashlib
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from portal.infra.book_mapping import FileMapping, plain

SET_FILE = "set.toml"
LONGEST_CELL = 10_000


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


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of a row by the portal's column names, spaces around them removed."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class BookFile:
    """One file of the set. `kind` is what it holds: `borrowers`, `loans` …"""

    kind: str
    path: Path
    mapping: FileMapping | None

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class BookSet:
    """Files that belong together, their day, and the digest of everything that decides the result."""

    place: Path
    as_of: date
    files: Mapping[str, BookFile]
    digest: str

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
    mappings = mappings or {}
    names = {(mappings[kind].file if kind in mappings else None) or f"{kind}.csv": kind for kind in kinds}
    found = _found(place, names)
    day = as_of or _as_of(place if place.is_dir() else place.parent)
    files = {
        kind: BookFile(kind, found[name], mappings.get(kind)) for name, kind in names.items() if name in found
    }
    return BookSet(place, day, files, _digest(day, files.values()))


def _found(place: Path, names: Collection[str]) -> dict[str, Path]:
    known = ", ".join(names)
    if place.is_file():
        if place.name not in names:
            raise BookError(f"{place.name} is no file of a loan book; known are {known}")
        return {place.name: place}
    if not place.is_dir():
        raise BookError(f"{place}: there is no such file or folder")
    present = {path.name: path for path in sorted(place.iterdir()) if not path.name.startswith(".")}
    found = {name: path for name, path in present.items() if name in names}
    if not found:
        raise BookError(f"{place} holds no file of a loan book; known are {known}")
    if unknown := [name for name in present if name not in names and name != SET_FILE]:
        raise BookError(
            f"{place}: {unknown[0]} is no file of a loan book; known are {known} and {SET_FILE}; move it away"
        )
    return found


def _as_of(folder: Path) -> date:
    path = folder / SET_FILE
    if not path.exists():
        raise BookError(
            f"the day of the set is not named: give --as-of, or write as_of = 2026-03-01 to {path}"
        )
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BookError(f"{path}: {error}") from error
    day = values.pop("as_of", None)
    if not isinstance(day, date) or isinstance(day, datetime) or values:
        raise BookError(f"{path}: exactly one entry is expected, such as as_of = 2026-03-01")
    return day


def _digest(as_of: date, files: Collection[BookFile]) -> str:
    total = hashlib.sha256(as_of.isoformat().encode())
    for file in sorted(files, key=lambda each: each.kind):
        with file.path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"|{file.kind}|{file.mapping!r}|{digest}".encode())
    return total.hexdigest()


def rows(file: BookFile, *, needed: Collection[str], known: Collection[str]) -> Iterator[RawRow | Problem]:
    """Read a file row by row; what cannot be read comes as a Problem in its place.

    A header that lacks a needed column or names an unknown one ends the reading."""
    csv.field_size_limit(LONGEST_CELL)
    mapping = file.mapping or plain(known)
    with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            wrong = list(_header_problems(file, header, needed=needed, known=known))
            yield from wrong
            if wrong:
                return
            first = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield _row(file, header, cells, mapping, first)
                first = reader.line_num + 1
        except csv.Error as error:
            yield Problem(file.name, reader.line_num, "", "", f"cannot be read as CSV: {error}")


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
    source = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    for name, cell in source.items():
        if not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell):
            return Problem(file.name, line, name, ascii(cell)[:80], "is not UTF-8")
        if "\0" in cell:
            return Problem(file.name, line, name, ascii(cell)[:80], "holds a zero byte")
    target, wrong = mapping.apply(source)
    if wrong is not None:
        return Problem(file.name, line, wrong.column, wrong.value, wrong.reason)
    return RawRow(line, target)


def write_problems(place: Path, problems: Sequence[Problem]) -> Path:
    """Write the problems to a CSV next to the set and return where."""
    path = place.with_name(f"{place.stem if place.is_file() else place.name}.errors.csv")
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["file", "line", "column", "value", "reason"])
        for each in problems:
            writer.writerow([each.file, each.line, each.column, each.value, each.reason])
    return path
