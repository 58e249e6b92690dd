"""A loan book in one file: a zip archive, read where it lies, or a workbook. Nothing is taken on trust."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from portal.infra import book_workbooks
from portal.infra.book_files import BookError, BookSet, Member, assemble, open_set
from portal.infra.book_mapping import FileMapping
from portal.infra.workspaces import workspace

ARCHIVE, WORKBOOK = ".zip", ".xlsx"
MOST_MEMBERS = 1000
LARGEST_TOTAL = 4 * 1024**3  # bytes, unpacked
# Text packs ten to thirty times smaller, a spreadsheet's tables somewhat more; deflate can do a thousand.
HIGHEST_RATIO = 200
RATIO_COUNTS_FROM = 10 * 1024**2  # bytes, unpacked
KNOWN_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED = 0x1
JUNK = ("__MACOSX/",)


@contextmanager
def opened(
    place: Path,
    *,
    kinds: Sequence[str],
    temporary: Path,
    mappings: Mapping[str, FileMapping] | None = None,
    as_of: date | None = None,
    progress: book_workbooks.Progress = lambda *_: None,
) -> Iterator[BookSet]:
    """Open a set wherever it lies: a folder, one CSV file, a zip archive or an XLSX workbook.

    What has to be unpacked lies under `temporary` and is gone afterwards; `progress` is told a sheet and
    its rows meanwhile. Raises BookError."""
    packing = place.suffix.lower()
    with ExitStack() as stack:
        if packing not in (ARCHIVE, WORKBOOK) or not place.is_file():
            yield open_set(place, kinds=kinds, mappings=mappings, as_of=as_of)
            return
        archive = stack.enter_context(_archive(place))
        if packing == ARCHIVE:
            present = _members(place.name, archive)
        else:
            wanted = {kind: (mappings or {}).get(kind) for kind in kinds}
            names = {kind: (each.file if each else None) or f"{kind}.csv" for kind, each in wanted.items()}
            folder = stack.enter_context(workspace(temporary))
            present = book_workbooks.members(
                place, archive, names=list(names.values()), folder=folder, progress=progress
            )
        yield assemble(place, present, kinds=kinds, mappings=mappings, as_of=as_of)


@contextmanager
def _archive(place: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose directory promises nothing that would fill the disk or lead elsewhere."""
    try:
        archive = zipfile.ZipFile(place)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        ValueError,
    ) as error:  # RuntimeError: a way of packing not known
        raise BookError(f"{place.name} cannot be read as {place.suffix[1:].lower()}: {error}") from error
    with archive:
        _check(place.name, archive.infolist())
        yield archive


def _check(place: str, members: Sequence[zipfile.ZipInfo]) -> None:
    """What is told here of sizes is believed no further: reading ends where a member should."""
    if len(members) > MOST_MEMBERS:
        raise BookError(f"{place} holds {len(members)} files; {MOST_MEMBERS} are allowed")
    names = [member.filename for member in members]
    for member in members:
        name = member.filename
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise BookError(f"{place} names a file outside of it: {name!r}")
        if names.count(name) > 1:
            raise BookError(f"{place} holds {name} twice")
        if member.flag_bits & ENCRYPTED:
            raise BookError(f"{place} is encrypted: hand it in without a password")
        if member.compress_type not in KNOWN_PACKINGS:
            raise BookError(f"{place}: {name} is packed in an unusual way; pack it again as a plain zip")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > LARGEST_TOTAL:
        raise BookError(f"{place} would be {unpacked} bytes unpacked; {LARGEST_TOTAL} are allowed")
    if unpacked > RATIO_COUNTS_FROM and unpacked > HIGHEST_RATIO * packed:
        raise BookError(f"{place} would be more than {HIGHEST_RATIO} times as large unpacked")


def _members(place: str, archive: zipfile.ZipFile) -> dict[str, Member]:
    """The files of an archive by their names. All may lie in one folder, as some programs pack it."""
    found = [
        each
        for each in archive.infolist()
        if not each.is_dir()
        and not each.filename.startswith(JUNK)
        and not each.filename.rpartition("/")[2].startswith(".")
    ]
    folders = {each.filename.rpartition("/")[0] for each in found}
    if len(folders) > 1 or any("/" in folder for folder in folders):
        raise BookError(f"{place} holds files in several folders; put them side by side")
    for each in found:
        if each.filename.lower().endswith((ARCHIVE, WORKBOOK, ".gz", ".7z", ".rar", ".tar")):
            raise BookError(f"{place} holds {each.filename}: hand that in by itself")
    return {each.filename.rpartition("/")[2]: _member(archive, each) for each in found}


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = info.filename.rpartition("/")[2]
    return Member(name, info.file_size, partial(_open, archive, info))


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(info))
