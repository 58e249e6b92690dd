"""Uploaded files made harmless: opened, re-encoded and pictured in a limited child process."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

CHILD = Path(__file__).with_name("uploads_child.py")
MAX_BYTES = 20 * 1024 * 1024
WALL_SECONDS = 30

Kind = Literal["image/jpeg", "image/png", "application/pdf"]

_log = logging.getLogger(__name__)


class UploadRefused(Exception):
    """The file is not taken. Codes: upload_kind, upload_not_readable, upload_too_large,
    upload_too_many_pixels, upload_animated, upload_pdf_locked, upload_pdf_pages."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class CleanFile:
    """A file that holds only what can be seen. Width and height are pixels, of a PDF's first page points."""

    kind: Kind
    data: bytes
    width: int
    height: int
    pages: int


def clean(data: bytes) -> CleanFile:
    """The upload re-encoded without metadata or active content; raises UploadRefused.

    JPEG, PNG and WebP become an upright JPEG or PNG of at most 2600 pixels a side; a PDF keeps only its
    pages."""
    if len(data) > MAX_BYTES:
        raise UploadRefused("upload_too_large")
    facts, (result,) = _ask("clean", data)
    return CleanFile(facts["kind"], result, facts["width"], facts["height"], facts["pages"])


def page_pictures(data: bytes) -> list[bytes]:
    """A JPEG of every page of a PDF (at most 50), or of the one picture; what staff look at."""
    return _ask("pages", data)[1]


def page_picture(data: bytes, number: int) -> bytes:
    """A JPEG of one page, counted from 1, without the work of the others."""
    return _ask("page", data, str(number))[1][0]


def thumbnail(data: bytes) -> bytes:
    """A JPEG of at most 320 pixels a side, of the first page or the picture."""
    return _ask("thumbnail", data)[1][0]


def _ask(task: str, data: bytes, *arguments: str) -> tuple[dict[str, Any], list[bytes]]:
    """Have the child do one task; raises UploadRefused also when a limit ended it."""
    with _answer_file() as answer:
        try:
            done = subprocess.run(  # noqa: S603 (fixed program and arguments)
                [sys.executable, "-I", str(CHILD), task, *arguments],
                input=data,
                stdout=answer,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UploadRefused("upload_too_large") from None
        answer.seek(0)
        header, results = answer.readline(), answer.read()
    if done.returncode != 0:
        _log.warning("upload child ended with %s: %s", done.returncode, done.stderr[-200:])
        raise UploadRefused("upload_too_large" if done.returncode < 0 else "upload_not_readable")
    facts = json.loads(header)
    if "refused" in facts:
        raise UploadRefused(facts["refused"])
    return facts, _cut(results, facts["sizes"])


def _answer_file() -> IO[bytes]:
    """Where the child writes: in memory where the system can, so that nothing unencrypted reaches a disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("upload"), "w+b")
    return tempfile.TemporaryFile()


def _cut(joined: bytes, sizes: list[int]) -> list[bytes]:
    parts, start = [], 0
    for size in sizes:
        parts.append(joined[start : start + size])
        start += size
    return parts
