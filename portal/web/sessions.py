"""Browser sessions, kept in the database. The cookie holds a random id, the database its hash."""

import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response
from flask import request as flask_request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from portal.infra import clock
from portal.services import browser_sessions
from portal.web import devices

COOKIE = "portal_session"
NO_SESSION = (
    "/static/",
    "/healthz",
    "/readyz",
    "/delivery-reports/",
)  # answered without a look into the database for who is asking
TOUCH_AFTER = timedelta(minutes=1)  # a page view does not write more often than this
ANONYMOUS_LIFE = timedelta(hours=4)


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """What a browser's session remembers. `rotate()` gives it a new id, `lasts` limits it once signed in."""

    def __init__(self, token: str | None = None, stored: browser_sessions.Stored | None = None) -> None:
        super().__init__(stored.data if stored else None, _mark_modified)
        self.token = token
        self.stored = stored
        self.modified = False
        self.accessed = True
        self.rotated = False

    @property
    def digest(self) -> bytes:
        """The hash that names this browser: what a one-time code is bound to."""
        if self.token is None:
            self.token = secrets.token_urlsafe(32)
            self.modified = True
        return browser_sessions.digest(self.token)

    def rotate(self) -> None:
        self.rotated = self.modified = True

    def limit(self, *, idle: timedelta, life: timedelta) -> None:
        """Set how long a signed-in session lives without use, and at the most."""
        self["idle_seconds"] = int(idle.total_seconds())
        self["ends_at"] = (clock.now() + life).isoformat()


def _mark_modified(session: CallbackDict[str, Any]) -> None:
    session.modified = True  # type: ignore[attr-defined]


class DatabaseSessions(SessionInterface):
    """Loads and saves sessions in transactions of their own, apart from the request's."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        token = request.cookies.get(COOKIE)
        if not token or request.path.startswith(NO_SESSION):
            return BrowserSession()
        with app.extensions["installation"].reading() as database:
            stored = browser_sessions.load(database, token=token, now=clock.now())
        return BrowserSession(token, stored) if stored else BrowserSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, BrowserSession)
        if not session and not session.stored:
            return
        if not session:
            self._forget(app, session, response)
        elif session.modified or self._touch_due(session):
            self._store(app, session, response)

    def _touch_due(self, session: BrowserSession) -> bool:
        return session.stored is not None and clock.now() - session.stored.seen_at > TOUCH_AFTER

    def _forget(self, app: Flask, session: BrowserSession, response: Response) -> None:
        with app.extensions["installation"].writing.begin() as database:
            browser_sessions.end(database, token=session.token or "")
        response.delete_cookie(COOKIE)

    def _store(self, app: Flask, session: BrowserSession, response: Response) -> None:
        old = session.token if session.stored else None
        token = secrets.token_urlsafe(32) if session.rotated or not session.token else session.token
        device = devices.words(flask_request.user_agent.string) if token != old else None
        with app.extensions["installation"].writing.begin() as database:
            saved = browser_sessions.save(
                database,
                token=token,
                replaces=old,
                data=dict(session),
                life=ANONYMOUS_LIFE,
                device=device,
                now=clock.now(),
            )
        if not saved:
            response.delete_cookie(COOKIE)
            return
        response.set_cookie(
            COOKIE, token, httponly=True, samesite="Lax", secure=app.config["SESSION_COOKIE_SECURE"]
        )
        response.vary.add("Cookie")
