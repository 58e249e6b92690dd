"""The database session of a request: which kind, when it commits, and that nothing is done twice."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import Flask, Response, current_app, g, make_response, request
from flask import session as browser
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.local import LocalProxy

from portal.infra import clock, ids
from portal.infra.installation import Installation
from portal.services import idempotency, lenders
from portal.web.sessions import BrowserSession

P = ParamSpec("P")
# Names of fields that differ between two tries of the same request.
NOT_PARAMETERS = frozenset({"csrf_token", "idempotency_key"})


def installation() -> Installation:
    return cast(Installation, current_app.extensions["installation"])


def _current_session() -> Session:
    if "session" not in g:
        reads = request.method in {"GET", "HEAD", "OPTIONS"}
        g.session = (installation().reading if reads else installation().writing)()
        if "lender" in g:
            lenders.enter(g.session, g.lender)
            if reads:  # it was just read: no service has to ask for it again
                g.session.merge(g.lender, load=False)
    return cast(Session, g.session)


session: Session = LocalProxy(_current_session)  # type: ignore[assignment]


def commits(view: Callable[P, object]) -> Callable[P, Response]:
    """Commit before the answer leaves. A view that refuses commits what its services left to be remembered.

    With an `idempotency_key` among the fields, the same request sent again gets the first answer again."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        once = _once()
        if once and (answered := idempotency.find(session, once=once)):
            return _replay(answered)
        response = make_response(view(*args, **kwargs))
        try:
            if once and (location := _leads_to(response)):
                idempotency.remember(session, once=once, location=location, now=clock.now())
            session.commit()
        except IntegrityError:
            session.rollback()
            if once and (answered := idempotency.find(session, once=once)):
                return _replay(answered)
            raise
        return response

    return wrapper


def _once() -> idempotency.Once | None:
    key = request.form.get("idempotency_key", "")
    if not key or "token" in (request.view_args or {}):  # a token is kept nowhere, not in an address either
        return None
    return idempotency.Once(actor=_sender(), endpoint=request.path, key=key, parameters=_parameters())


def _sender() -> str:
    """Who is signed in; else this browser, whose address may change between two tries."""
    if current_user.is_authenticated:
        return str(current_user.actor)
    return f"visitor:{cast(BrowserSession, browser).digest.hex()}"


def _leads_to(response: Response) -> str | None:
    """Where a successful answer sends the browser. An answer that is a page by itself is not kept."""
    if response.status_code >= 400:
        return None
    return response.headers.get("Location") or response.headers.get("HX-Redirect")


def _parameters() -> bytes:
    digest = hashlib.sha256()
    for name, values in sorted(request.form.lists()):
        if name not in NOT_PARAMETERS:
            digest.update(repr((name, values)).encode())
    for name, files in sorted(request.files.lists()):
        for file in files:
            content = file.stream.read()
            file.stream.seek(0)
            digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    return digest.digest()


def _replay(answered: idempotency.Answered) -> Response:
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": answered.location})
    return Response(status=303, headers={"Location": answered.location})


def init_app(app: Flask) -> None:
    app.jinja_env.globals["new_key"] = ids.new_ref  # for the forms that are only a button

    @app.after_request
    def end_transaction(response: Response) -> Response:
        # The browser's session is saved after this, in a transaction of its own.
        if opened := g.get("session"):
            opened.rollback()
        return response

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        if opened := g.pop("session", None):
            opened.close()
