"""A mapping file: how a lender's own columns become the columns of the loan book.

One section for each file; in it, each column of the portal is a text made from the lender's columns:

    [borrowers]
    file = "clients.csv"                # when it is not called borrowers.csv
    borrower_no = "{ID}"                # another column
    name = "Client {ID}"                # a template
    language = "zh_Hant"                # a constant
    start_date = { from = "{OPENED}", date = "%d/%m/%Y" }
    product = { from = "{TYPE}", values = { CC = "card", PL = "consumer_loan" } }

A column that is not named keeps its own name; what the lender's file holds besides is not read."""

import string
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

AN_EXAMPLE = datetime(2026, 12, 17)  # noqa: DTZ001  (a day, which no form takes for another)


class MappingError(ValueError):
    """A mapping file that cannot be used. The message is one line: file, key, why."""


@dataclass(frozen=True)
class Wrong:
    """A cell that its mapping cannot turn."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class ColumnMapping:
    """One column: literal text and column names in turn, then a date format or a table of values."""

    parts: tuple[tuple[str, str | None], ...]
    date: str | None = None
    values: Mapping[str, str] | None = None

    def text(self, source: Mapping[str, str]) -> str:
        return "".join(words + (source[name] if name else "") for words, name in self.parts)


@dataclass(frozen=True)
class FileMapping:
    file: str | None
    columns: Mapping[str, ColumnMapping]
    known: tuple[str, ...] = field(default=())

    def sources(self) -> set[str]:
        """The lender's columns that the mapping reads."""
        return {name for column in self.columns.values() for _, name in column.parts if name}

    def apply(self, source: Mapping[str, str]) -> tuple[dict[str, str], Wrong | None]:
        """Return the portal's cells of a row, and the first cell that cannot be turned."""
        target = {name: source[name] for name in self.known if name in source and name not in self.columns}
        for name, column in self.columns.items():
            text = column.text(source).strip()
            if column.values is not None and text:
                if text not in column.values:
                    known = ", ".join(column.values)
                    return target, Wrong(name, text, f"is not in the mapping's values: {known}")
                text = column.values[text]
            if column.date and text:
                try:
                    text = datetime.strptime(text, column.date).date().isoformat()  # noqa: DTZ007  (a date)
                except ValueError:
                    return target, Wrong(name, text, f"is not a date of the form {column.date}")
            target[name] = text
        return target, None


def plain(known: Collection[str]) -> FileMapping:
    """The mapping of a file that has the portal's columns already."""
    return FileMapping(None, {}, tuple(known))


def read_mapping(path: Path, *, known: Mapping[str, Collection[str]]) -> dict[str, FileMapping]:
    """Read a mapping file; `known` names the columns of each kind of file. Raises MappingError."""
    try:
        return mapping_of(path.read_text("utf-8"), name=path.name, known=known)
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name}: cannot be read: {error}") from error


def mapping_of(text: str, *, name: str, known: Mapping[str, Collection[str]]) -> dict[str, FileMapping]:
    """Read the text of a mapping file that is called so. Raises MappingError."""
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name}: cannot be read: {error}") from error
    for kind, section in sections.items():
        if kind not in known or not isinstance(section, dict):
            raise MappingError(f"{name}: {kind}: is no section; known are {', '.join(known)}")
    found = {kind: _file(name, kind, section, known[kind]) for kind, section in sections.items()}
    files = {f"{kind}.csv": kind for kind in known if kind not in found or not found[kind].file}
    for kind, mapping in found.items():
        if mapping.file and (other := files.setdefault(mapping.file, kind)) != kind:
            raise MappingError(f"{name}: {kind}.file: {mapping.file} is the file of {other} already")
    return found


def _file(name: str, kind: str, section: dict[str, Any], known: Collection[str]) -> FileMapping:
    file = section.pop("file", None)
    if file is not None and (not isinstance(file, str) or not file or "/" in file or "\\" in file):
        raise MappingError(f"{name}: {kind}.file: {file!r} is not the name of a file of the set")
    columns = {}
    for column, raw in section.items():
        key = f"{name}: {kind}.{column}"
        if column not in known:
            raise MappingError(f"{key}: is no column of {kind}: {', '.join(known)}")
        columns[column] = _column(key, raw)
    return FileMapping(file, columns, tuple(known))


def _column(key: str, raw: Any) -> ColumnMapping:
    if isinstance(raw, str):
        return ColumnMapping(_parts(key, raw))
    if not isinstance(raw, dict) or "from" not in raw or raw.keys() - {"from", "date", "values"}:
        raise MappingError(f'{key}: must be a text or {{ from = "…", date = "…", values = {{ … }} }}')
    template, form, values = raw["from"], raw.get("date"), raw.get("values")
    if not isinstance(template, str):
        raise MappingError(f"{key}: from: {template!r} is no text; write it in quotes")
    if form is not None and not _names_a_day(form):
        raise MappingError(f"{key}: date: {form!r} is no form of a day such as %d/%m/%Y")
    if values is None:
        return ColumnMapping(_parts(key, template), form)
    if not isinstance(values, dict) or any(isinstance(new, dict | list) for new in values.values()):
        raise MappingError(f'{key}: values: must be a table of texts, such as {{ CC = "card" }}')
    return ColumnMapping(_parts(key, template), form, {old: str(new) for old, new in values.items()})


def _names_a_day(form: Any) -> bool:
    """Whether a day that is written in this form can be read from it again."""
    try:
        return datetime.strptime(AN_EXAMPLE.strftime(form), form) == AN_EXAMPLE  # noqa: DTZ007  (a date)
    except (TypeError, ValueError):
        return False


def _parts(key: str, template: str) -> tuple[tuple[str, str | None], ...]:
    """Split a template. Only plain column names stand in braces: nothing is evaluated."""
    try:
        split = list(string.Formatter().parse(template))
    except ValueError as error:
        raise MappingError(f"{key}: {template!r} is no template: {error}") from error
    for _, name, form, conversion in split:
        if name == "" or form or conversion:
            raise MappingError(f"{key}: {template!r}: only column names may stand in braces")
    return tuple((words, name) for words, name, _, _ in split)
