"""Staff accounts: adding, signing in, telling who someone is."""

from datetime import date, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, ActorKind, system
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Borrower, Lender, Staff, StaffRole, Training
from portal.services import audit, lenders, throttles
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Locale, Role

LEAST_PASSWORD = 12
TRIES = throttles.Limit(name="staff-sign-in", most=10, minutes=15)
_hasher = PasswordHasher()
# Checked when no account has the address, so that both answers take the same time.
_DUMMY_HASH = _hasher.hash("there is no such account")


@in_savepoint
def add_staff(
    session: Session,
    *,
    lender: Lender,
    number: str,
    name: str,
    email: str,
    password: str,
    roles: set[Role],
    locale: Locale,
    manager: Staff | None = None,
    now: datetime,
) -> Staff:
    """Add a member of staff. Refused: the password is too short, or the address is taken."""
    if len(password) < LEAST_PASSWORD:
        raise Refused("password_too_short", least=LEAST_PASSWORD)
    digest = _email_digest(email)
    if lenders.locate(session, kind="staff-email", digest=digest):
        raise Refused("email_taken")
    staff = Staff(
        lender_id=lender.id,
        created_at=now,
        number=number,
        locale=locale,
        name=name,
        email=email,
        email_index=digest,
        password_hash=_hasher.hash(password),
        manager_id=manager.id if manager else None,
    )
    session.add(staff)
    session.flush()
    lenders.remember_locator(session, kind="staff-email", digest=digest, lender_id=lender.id)
    session.add_all(
        StaffRole(lender_id=lender.id, created_at=now, staff_id=staff.id, role=role) for role in sorted(roles)
    )
    audit.record(session, actor=system(lender.id, "set-up"), action="staff_added", subject=staff, now=now)
    return staff


def sign_in(session: Session, *, email: str, password: str, now: datetime) -> Actor:
    """Return who it is. Refused: wrong address or password (never which), or too many tries."""
    digest = _email_digest(email)
    throttles.count(session, limit=TRIES, subject=digest.hex(), now=now)
    lender_id = lenders.enter_located(session, kind="staff-email", digest=digest)
    query = select(Staff).where(Staff.lender_id == lender_id, Staff.email_index == digest)
    staff = session.scalar(query) if lender_id else None
    if not _password_fits(staff, password) or staff is None or staff.disabled_at:
        raise Refused("sign_in_wrong")
    actor = staff_actor(staff)
    audit.record(session, actor=actor, action="staff_signed_in", subject=staff, now=now)
    return actor


def staff_actor(staff: Staff) -> Actor:
    roles = frozenset(role.role for role in staff.roles)
    return Actor(kind=ActorKind.STAFF, lender_id=staff.lender_id, ref=staff.ref, id=staff.id, roles=roles)


def borrower_actor(borrower: Borrower) -> Actor:
    return Actor(kind=ActorKind.BORROWER, lender_id=borrower.lender_id, ref=borrower.ref, id=borrower.id)


def find_staff(session: Session, *, lender_id: int, ref: str) -> Staff | None:
    """Return a member of staff who may still sign in."""
    query = select(Staff).where(Staff.lender_id == lender_id, Staff.ref == ref, Staff.disabled_at.is_(None))
    return session.scalar(query)


def find_borrower(session: Session, *, lender_id: int, ref: str) -> Borrower | None:
    return session.scalar(select(Borrower).where(Borrower.lender_id == lender_id, Borrower.ref == ref))


@in_savepoint
def add_training(session: Session, *, staff: Staff, module: str, passed_on: date, now: datetime) -> None:
    """Record that a member of staff passed a training module."""
    training = Training(
        lender_id=staff.lender_id, created_at=now, staff_id=staff.id, module=module, passed_on=passed_on
    )
    session.add(training)
    actor = system(staff.lender_id, "set-up")
    audit.record(session, actor=actor, action="training_recorded", subject=training, now=now, module=module)


def _password_fits(staff: Staff | None, password: str) -> bool:
    try:
        return _hasher.verify(staff.password_hash if staff else _DUMMY_HASH, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _email_digest(email: str) -> bytes:
    return crypto.keyring().locator("staff-email", email.strip().casefold())
