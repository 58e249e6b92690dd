"""What has served its time: spent codes, ended invitations, windows of counted tries, kept answers.

Nothing of it is evidence: what happened stands in the audit log, and a code that a signature names stays."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists
from sqlalchemy.orm import Session

from portal.models import CodeChallenge, Invitation, Signature, Throttle
from portal.services import idempotency

WINDOWS_KEPT = timedelta(days=61)  # the longest lasts 30 days, and the one before it may still be asked for
CODES_KEPT = timedelta(days=1)
INVITATIONS_KEPT = timedelta(
    days=30
)  # for so long its page tells that it has ended, and not that it never was


@dataclass(frozen=True)
class OfInstallation:
    """How many rows went that belong to no lender."""

    answers: int
    throttle_windows: int


@dataclass(frozen=True)
class OfLender:
    """How many rows of a lender went."""

    codes: int
    invitations: int


def remove_of_installation(session: Session, *, now: datetime) -> OfInstallation:
    """Delete the answers and windows that nobody asks for any more."""
    windows = delete(Throttle).where(Throttle.window_start <= now - WINDOWS_KEPT)
    return OfInstallation(
        answers=idempotency.remove_old(session, now=now),
        throttle_windows=len(session.scalars(windows.returning(Throttle.digest)).all()),
    )


def remove_of_lender(session: Session, *, lender_id: int, now: datetime) -> OfLender:
    """Delete a lender's codes and invitations that are over, used or not."""
    signed = exists().where(Signature.lender_id == lender_id, Signature.challenge_id == CodeChallenge.id)
    codes = delete(CodeChallenge).where(
        CodeChallenge.lender_id == lender_id, CodeChallenge.expires_at <= now - CODES_KEPT, ~signed
    )
    invitations = delete(Invitation).where(
        Invitation.lender_id == lender_id, Invitation.expires_at <= now - INVITATIONS_KEPT
    )
    return OfLender(
        codes=len(session.scalars(codes.returning(CodeChallenge.id)).all()),
        invitations=len(session.scalars(invitations.returning(Invitation.id)).all()),
    )
