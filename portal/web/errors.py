"""Pages for what went wrong: what happened, and what to do instead."""

from flask import Flask, Response, current_app, g, make_response, render_template
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from structlog import get_logger
from werkzeug.exceptions import HTTPException, SecurityError

from portal.domain.refusals import Refused
from portal.formats import HTML_NAMES
from portal.web import locale, words
from portal.web.transactions import session

log = get_logger()
# A refusal that is not named here is a 409.
STATUSES = {"too_many_tries": 429, "too_many_reveals": 429, "files_out_of_reach": 503}
PAGES = (400, 401, 403, 404, 405, 409, 413, 429, 500, 503)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(Exception, _unexpected)


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):  # a forged host: no page of ours, which would name it in its links
        return Response("Unknown host\n", 400, mimetype="text/plain")
    if isinstance(getattr(error, "original_exception", None), OperationalError):
        return _unavailable()
    return _page(error.code if error.code in PAGES else 500 if (error.code or 500) >= 500 else 400)


def _csrf_error(_error: CSRFError) -> Response:
    return _page(400, expired=True)


def _stale(_error: StaleDataError) -> Response:
    session.rollback()
    return _page(409)


def _refused(refusal: Refused) -> Response:
    """A refusal that no form could show beside a field."""
    session.rollback()
    return _page(STATUSES.get(refusal.code, 409), sentence=words.refusal(refusal))


def _no_database(error: OperationalError) -> Response:
    log.exception("database_error", error=type(error.orig).__name__)
    return _unavailable()


def _unavailable() -> Response:
    """A page that asks the database nothing: not who is signed in, not whose lender it is."""
    g.locale = locale.of_browser()
    g.pop("catalogue", None)
    g._login_user = AnonymousUserMixin()
    template = current_app.jinja_env.get_template("errors/unavailable.html")
    text = template.render(html_lang=HTML_NAMES[g.locale], theme=locale.current_theme())
    return Response(text, 503, headers={"Retry-After": "30"}, mimetype="text/html")


def _unexpected(error: Exception) -> Response:
    session.rollback()
    log.exception("unexpected_error", error=type(error).__name__)
    return _page(500)


def _page(status: int, **context: object) -> Response:
    return make_response(render_template(f"errors/{status}.html", **context), status)
