"""Uploaded files: made harmless before a view touches the database; where files are kept."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.services import files
from portal.services.files import Upload
from portal.web.transactions import installation

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
P = ParamSpec("P")
T = TypeVar("T")


def folder() -> FileStore:
    """Where this installation keeps its files."""
    return installation().files


def cleans_upload(field: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Open and rewrite the uploaded file before anything else. Stands above `@commits`: it takes a second,
    and a view that writes keeps every other writer waiting."""

    def declare(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            g.upload = _clean(field)
            return view(*args, **kwargs)

        return wrapper

    return declare


def cleaned() -> Upload:
    """Return the file sent with this request. Refused: there is none, or it cannot be taken (`upload_…`)."""
    if isinstance(g.upload, Refused):
        raise g.upload
    assert isinstance(g.upload, Upload)
    return g.upload


def _clean(field: str) -> Upload | Refused:
    # Two inputs may share the name, the camera and the file chooser: the filled one counts.
    sent = next((file for file in request.files.getlist(field) if file.filename), None)
    if sent is None:
        return Refused("upload_missing")
    try:
        upload = files.cleaned(sent.stream.read())
    except Refused as refusal:
        return refusal
    finally:
        sent.stream.seek(0)
    return upload
