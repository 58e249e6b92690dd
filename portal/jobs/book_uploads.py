"""Takes in the loan books that were handed in on the page, outside of any request.

How far it is stands in short transactions of their own, while the rows are checked. The writing is one
transaction with the note of its end: on SQLite nobody else could write meanwhile, so all that is told of it
is that it has begun. A worker that is killed leaves its claim to run out; whoever comes next begins anew."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from structlog import get_logger

from portal.domain.actor import system
from portal.domain.refusals import Refused
from portal.infra import clock, workspaces
from portal.infra.book_archives import opened
from portal.infra.book_files import BookError, BookSet
from portal.infra.book_mapping import mapping_of
from portal.infra.db import Unavailable
from portal.infra.files import NotStored
from portal.infra.installation import Installation
from portal.infra.tenancy import TenantSession
from portal.services import book_upload_work as work
from portal.services import book_uploads, files, imports, lenders
from portal.services.book_upload_work import MOST_TRIES, BookUpload, Claim
from portal.vocabulary import UploadState

TOLD_EVERY = 1.5  # seconds
log = get_logger()


class Lost(Exception):
    """The claim ran out, and somebody else has the upload."""


def run(installation: Installation, *, now: datetime) -> int:
    """Work on what waits, lender by lender. Returns how many uploads were ended."""
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    return sum(_of_lender(installation, each.code, now) for each in every)


def clean(installation: Installation, *, now: datetime) -> int:
    """Remove what killed workers left unpacked, and the files of uploads that ended long ago."""
    removed = workspaces.sweep(installation.settings.temporary)
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    for each in every:
        with installation.writing.begin() as session:
            lenders.enter(session, each)
            gone = book_uploads.remove_old(session, lender_id=each.id, now=now)
        files.remove(gone, folder=installation.files)
        removed += len(gone)
    return removed


def _of_lender(installation: Installation, code: str, now: datetime) -> int:
    ended = 0
    while claim := _claim(installation, code, now):
        try:
            _Work(installation, code, claim).do()
        except Lost:
            log.warning("book_upload_lost", upload=claim.ref)
            break
        ended += 1
    return ended


def _claim(installation: Installation, code: str, now: datetime) -> Claim | None:
    with installation.reading() as session:
        _enter(session, code)
        if not work.is_due(session, now=now):
            return None
    with installation.writing.begin() as session:
        return work.claim(session, lender=_enter(session, code), now=now)


def _enter(session: TenantSession, code: str) -> lenders.Lender:
    lender = lenders.find(session, code)
    assert lender is not None
    lenders.enter(session, lender)
    return lender


class _Work:
    """One upload, from its file to its end."""

    def __init__(self, installation: Installation, code: str, claim: Claim) -> None:
        self._installation = installation
        self._code = code
        self._claim = claim
        self._told_at: float | None = None

    def do(self) -> None:
        """Take the set in, or note why not. Raises Lost; what passes by itself is tried again later."""
        if self._claim.tries > MOST_TRIES:
            self._end(
                lambda session, upload: work.fail(session, upload=upload, problem="given_up", now=clock.now())
            )
            return
        try:
            self._take_in()
        except (BookError, Refused) as error:
            if isinstance(error, Refused) and error.code == "files_out_of_reach":
                raise
            reason = error if isinstance(error, Refused) else str(error)
            self._end(
                lambda session, upload: work.refuse_whole(
                    session, upload=upload, reason=reason, now=clock.now()
                )
            )
        except (Lost, NotStored, Unavailable):
            raise
        except Exception as error:
            log.exception("book_upload_failed", upload=self._claim.ref)
            problem = type(error).__name__
            self._end(
                lambda session, upload: work.fail(session, upload=upload, problem=problem, now=clock.now())
            )

    def _take_in(self) -> None:
        claim, temporary = self._claim, self._installation.settings.temporary
        mappings = None
        if claim.mapping is not None:
            mappings = mapping_of(claim.mapping, name="mapping", known=imports.COLUMNS)
        with ExitStack() as stack:
            folder = stack.enter_context(workspaces.workspace(temporary))
            book = stack.enter_context(
                opened(
                    self._unsealed(folder),
                    kinds=imports.KINDS,
                    temporary=temporary,
                    mappings=mappings,
                    as_of=claim.as_of,
                    progress=lambda sheet, rows: self._tell(sheet, rows, percent=0),
                )
            )
            self._check_and_write(book)

    def _unsealed(self, folder: Path) -> Path:
        """The file as it was handed in, for as long as it is worked on. Its name is known to be plain."""
        with self._installation.reading() as session:
            _enter(session, self._code)
            data = work.content(session, claim=self._claim, folder=self._installation.files)
        place = folder / self._claim.name
        place.write_bytes(data)
        return place

    def _check_and_write(self, book: BookSet) -> None:
        with self._installation.reading() as session:
            lender = _enter(session, self._code)
            before = imports.find(session, lender=lender, book=book)
            if not before:
                check = imports.check(
                    session,
                    lender=lender,
                    book=book,
                    progress=lambda kind, rows: self._tell(kind, rows, percent=book.meter.percent()),
                )
        if before:
            self._end(
                lambda session, upload: work.found_before(
                    session, upload=upload, taken=before, now=clock.now()
                )
            )
        elif check.problems:
            self._end(
                lambda session, upload: work.refuse(
                    session, upload=upload, check=check, folder=self._installation.files, now=clock.now()
                )
            )
        elif self._claim.dry_run:
            self._end(
                lambda session, upload: work.finish(
                    session, upload=upload, check=check, outcome=None, now=clock.now()
                )
            )
        else:
            self._tell("", sum(check.counts.values()), percent=100, state=UploadState.WRITING)
            self._end(lambda session, upload: self._write(session, upload, check))

    def _write(self, session: TenantSession, upload: BookUpload, check: imports.Check) -> list[str]:
        lender = lenders.get(session, upload.lender_id)
        outcome = imports.write(
            session, lender=lender, check=check, actor=system(lender.id, work.JOB), now=clock.now()
        )
        return work.finish(session, upload=upload, check=check, outcome=outcome, now=clock.now())

    def _tell(self, file: str, rows: int, *, percent: int, state: UploadState = UploadState.CHECKING) -> None:
        """Say how far it is, now and then. While somebody else writes for long, the work goes on untold."""
        now = clock.monotonic()
        told = self._told_at is not None and now - self._told_at < TOLD_EVERY
        if told and state is UploadState.CHECKING:
            return
        try:
            with self._installation.writing.begin() as session:
                _enter(session, self._code)
                kept = work.tell(
                    session,
                    claim=self._claim,
                    state=state,
                    percent=percent,
                    file=file,
                    rows=rows,
                    now=clock.now(),
                )
        except Unavailable as error:
            log.warning("book_upload_untold", upload=self._claim.ref, error=type(error.orig).__name__)
        else:
            if kept is None:
                raise Lost
            self._claim = kept
        self._told_at = clock.monotonic()

    def _end(self, note: Callable[[TenantSession, BookUpload], list[str]]) -> None:
        """Note an end in one transaction with what it did, and then remove the files nobody needs."""
        with self._installation.writing.begin() as session:
            _enter(session, self._code)
            upload = work.hold(session, claim=self._claim)
            if upload is None:
                raise Lost
            gone = note(session, upload)
        files.remove(gone, folder=self._installation.files)
