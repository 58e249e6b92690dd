"""Invitations: how a member of staff comes to a password. By e-mail, for 72 hours, once, the newest only."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Invitation as Invitation
from portal.models import Staff
from portal.services import accounts, audit, lenders, notifications
from portal.services.savepoints import in_savepoint

TOKEN_BYTES = 32
KIND = "invitation"
LIFE = timedelta(hours=72)


@in_savepoint
def send(session: Session, *, staff: Staff, base_url: str, actor: Actor, now: datetime) -> Invitation:
    """Send somebody an invitation; older ones die. Only the hash of its token is stored."""
    revoke(session, staff=staff, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation(
        lender_id=staff.lender_id,
        created_at=now,
        staff_id=staff.id,
        token_hash=crypto.token_hash(token),
        expires_at=now + LIFE,
        actor=str(actor),
    )
    session.add(invitation)
    session.flush()
    digest = crypto.keyring().locator(KIND, token)
    lenders.remember_locator(session, kind=KIND, digest=digest, lender_id=staff.lender_id)
    notifications.notify_staff(
        session,
        staff=staff,
        template="invitation",
        now=now,
        url=f"{base_url}/invitations/{token}",
        hours=int(LIFE.total_seconds() // 3600),
    )
    audit.record(session, actor=actor, action="staff_invited", subject=staff, now=now)
    return invitation


def find(session: Session, *, token: str) -> Invitation | None:
    """Return the invitation with this token, open or closed. Changes nothing."""
    lender_id = lenders.enter_located(session, kind=KIND, digest=crypto.keyring().locator(KIND, token))
    if lender_id is None:
        return None
    query = select(Invitation).where(
        Invitation.lender_id == lender_id, Invitation.token_hash == crypto.token_hash(token)
    )
    return session.scalar(query)


def resume(session: Session, *, lender_id: int | None, ref: str | None) -> Invitation | None:
    """Return the invitation a browser came by, open or closed."""
    query = select(Invitation).where(Invitation.lender_id == lender_id, Invitation.ref == ref)
    return session.scalar(query) if ref and lender_id else None


def is_open(session: Session, *, invitation: Invitation, now: datetime) -> bool:
    """Whether an invitation still leads on: not expired, used or replaced, and its account not disabled."""
    alive = invitation.used_at is None and invitation.revoked_at is None and invitation.expires_at > now
    return alive and invited(session, invitation=invitation).disabled_at is None


def invited(session: Session, *, invitation: Invitation) -> Staff:
    return session.get_one(Staff, invitation.staff_id)


@in_savepoint
def take_up(session: Session, *, invitation: Invitation, password: str, now: datetime) -> Staff:
    """Give the invited person the password they chose. Refused: it is too weak, or the invitation closed."""
    session.refresh(invitation, with_for_update=True)
    if not is_open(session, invitation=invitation, now=now):
        raise Refused("invitation_closed")
    staff = invited(session, invitation=invitation)
    accounts.set_password(session, staff=staff, password=password)
    invitation.used_at = now
    actor = accounts.staff_actor(staff)
    audit.record(session, actor=actor, action="invitation_taken_up", subject=staff, now=now)
    return staff


def revoke(session: Session, *, staff: Staff, now: datetime) -> None:
    """Let every invitation of a person that is still alive die."""
    alive = select(Invitation).where(
        Invitation.lender_id == staff.lender_id,
        Invitation.staff_id == staff.id,
        Invitation.used_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    for each in session.scalars(alive.with_for_update()):
        each.revoked_at = now
