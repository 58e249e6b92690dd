"""Staff accounts: adding, signing in with a password and a second step, telling who someone is."""

import hashlib
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from portal.domain.actor import Actor, ActorKind, system, visitor
from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import Borrower, Lender, Staff, StaffRole, Training
from portal.services import audit, lenders, passwords, throttles
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Locale, Role

# Counted for an account together with the address that tries: nobody locks an account for anybody else.
TRIES = throttles.Limit(name="staff-sign-in", most=10, minutes=15)
TRIES_OF_ADDRESS = throttles.Limit(name="staff-sign-in-address", most=300, minutes=15)
UNSEEN = {"synchronize_session": False}  # who changes rows this way reads objects in memory afresh


@in_savepoint
def add_staff(
    session: Session,
    *,
    lender: Lender,
    number: str,
    name: str,
    email: str,
    password: str | None,
    roles: set[Role],
    locale: Locale,
    manager: Staff | None = None,
    actor: Actor | None = None,
    now: datetime,
) -> Staff:
    """Add a member of staff, who chooses a password by invitation when none is given.

    Refused: the password is too weak, or the address or the number is taken."""
    if password is not None:
        passwords.check(password, about=words_about(lender, name=name, email=email))
    digest = email_digest(email)
    if lenders.locate(session, kind="staff-email", digest=digest):
        raise Refused("email_taken")
    if session.scalar(select(Staff.id).where(Staff.lender_id == lender.id, Staff.number == number)):
        raise Refused("staff_number_taken")
    staff = Staff(
        lender_id=lender.id,
        created_at=now,
        number=number,
        locale=locale,
        name=name,
        email=email,
        email_index=digest,
        password_hash=passwords.hashed(password) if password is not None else None,
        manager_id=manager.id if manager else None,
    )
    session.add(staff)
    session.flush()
    lenders.remember_locator(session, kind="staff-email", digest=digest, lender_id=lender.id)
    session.add_all(
        StaffRole(lender_id=lender.id, created_at=now, staff_id=staff.id, role=role) for role in sorted(roles)
    )
    by = actor or system(lender.id, "set-up")
    audit.record(
        session, actor=by, action="staff_added", subject=staff, now=now, roles=", ".join(sorted(roles))
    )
    return staff


def check_password(
    session: Session, *, email: str, password: str, address: str, lender_id: int | None = None, now: datetime
) -> Staff:
    """Return whose address and password these are; the second step is still to come.

    `address` is the network address that tries, `lender_id` the lender whose door it is, if it is known.
    Refused: they do not fit (never which), the account is at another lender, disabled or not taken up, or
    there were too many tries. The caller commits although it refuses."""
    digest = email_digest(email)
    throttles.count(session, limit=TRIES_OF_ADDRESS, subject=address, now=now)
    throttles.count(session, limit=TRIES, subject=f"{digest.hex()}|{address}", now=now)
    staff = _find_by_email(session, digest, lender_id)
    fits = passwords.fits(staff.password_hash if staff else None, password)
    if staff is None or not fits or staff.disabled_at:
        if staff is not None:
            refuse_sign_in(session, staff=staff, step="password", now=now)
        raise Refused("sign_in_wrong")
    if staff.password_hash and passwords.is_outdated(staff.password_hash):
        set_quietly(session, staff, password_hash=passwords.hashed(password))
    return staff


def enter(session: Session, *, staff: Staff, step: str, now: datetime) -> Actor:
    """Note that somebody signed in with both steps (`step` names the second), and return who it is."""
    set_quietly(session, staff, signed_in_at=now)
    actor = staff_actor(staff)
    audit.record(session, actor=actor, action="staff_signed_in", subject=staff, now=now, step=step)
    return actor


def refuse_sign_in(session: Session, *, staff: Staff, step: str, now: datetime) -> None:
    """Note that somebody tried an account in vain: `step` is password, code or recovery_code."""
    actor = visitor(staff.lender_id)
    audit.record(session, actor=actor, action="sign_in_refused", subject=staff, now=now, step=step)


def confirm_password(session: Session, *, staff: Staff, password: str, address: str, now: datetime) -> None:
    """Check that somebody who is signed in knows their password. Refused: it is wrong, or too many tries.

    The caller commits although it refuses."""
    throttles.count(session, limit=TRIES, subject=f"{staff.email_index.hex()}|{address}", now=now)
    if not passwords.fits(staff.password_hash, password):
        refuse_sign_in(session, staff=staff, step="password", now=now)
        raise Refused("password_wrong")


def change_password(session: Session, *, staff: Staff, password: str, actor: Actor, now: datetime) -> None:
    """Let somebody who confirmed the old password choose another. Refused: it is too weak."""
    set_password(session, staff=staff, password=password)
    audit.record(session, actor=actor, action="password_changed", subject=staff, now=now)


def set_password(session: Session, *, staff: Staff, password: str) -> None:
    """Give an account a password. Refused: it is too weak."""
    lender = lenders.get(session, staff.lender_id)
    passwords.check(password, about=words_about(lender, name=staff.name, email=staff.email))
    set_quietly(session, staff, password_hash=passwords.hashed(password))


def words_about(lender: Lender, *, name: str, email: str) -> list[str]:
    """What somebody would try first for a person's password."""
    return [name, email, lender.code, *lender.names.values()]


def password_mark(staff: Staff) -> str:
    """Return what changes whenever the password does: a sign-in that was begun before ends with it."""
    return hashlib.sha256((staff.password_hash or "").encode()).hexdigest()


def set_quietly(session: Session, staff: Staff, **values: object) -> None:
    """Change what nobody edits: signing in must not make an open form of somebody else stale."""
    own = update(Staff).where(Staff.lender_id == staff.lender_id, Staff.id == staff.id).values(**values)
    session.execute(own, execution_options=UNSEEN)
    session.refresh(staff)


def staff_actor(staff: Staff) -> Actor:
    roles = frozenset(role.role for role in staff.roles)
    return Actor(kind=ActorKind.STAFF, lender_id=staff.lender_id, ref=staff.ref, id=staff.id, roles=roles)


def borrower_actor(borrower: Borrower) -> Actor:
    return Actor(kind=ActorKind.BORROWER, lender_id=borrower.lender_id, ref=borrower.ref, id=borrower.id)


def find_staff(session: Session, *, lender_id: int, ref: str) -> Staff | None:
    """Return a member of staff who may still sign in: not disabled, and not invited anew."""
    query = select(Staff).where(
        Staff.lender_id == lender_id,
        Staff.ref == ref,
        Staff.disabled_at.is_(None),
        Staff.password_hash.is_not(None),
    )
    return session.scalars(query.options(joinedload(Staff.roles))).unique().one_or_none()


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


def find_by_email(session: Session, *, email: str) -> Staff | None:
    """Enter the lender of an address and return whose it is."""
    return _find_by_email(session, email_digest(email), None)


def _find_by_email(session: Session, digest: bytes, lender_id: int | None) -> Staff | None:
    located = lenders.locate(session, kind="staff-email", digest=digest)
    if located is None or lender_id not in (None, located):
        return None
    lenders.enter_located(session, kind="staff-email", digest=digest)
    query = select(Staff).where(Staff.lender_id == located, Staff.email_index == digest)
    return session.scalar(query)


def email_digest(email: str) -> bytes:
    return crypto.keyring().locator("staff-email", email.strip().casefold())
