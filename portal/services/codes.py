"""One-time codes: six digits, bound to the browser that asked. Borrowers get theirs on a channel on file,
staff by e-mail."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Borrower, CodeChallenge, Staff
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
    _count(session, borrower, now)
    channel = _channel(session, borrower, avoid)
    if channel is None:
        return None
    challenge, code = _challenge(
        session, borrower, purpose=purpose, subject=subject, browser=browser, channel=channel, now=now
    )
    notifications.notify(
        session,
        borrower=borrower,
        template=f"code_{purpose}",
        channel=channel,
        now=now,
        asked_just_now=True,
        code=code,
    )
    return challenge


def send_to_staff(
    session: Session, *, staff: Staff, purpose: CodePurpose, subject: str, browser: bytes, now: datetime
) -> CodeChallenge:
    """Send a fresh code to a member of staff by e-mail. Refused: too many codes were sent."""
    _count(session, staff, now)
    challenge, code = _challenge(
        session, staff, purpose=purpose, subject=subject, browser=browser, channel=Channel.EMAIL, now=now
    )
    notifications.notify_staff(session, staff=staff, template=f"code_{purpose}", now=now, code=code)
    return challenge


def waiting(
    session: Session,
    *,
    person: Borrower | Staff,
    purpose: CodePurpose,
    subject: str,
    browser: bytes,
    now: datetime,
) -> CodeChallenge | None:
    """Return the code this browser may enter now, if one was sent and is not spent."""
    challenge = _newest(session, person, purpose, now)
    if challenge is None or challenge.failed_tries >= MOST_TRIES or challenge.subject != subject:
        return None
    return challenge if crypto.same(challenge.browser, browser) else None


def use(
    session: Session,
    *,
    person: Borrower | Staff,
    purpose: CodePurpose,
    subject: str,
    browser: bytes,
    code: str,
    now: datetime,
) -> CodeChallenge:
    """Accept a code once. Refused: wrong, too old, used, tried too often, or from another browser.

    A wrong try of the browser that asked for the code is counted on it: the caller commits although it
    refuses. What another browser tries counts nothing, as it could never be right: nobody spends a code for
    somebody else."""
    challenge = _newest(session, person, purpose, now)
    if challenge is None or not crypto.same(challenge.browser, browser):
        raise Refused("code_wrong")
    fits = challenge.subject == subject and crypto.same(challenge.code_hash, _hash(challenge, code))
    if challenge.failed_tries >= MOST_TRIES or not fits:
        challenge.failed_tries += 1
        session.flush()
        raise Refused("code_wrong")
    challenge.used_at = now
    session.flush()
    return challenge


def _count(session: Session, person: Borrower | Staff, now: datetime) -> None:
    for limit in SENDS:
        throttles.count(session, limit=limit, subject=person.ref, now=now)


def _challenge(
    session: Session,
    person: Borrower | Staff,
    *,
    purpose: CodePurpose,
    subject: str,
    browser: bytes,
    channel: Channel,
    now: datetime,
) -> tuple[CodeChallenge, str]:
    """Make a fresh code and let the older ones of its purpose die."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    for older in session.scalars(_alive(person, purpose, now)):
        older.expires_at = now
    challenge = CodeChallenge(
        lender_id=person.lender_id,
        created_at=now,
        borrower_id=person.id if isinstance(person, Borrower) else None,
        staff_id=person.id if isinstance(person, Staff) else None,
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
    return challenge, code


def _newest(
    session: Session, person: Borrower | Staff, purpose: CodePurpose, now: datetime
) -> CodeChallenge | None:
    return session.scalars(_alive(person, purpose, now).order_by(CodeChallenge.id.desc())).first()


def _alive(person: Borrower | Staff, purpose: CodePurpose, now: datetime) -> Select[CodeChallenge]:
    owner = CodeChallenge.borrower_id if isinstance(person, Borrower) else CodeChallenge.staff_id
    return select(CodeChallenge).where(
        CodeChallenge.lender_id == person.lender_id,
        owner == person.id,
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
