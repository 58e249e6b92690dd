"""What the worker does with a loan book that was handed in: claims it, says how far it is, ends it.

A claim is known by the version of its row: whoever comes after a worker that was given up has another one."""

import io
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.refusals import Refused
from portal.infra.book_files import write_problem_rows
from portal.infra.files import FileStore
from portal.models import BookImport, Lender, StoredFile
from portal.models import BookUpload as BookUpload
from portal.services import audit, book_uploads, files
from portal.services.imports import Check, Outcome
from portal.vocabulary import UploadState

LEASE = timedelta(minutes=2)
MOST_TRIES = 3
JOB = "import"
UNDER_WAY = (UploadState.CHECKING, UploadState.WRITING)


@dataclass(frozen=True)
class Claim:
    """An upload that is this worker's, as long as its row has the version."""

    lender_id: int
    ref: str
    version: int
    tries: int
    name: str
    file_id: int
    mapping: str | None
    as_of: date | None
    dry_run: bool


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether there is anything to claim: a look that locks nothing."""
    return session.scalar(select(BookUpload.id).where(_free(now)).limit(1)) is not None


def claim(session: Session, *, lender: Lender, now: datetime) -> Claim | None:
    """Take the oldest upload that waits, or whose worker was given up. None: there is none, or another one of
    the lender is being worked on, for books are taken in one after the other."""
    alone = select(Lender.id).where(Lender.id == lender.id)
    if session.scalar(alone.with_for_update(key_share=True, skip_locked=True)) is None:
        return None
    in_work = BookUpload.state.in_(UNDER_WAY)
    under_way = session.scalars(select(BookUpload.id).where(in_work)).all()
    unheld = session.scalars(select(BookUpload).where(in_work).with_for_update(skip_locked=True)).all()
    if len(unheld) < len(under_way) or any(
        each.claimed_until and each.claimed_until > now for each in unheld
    ):
        return None
    query = select(BookUpload).where(_free(now)).order_by(BookUpload.id).limit(1)
    upload = session.scalar(query.with_for_update(skip_locked=True))
    if upload is None or upload.file_id is None:
        return None
    tries = int(str(upload.progress.get("tries", 0))) + 1
    upload.state, upload.claimed_until = UploadState.CHECKING, now + LEASE
    upload.progress = {"tries": tries}
    session.flush()
    return Claim(
        lender_id=upload.lender_id,
        ref=upload.ref,
        version=upload.version,
        tries=tries,
        name=upload.name,
        file_id=upload.file_id,
        mapping=upload.mapping,
        as_of=upload.as_of,
        dry_run=upload.dry_run,
    )


def _free(now: datetime) -> ColumnElement[bool]:
    given_up = and_(BookUpload.state.in_(UNDER_WAY), BookUpload.claimed_until <= now)
    return or_(BookUpload.state == UploadState.WAITING, given_up)


def content(session: Session, *, claim: Claim, folder: FileStore) -> bytes:
    """Return the file that was handed in."""
    return files.read(session.get_one(StoredFile, claim.file_id), folder=folder)


def hold(session: Session, *, claim: Claim) -> BookUpload | None:
    """Lock an upload until the end of the transaction. None: it is somebody else's by now.

    The lock is the sign of life while the book is written: nobody claims what is locked."""
    query = select(BookUpload).where(
        BookUpload.ref == claim.ref,
        BookUpload.version == claim.version,
        BookUpload.state.in_(UNDER_WAY),
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def tell(
    session: Session, *, claim: Claim, state: UploadState, percent: int, file: str, rows: int, now: datetime
) -> Claim | None:
    """Say how far the work is, and keep the claim for another while. None: it is somebody else's by now."""
    upload = hold(session, claim=claim)
    if upload is None:
        return None
    upload.state, upload.claimed_until = state, now + LEASE
    upload.progress = {"tries": claim.tries, "percent": percent, "file": file, "rows": rows}
    session.flush()
    return replace(claim, version=upload.version)


def finish(
    session: Session, *, upload: BookUpload, check: Check, outcome: Outcome | None, now: datetime
) -> list[str]:
    """Note that a set is in order (`outcome` None), or was taken in. Return the files to remove after the
    commit."""
    counts = outcome.counts if outcome else check.counts
    upload.counts = {**counts, "warnings": check.id_warnings}
    if check.first_warning:
        first = check.first_warning
        upload.progress = {**upload.progress, "warning_file": first.file, "warning_line": first.line}
    if outcome is None:
        return _end(session, upload, UploadState.DONE, now, keep=True)
    upload.import_id = outcome.taken.id if outcome.taken else None
    state = UploadState.UNCHANGED if outcome.unchanged else UploadState.DONE
    return _end(session, upload, state, now)


def found_before(session: Session, *, upload: BookUpload, taken: BookImport, now: datetime) -> list[str]:
    """Note that the very same set was taken in before. Return the files to remove after the commit."""
    upload.counts, upload.import_id = dict(taken.counts), taken.id
    return _end(session, upload, UploadState.UNCHANGED, now)


def refuse(
    session: Session, *, upload: BookUpload, check: Check, folder: FileStore, now: datetime
) -> list[str]:
    """Note what is wrong with a set, its list sealed. Return the files to remove after the commit."""
    text = io.StringIO()
    write_problem_rows(text, check.problems)
    stored = files.store(
        session,
        folder=folder,
        lender_id=upload.lender_id,
        data=text.getvalue().encode("utf-8"),
        media_type="text/csv",
        now=now,
    )
    upload.problem_count, upload.problems_file_id = len(check.problems), stored.id
    upload.counts = {**check.counts, "warnings": check.id_warnings}
    return _end(session, upload, UploadState.REFUSED, now)


def refuse_whole(session: Session, *, upload: BookUpload, reason: str | Refused, now: datetime) -> list[str]:
    """Note why a set as a whole is not taken: a sentence, or a refusal whose words the page knows."""
    if isinstance(reason, Refused):
        upload.progress = {**upload.progress, "code": reason.code, "facts": dict(reason.facts)}
        reason = reason.code
    upload.problem = reason
    return _end(session, upload, UploadState.REFUSED, now)


def fail(session: Session, *, upload: BookUpload, problem: str, now: datetime) -> list[str]:
    """Note that the portal could not do it. `problem` is the kind of error: nothing personal."""
    upload.problem = problem
    return _end(session, upload, UploadState.FAILED, now)


def _end(
    session: Session, upload: BookUpload, state: UploadState, now: datetime, *, keep: bool = False
) -> list[str]:
    upload.state, upload.finished_at, upload.claimed_until = state, now, None
    gone = None
    if not keep:
        gone, upload.file_id = upload.file_id, None
    refs = book_uploads.let_go(session, [gone])
    audit.record(
        session,
        actor=system(upload.lender_id, JOB),
        action="book_upload_ended",
        subject=upload,
        now=now,
        state=state,
        dry_run=upload.dry_run,
        problems=upload.problem_count,
    )
    return refs
