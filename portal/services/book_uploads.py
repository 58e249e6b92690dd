"""Loan books handed in on the page: kept sealed until the worker has taken them in or refused them."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra.book_mapping import MappingError, mapping_of
from portal.infra.files import FileStore
from portal.models import BookUpload, StoredFile
from portal.services import audit, files, imports, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import UploadState

PAGE_LENGTH = 25
LONGEST_NAME = 120
KEPT = timedelta(days=30)
MEDIA_TYPES = {
    ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}
ENDED = (UploadState.DONE, UploadState.UNCHANGED, UploadState.REFUSED, UploadState.FAILED)


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What somebody sent: a set in one file, and how it is to be read."""

    name: str
    data: bytes
    mapping: str | None
    as_of: date | None
    dry_run: bool


@dataclass(frozen=True)
class Page:
    """Some uploads, the newest first. `after` is what the next page comes after; None: there is none."""

    uploads: list[BookUpload]
    after: str | None


@in_savepoint
def hand_in(
    session: Session, *, sent: HandedIn, folder: FileStore, actor: Actor, now: datetime
) -> BookUpload:
    """Keep a set for the worker. Refused: it is empty, of no kind that is known, or the mapping is wrong."""
    name = plain_name(sent.name)
    media_type = MEDIA_TYPES.get(_suffix(name))
    if not sent.data:
        raise Refused("import_missing")
    if media_type is None:
        raise Refused("import_kind_unknown")
    if sent.mapping is not None:
        try:
            mapping_of(sent.mapping, name="mapping", known=imports.COLUMNS)
        except MappingError as error:
            raise Refused("import_mapping_wrong", problem=str(error)) from error
    stored = files.store(
        session, folder=folder, lender_id=actor.lender_id, data=sent.data, media_type=media_type, now=now
    )
    upload = BookUpload(
        lender_id=actor.lender_id,
        created_at=now,
        state=UploadState.WAITING,
        name=name,
        file_id=stored.id,
        mapping=sent.mapping,
        as_of=sent.as_of,
        dry_run=sent.dry_run,
        progress={},
        counts={},
        problem_count=0,
        actor=str(actor),
    )
    session.add(upload)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="book_handed_in",
        subject=upload,
        now=now,
        sha256=stored.sha256,
        size=stored.size,
        dry_run=sent.dry_run,
    )
    return upload


def plain_name(sent: str) -> str:
    """The name of a file without the folders it came from, and without what no page can show."""
    last = sent.replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, last)).strip().lstrip(".")[-LONGEST_NAME:]


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""


def page_of(session: Session, *, after: str | None, actor: Actor) -> Page:
    """Return a page of the lender's uploads, the newest first."""
    query = scope.of_lender(BookUpload, actor)
    if after:
        query = query.where(BookUpload.ref < after)
    found = list(session.scalars(query.order_by(BookUpload.ref.desc()).limit(PAGE_LENGTH + 1)))
    shown, more = found[:PAGE_LENGTH], len(found) > PAGE_LENGTH
    return Page(shown, shown[-1].ref if more else None)


def find(session: Session, ref: str, *, actor: Actor) -> BookUpload | None:
    return session.scalar(scope.of_lender(BookUpload, actor).where(BookUpload.ref == ref))


def may_take_in(upload: BookUpload) -> bool:
    """Whether a dry run found everything in order, and the file is still there."""
    return upload.dry_run and upload.state is UploadState.DONE and upload.file_id is not None


@in_savepoint
def take_in(session: Session, *, upload: BookUpload, actor: Actor, now: datetime) -> None:
    """Have a set taken in after its dry run. Refused: there is none in order, or its file is gone."""
    if not may_take_in(upload):
        raise Refused("import_not_checked")
    upload.state, upload.dry_run, upload.finished_at = UploadState.WAITING, False, None
    upload.progress = {}
    audit.record(session, actor=actor, action="book_released", subject=upload, now=now)


def problems(session: Session, *, upload: BookUpload, folder: FileStore, most: int) -> list[list[str]]:
    """Return the first problems of a set as file, line, column, value and reason."""
    found = csv.reader(io.StringIO(_problems_file(session, upload, folder).decode("utf-8")))
    next(found, None)
    return [row for row, _ in zip(found, range(most), strict=False)]


def problems_csv(
    session: Session, *, upload: BookUpload, folder: FileStore, actor: Actor, now: datetime
) -> bytes:
    """Return all problems of a set as a CSV file. It holds personal values: who took it is kept.

    Refused: there is none, or it is gone."""
    found = _problems_file(session, upload, folder)
    if not found:
        raise Refused("import_without_problems")
    audit.record(
        session,
        actor=actor,
        action="book_problems_read",
        subject=upload,
        now=now,
        problems=upload.problem_count,
    )
    return found


def _problems_file(session: Session, upload: BookUpload, folder: FileStore) -> bytes:
    if upload.problems_file_id is None:
        return b""
    return files.read(session.get_one(StoredFile, upload.problems_file_id), folder=folder)


def let_go(session: Session, ids: Iterable[int | None]) -> list[str]:
    """Forget files that no upload names any more. Return those to remove after the commit."""
    session.flush()
    found = list(session.scalars(select(StoredFile).where(StoredFile.id.in_([each for each in ids if each]))))
    for file in found:
        session.delete(file)
    session.flush()
    return [file.ref for file in found]


def remove_old(session: Session, *, lender_id: int, now: datetime) -> list[str]:
    """Forget the files of uploads that ended a month ago. Return those to remove after the commit."""
    old = select(BookUpload).where(
        BookUpload.lender_id == lender_id,
        BookUpload.state.in_(ENDED),
        BookUpload.finished_at <= now - KEPT,
        or_(BookUpload.file_id.is_not(None), BookUpload.problems_file_id.is_not(None)),
    )
    ids: list[int | None] = []
    for upload in session.scalars(old):
        ids += [upload.file_id, upload.problems_file_id]
        upload.file_id = upload.problems_file_id = None
    return let_go(session, ids)
