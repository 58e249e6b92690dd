"""Who is asking, and what they may see."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask import session as browser
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.actor import Actor, visitor
from portal.infra import clock
from portal.services import accounts, browser_sessions, lenders, policies
from portal.vocabulary import Locale, Role
from portal.web.sessions import BrowserSession
from portal.web.transactions import installation

NOBODY_ASKS = frozenset({"static", "public.alive", "public.ready", "public.note_deliveries"})
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Person:
    """The signed-in person, as Flask-Login wants it."""

    actor: Actor
    display_name: str
    locale: Locale
    lender: lenders.Lender

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return browser_sessions.identity(self.actor)


def actor() -> Actor:
    """Who does what this request does."""
    if current_user.is_authenticated:
        return cast(Actor, current_user.actor)
    return visitor(g.lender.id)


def address() -> str:
    """The network address of who asks, for throttles."""
    return request.remote_addr or ""


def cookie() -> BrowserSession:
    """This browser's session, with what only it can do."""
    return cast(BrowserSession, browser._get_current_object())  # type: ignore[attr-defined]


def lender_of_host() -> int | None:
    """The lender whose own host name was asked for: nobody of another one comes in by its door."""
    with installation().reading() as database:
        found = lenders.by_host(database, request.host)
        return found.id if found else None


def sign_in(person: Actor, *, idle_minutes: int, life_hours: int) -> None:
    """Make this browser the person's, under a new session id."""
    own = cookie()
    own.clear()
    own.rotate()
    own["lender_id"] = person.lender_id
    own.limit(idle=timedelta(minutes=idle_minutes), life=timedelta(hours=life_hours))
    login_user(_person(person))


def sign_out() -> None:
    """End the session for good: a copy of its cookie opens nothing any more."""
    logout_user()
    browser.clear()


def only_borrowers() -> AnyResponse | None:
    """The gate of the borrower's pages."""
    if not current_user.is_authenticated:
        return redirect(url_for("public.start"), 303)
    return None if current_user.actor.is_borrower else abort(403)


def only_staff() -> AnyResponse | None:
    """The gate of the staff's pages."""
    if not current_user.is_authenticated:
        return redirect(url_for("public.staff_sign_in", next=request.path), 303)
    return None if current_user.actor.is_staff else abort(403)


def roles(*allowed: Role) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let only these roles in. Every view of the agent portal names its roles."""

    def declare(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            if not current_user.actor.has(*allowed):
                abort(403)
            return view(*args, **kwargs)

        wrapper.roles = frozenset(allowed)  # type: ignore[attr-defined]
        return wrapper

    return declare


def may(endpoint: str) -> bool:
    """Whether the roles that a page or an act of the staff declares are this person's: what somebody may not
    do stands on no page of theirs."""
    view = current_app.view_functions[endpoint]
    return current_user.is_authenticated and bool(current_user.actor.has(*getattr(view, "roles", ())))


def or_404(found: T | None) -> T:
    """Not yours does not exist."""
    return found if found is not None else abort(404)


def _load(identity: str) -> Person | None:
    kind, lender_id, ref = identity.split(":", 2)
    with installation().reading() as database:
        lender = lenders.get(database, int(lender_id))
        lenders.enter(database, lender)
        if kind == "staff":
            staff = accounts.find_staff(database, lender_id=lender.id, ref=ref)
            return Person(accounts.staff_actor(staff), staff.name, staff.locale, lender) if staff else None
        one = accounts.find_borrower(database, lender_id=lender.id, ref=ref)
        return Person(accounts.borrower_actor(one), one.name, one.locale, lender) if one else None


def _person(person: Actor) -> Person:
    return or_404(_load(browser_sessions.identity(person)))


def _find_lender() -> None:
    """The lender of a request comes first: from who is signed in, from the link, from the host."""
    if request.endpoint in NOBODY_ASKS:
        return
    if current_user.is_authenticated:
        use_lender(current_user.lender)
        return
    with installation().reading() as database:
        if lender_id := browser.get("lender_id"):
            use_lender(lenders.get(database, lender_id))
        elif (lender := lenders.by_host(database, request.host)) is not None:
            use_lender(lender)


def use_lender(lender: lenders.Lender) -> None:
    """From here on the request is this lender's: its rows, names, hotline, zone and policy."""
    g.lender = lender
    if "session" in g:
        lenders.enter(g.session, lender)
    g.policy = policies.of(lender, clock.now())
    g.zone = ZoneInfo(g.policy.business.timezone)


def init_app(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # telephones change their address all day
    manager.user_loader(_load)
    app.before_request(_find_lender)
    app.jinja_env.globals["may"] = may
