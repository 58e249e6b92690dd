"""Personal links: made, sent, opened, and what stands between a link and the borrower's pages.

Opening a link proves nothing. The last four characters of the ID number say who is there (right party before
any debt detail); the code that follows, sent to a channel on file, proves it."""

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, visitor
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Borrower
from portal.models import PersonalLink as PersonalLink
from portal.services import accounts, audit, cases, codes, lenders, notifications, policies, throttles
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Channel, CodePurpose

TOKEN_BYTES = 32
LAST = 4
KIND = "link"
REQUESTS = throttles.Limit(name="link-requests", most=3, minutes=24 * 60)


@in_savepoint
def create(
    session: Session, *, borrower: Borrower, channel: Channel, actor: Actor, now: datetime
) -> tuple[PersonalLink, str]:
    """Make a link that will go out by a channel; older ones die. Only the token's hash is stored."""
    for older in session.scalars(_alive(borrower)):
        older.revoked_at = now
    token = secrets.token_urlsafe(TOKEN_BYTES)
    life = policies.of(lenders.get(session, borrower.lender_id), now).link.life_hours
    link = PersonalLink(
        lender_id=borrower.lender_id,
        created_at=now,
        borrower_id=borrower.id,
        token_hash=crypto.token_hash(token),
        channel=channel,
        expires_at=now + timedelta(hours=life),
        uses=0,
        failed_tries=0,
    )
    session.add(link)
    session.flush()
    digest = crypto.keyring().locator(KIND, token)
    lenders.remember_locator(session, kind=KIND, digest=digest, lender_id=link.lender_id)
    _record(session, "link_created", link=link, actor=actor, now=now, channel=channel)
    return link, token


