"""An authenticator in a test's hand: enrolled for somebody, it shows its codes."""

from datetime import datetime, timedelta

import pyotp
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.infra import clock
from portal.models import Staff
from portal.services import authenticators
from tests.client import StrictClient
from tests.conftest import NOW
from tests.factories import PASSWORD

SECRET = "GOODTERMSGOODTERMSGOODTERMSGOODT"


def give(session: Session, person: Staff, *, now: datetime = NOW) -> Staff:
    """Let somebody have an authenticator."""
    actor = system(person.lender_id, "test")
    authenticators.enrol(session, staff=person, secret=SECRET, actor=actor, now=now)
    return person


def code(*, steps: int = 0, secret: str = SECRET) -> str:
    """What it shows now, or some steps of 30 seconds before or after."""
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * steps))


def another_code() -> str:
    """Six digits that it does not show about now."""
    shown = {code(steps=steps) for steps in range(-3, 4)}
    return next(wrong for wrong in ("000000", "000001", "000002", "000003") if wrong not in shown)


def enter(client: StrictClient, person: Staff, *, url: str = "/agent/sign-in") -> None:
    """Sign in with both steps; the client ends signed in."""
    client.get(url)
    answer = client.post(url, {"email": person.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/agent/sign-in/code", answer.text
    client.follow(answer)
    answer = client.post("/agent/sign-in/code", {"code": code()})
    assert answer.status_code == 303, answer.text
