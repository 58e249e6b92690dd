"""Files people hand in or we make: cleaned, sealed under their own place, found again by their row."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from structlog import get_logger

from portal.domain.refusals import Refused
from portal.infra import crypto, images
from portal.infra.files import FileStore, NotStored
from portal.models import StoredFile

log = get_logger()


@dataclass(frozen=True)
class Upload:
    """An uploaded file after it was opened and written anew, with a small picture of it."""

    media_type: str
    data: bytes
    pages: int
    thumbnail: bytes


def cleaned(data: bytes) -> Upload:
    """Open and rewrite an uploaded file in a child process, which may take a second: call it before the
    database is touched. Refused: `upload_…`, see `images.UploadRefused`."""
    try:
        clean = images.clean(data)
        return Upload(clean.kind, clean.data, clean.pages, images.thumbnail(clean.data))
    except images.UploadRefused as refusal:
        raise Refused(refusal.code) from refusal


def store(
    session: Session,
    *,
    folder: FileStore,
    lender_id: int,
    data: bytes,
    media_type: str,
    pages: int = 1,
    now: datetime,
) -> StoredFile:
    """Seal a file and write it. It is kept for good before its row can be committed.

    Refused: the place where files are kept does not answer."""
    file = StoredFile(
        lender_id=lender_id,
        created_at=now,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        pages=pages,
    )
    sealed = crypto.keyring().seal(lender_id, _place(file), data)
    with _in_reach():
        folder.write(file.ref, sealed)
    session.add(file)
    session.flush()
    reseal(file.ref, lender_id=lender_id, folder=folder, sealed=sealed)  # its key may be a retired one by now
    return file


def read(file: StoredFile, *, folder: FileStore) -> bytes:
    """Return the bytes of a file. Raises crypto.NotOpened when one of them was changed.

    Refused: the place where files are kept does not answer."""
    with _in_reach():
        sealed = folder.read(file.ref)
    return crypto.keyring().open(file.lender_id, _place(file), sealed)


def reseal(ref: str, *, lender_id: int, folder: FileStore, sealed: bytes | None = None) -> bool:
    """Seal a file under the lender's current key. `sealed` is what it holds, where that is known.

    Returns False when there was nothing to do: it is, or it is gone. Raises NotStored."""
    keyring = crypto.keyring()
    if sealed is None:
        try:
            sealed = folder.read(ref)
        except FileNotFoundError:
            return False
    if keyring.is_current(lender_id, sealed):
        return False
    place = f"file|{ref}"
    folder.write(ref, keyring.seal(lender_id, place, keyring.open(lender_id, place, sealed)))
    return True


def page_picture(file: StoredFile, number: int, *, folder: FileStore) -> bytes | None:
    """Return a JPEG of one page, counted from 1, made in a child process. None: there is no such page."""
    if not 1 <= number <= file.pages:
        return None
    return images.page_picture(read(file, folder=folder), number)


def check_reach(folder: FileStore) -> None:
    """Before an act that ends in deleting files. Refused: the place where files are kept does not answer."""
    with _in_reach():
        folder.check()


def remove(refs: Iterable[str], *, folder: FileStore) -> None:
    """Delete files that nobody needs, once that is committed. One that stays behind is sealed, and logged."""
    for ref in refs:
        try:
            folder.remove(ref)
        except NotStored as problem:
            log.error("file_not_removed", file=ref, problem=str(problem))


@contextmanager
def _in_reach() -> Iterator[None]:
    try:
        yield
    except NotStored as problem:
        log.error("files_out_of_reach", problem=str(problem))
        raise Refused("files_out_of_reach") from problem


def _place(file: StoredFile) -> str:
    return f"file|{file.ref}"