@in_savepoint
def send(
    session: Session,
    *,
    borrower: Borrower,
    base_url: str,
    actor: Actor,
    now: datetime,
    channel: Channel | None = None,
) -> PersonalLink:
    """Send a new link by a channel on file, SMS first. Refused: there is no such address."""
    wanted = (channel,) if channel else (Channel.SMS, Channel.EMAIL)
    by = next((c for c in wanted if notifications.address_of(session, borrower=borrower, channel=c)), None)
    if by is None:
        raise Refused("no_address_on_file")
    link, token = create(session, borrower=borrower, channel=by, actor=actor, now=now)
    notifications.notify(
        session,
        borrower=borrower,
        template="personal_link",
        channel=by,
        now=now,
        asked_just_now=actor.is_borrower,
        url=f"{base_url}/l/{token}",
        hours=int((link.expires_at - now).total_seconds() // 3600),
    )
    return link


def find(session: Session, *, token: str) -> PersonalLink | None:
    """Return the link with this token, open or closed. Changes nothing."""
    lender_id = lenders.enter_located(session, kind=KIND, digest=crypto.keyring().locator(KIND, token))
    if lender_id is None:
        return None
    query = select(PersonalLink).where(
        PersonalLink.lender_id == lender_id, PersonalLink.token_hash == crypto.token_hash(token)
    )
    return session.scalar(query)


def resume(session: Session, *, lender_id: int | None, ref: str | None) -> PersonalLink | None:
    """Return the link a browser came by, open or closed."""
    query = select(PersonalLink).where(PersonalLink.lender_id == lender_id, PersonalLink.ref == ref)
    return session.scalar(query) if ref else None


def is_open(session: Session, *, link: PersonalLink, now: datetime) -> bool:
    """Whether a link still leads on: not expired, not replaced, not tried too often."""
    most = policies.of(lenders.get(session, link.lender_id), now).link.max_tries
    return link.revoked_at is None and link.expires_at > now and link.failed_tries < most


@in_savepoint
def open_link(session: Session, *, link: PersonalLink, now: datetime) -> None:
    """Count that somebody went on from a link's neutral page. Refused: the link is closed."""
    _check_open(session, link, now)
    link.uses += 1
    _record(session, "link_opened", link=link, actor=visitor(link.lender_id), now=now)


@in_savepoint
def identify(session: Session, *, link: PersonalLink, last_four: str, browser: bytes, now: datetime) -> bool:
    """Compare the last four of the ID number and send a code if they fit. Refused: the link is closed.

    Returns whether they fit: to be kept, never shown. Both answers do the same work. A wrong one is a try."""
    _check_open(session, link, now)
    on_file = plain(_borrower(session, link).id_no)[-LAST:]
    fits = crypto.same(on_file, plain(last_four)) and len(on_file) == LAST
    if not fits:
        link.failed_tries += 1
    _send_code(session, link=link, browser=browser, identified=fits, now=now)
    return fits


@in_savepoint
def send_code(
    session: Session, *, link: PersonalLink, browser: bytes, identified: bool, now: datetime
) -> None:
    """Send another code to a browser; to one that is not identified only in appearance.

    Refused: the link is closed."""
    _check_open(session, link, now)
    _send_code(session, link=link, browser=browser, identified=identified, now=now)


def enter(session: Session, *, link: PersonalLink, browser: bytes, code: str, now: datetime) -> Actor:
    """Return who it is. Refused: the link is closed, or the code is wrong (which the caller commits)."""
    _check_open(session, link, now)
    borrower = _borrower(session, link)
    codes.use(
        session,
        person=borrower,
        purpose=CodePurpose.ENTRY,
        subject=link.ref,
        browser=browser,
        code=plain(code),
        now=now,
    )
    actor = accounts.borrower_actor(borrower)
    _record(session, "borrower_signed_in", link=link, actor=actor, now=now)
    return actor


def request_new(session: Session, *, link: PersonalLink, base_url: str, now: datetime) -> None:
    """Send a new link to where the old one went. The answer is the same when nothing could be sent."""
    borrower, actor = _borrower(session, link), visitor(link.lender_id)
    try:
        throttles.count(session, limit=REQUESTS, subject=borrower.ref, now=now)
        send(session, borrower=borrower, channel=link.channel, base_url=base_url, actor=actor, now=now)
    except Refused as refusal:
        _record(session, "link_withheld", link=link, actor=actor, now=now, reason=refusal.code)


def plain(text: str) -> str:
    """Return letters and digits as they are compared: no spaces or brackets, upper case, x as X."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text))).upper()


def _send_code(
    session: Session, *, link: PersonalLink, browser: bytes, identified: bool, now: datetime
) -> None:
    """Send a code, by another channel than the link's whenever there is one.

    Who is not identified gets none: the same work is done and taken back, so that the answers cannot be told
    apart. Nor does who was sent too many, for which a sentence of its own would tell as much."""
    sent = False
    with session.begin_nested() as attempt:
        try:
            sent = _challenge(session, link, browser, now) is not None
        except Refused:
            sent = False
        if not identified:
            attempt.rollback()
    action = "code_sent" if sent and identified else "code_withheld"
    _record(session, action, link=link, actor=visitor(link.lender_id), now=now, tries=link.failed_tries)


def _challenge(session: Session, link: PersonalLink, browser: bytes, now: datetime) -> object:
    return codes.send(
        session,
        borrower=_borrower(session, link),
        purpose=CodePurpose.ENTRY,
        subject=link.ref,
        browser=browser,
        avoid=link.channel,
        now=now,
    )


def _check_open(session: Session, link: PersonalLink, now: datetime) -> None:
    session.refresh(link, with_for_update=True)
    if not is_open(session, link=link, now=now):
        raise Refused("link_closed")


def _alive(borrower: Borrower) -> Select[PersonalLink]:
    return select(PersonalLink).where(
        PersonalLink.lender_id == borrower.lender_id,
        PersonalLink.borrower_id == borrower.id,
        PersonalLink.revoked_at.is_(None),
    )


def _borrower(session: Session, link: PersonalLink) -> Borrower:
    return session.get_one(Borrower, link.borrower_id)


def _record(
    session: Session, action: str, *, link: PersonalLink, actor: Actor, now: datetime, **facts: str | int
) -> None:
    owner = accounts.borrower_actor(_borrower(session, link))
    case = cases.open_case_of(session, borrower=owner, now=now)
    audit.record(session, actor=actor, action=action, subject=link, case=case, now=now, **facts)
