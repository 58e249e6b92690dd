"""Files people hand in or we make: cleaned, sealed under their own place, found again by their row."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.infra import crypto, images
from portal.infra.files import FileStore
from portal.models import StoredFile


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
    """Seal a file and write it. It is on the disk before its row can be committed."""
    file = StoredFile(
        lender_id=lender_id,
        created_at=now,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        pages=pages,
    )
    folder.write(file.ref, crypto.keyring().seal(lender_id, _place(file), data))
    session.add(file)
    session.flush()
    return file


def read(file: StoredFile, *, folder: FileStore) -> bytes:
    """Return the bytes of a file. Raises crypto.NotOpened when one of them was changed."""
    return crypto.keyring().open(file.lender_id, _place(file), folder.read(file.ref))


def page_picture(file: StoredFile, number: int, *, folder: FileStore) -> bytes | None:
    """Return a JPEG of one page, counted from 1, made in a child process. None: there is no such page."""
    if not 1 <= number <= file.pages:
        return None
    return images.page_picture(read(file, folder=folder), number)


def _place(file: StoredFile) -> str:
    return f"file|{file.ref}"
