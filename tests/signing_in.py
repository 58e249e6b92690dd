"""Entering as somebody, without walking through the entry pages each time."""

import secrets
from datetime import timedelta

from portal.infra import clock
from portal.models import Borrower, Staff
from portal.services import browser_sessions
from portal.web.sessions import COOKIE
from tests.client import StrictClient


def sign_in_borrower(client: StrictClient, borrower: Borrower) -> None:
    _enter(client, f"borrower:{borrower.lender_id}:{borrower.ref}", borrower.lender_id)


def sign_in_staff(client: StrictClient, staff: Staff) -> None:
    _enter(client, f"staff:{staff.lender_id}:{staff.ref}", staff.lender_id)


def _enter(client: StrictClient, identity: str, lender_id: int) -> None:
    now = clock.now()
    token = secrets.token_urlsafe(32)
    data = {
        "_user_id": identity,
        "_fresh": True,
        "lender_id": lender_id,
        "idle_seconds": 365 * 24 * 3600,
        "ends_at": (now + timedelta(days=365)).isoformat(),
    }
    if client.session is not None:
        client.session.commit()
    with client.app.extensions["installation"].writing.begin() as database:
        browser_sessions.save(
            database, token=token, replaces=None, data=data, life=timedelta(days=365), now=now
        )
    client.http.set_cookie(COOKIE, token)
