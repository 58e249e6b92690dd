"""One-time codes: six digits, sent to a channel on file, bound to the browser that asked."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Borrower, CodeChallenge
from portal.services import notifications, throttles
from portal.vocabulary import Channel, CodePurpose

DIGITS = 6
LIFE = timedelta(minutes=10)
MOST_TRIES = 5
SENDS = (
    throttles.Limit(name="code-sends", most=3, minutes=15),
    throttles.Limit(name="code-sends-a-day", most=10, minutes=24 * 60),
)


def send(
    session: Session,
    *,
    borrower: Borrower,
    purpose: CodePurpose,
    subject: str,
    browser: bytes,
    avoid: Channel | None = None,
    now: datetime,
) -> CodeChallenge | None:
    """Send a fresh code; older ones of this purpose die. None: no channel on file.

    `avoid` is the channel the link came by: the code takes the other one whenever there is one. Refused: too
    many codes were sent."""
    for limit in SENDS:
        throttles.count(session, limit=limit, subject=borrower.ref, now=now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    channel = _channel(session, borrower, avoid)
    if channel is None:
        return None
    for older in session.scalars(_alive(borrower, purpose, now)):
        older.expires_at = now
    challenge = CodeChallenge(
        lender_id=borrower.lender_id,
        created_at=now,
        borrower_id=borrower.id,
        purpose=purpose,
        subject=subject,
        browser=browser,
        code_hash=b"",
        channel=channel,
        expires_at=now + LIFE,
        failed_tries=0,
    )
    challenge.code_hash = _hash(challenge, code)
    session.add(challenge)
    notifications.notify(
        session, borrower=borrower, template=f"code_{purpose}", channel=channel, now=now, code=code
    )
    return challenge


def use(
    session: Session,
    *,
    borrower: Borrower,
    purpose: CodePurpose,
    subject: str,
    browser: bytes,
    code: str,
    now: datetime,
) -> CodeChallenge:
    """Accept a code once. Refused: wrong, too old, used, tried too often, or from another browser.

    A wrong try is counted on the challenge: the caller commits although it refuses."""
    challenge = session.scalars(_alive(borrower, purpose, now).order_by(CodeChallenge.id.desc())).first()
    fits = (
        challenge is not None
        and challenge.subject == subject
        and crypto.same(challenge.browser, browser)
        and crypto.same(challenge.code_hash, _hash(challenge, code))
    )
    if challenge is None or challenge.failed_tries >= MOST_TRIES or not fits:
        if challenge is not None:
            challenge.failed_tries += 1
            session.flush()
        raise Refused("code_wrong")
    challenge.used_at = now
    session.flush()
    return challenge


def _alive(borrower: Borrower, purpose: CodePurpose, now: datetime) -> Select[CodeChallenge]:
    return select(CodeChallenge).where(
        CodeChallenge.lender_id == borrower.lender_id,
        CodeChallenge.borrower_id == borrower.id,
        CodeChallenge.purpose == purpose,
        CodeChallenge.used_at.is_(None),
        CodeChallenge.expires_at > now,
    )


def _channel(session: Session, borrower: Borrower, avoid: Channel | None) -> Channel | None:
    on_file = [
        channel
        for channel in (Channel.SMS, Channel.EMAIL)
        if notifications.address_of(session, borrower=borrower, channel=channel)
    ]
    other = [channel for channel in on_file if channel is not avoid]
    return next(iter(other or on_file), None)


def _hash(challenge: CodeChallenge, code: str) -> bytes:
    return crypto.token_hash(f"{challenge.ref}|{code.strip()}")
