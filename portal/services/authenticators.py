"""The second step of signing in: codes of an authenticator app, and recovery codes for when it is lost.

A proposal is a new secret that nobody confirmed yet. It stays sealed with the browser that asked for it, so
that the authenticator in use goes on working until another one has shown a first code."""

import base64
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import crypto, ids
from portal.models import RecoveryCode, Staff
from portal.services import accounts, audit, throttles
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Role

DIGITS = 6
STEP_SECONDS = 30
DRIFT = 1  # steps before and after now that count as well, for clocks that are not quite right
RECOVERY_CODES = 10
ISSUER = "Good Terms"
DEMO_ADDRESSES = ".example"
TRIES = throttles.Limit(name="authenticator", most=10, minutes=15)
# Whoever comes here knows the password. An address from which the account signed in before is not counted, so
# that others cannot lock its owner out.
TRIES_OF_STRANGERS = throttles.Limit(name="authenticator-strangers", most=50, minutes=60)
KNOWN_ADDRESS = throttles.Limit(name="authenticator-known", most=10**9, minutes=30 * 24 * 60)


@dataclass(frozen=True)
class Offer:
    """What an authenticator app is given: an address for its camera, or the secret to type, in groups."""

    uri: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class DemoCode:
    """The code that the authenticator of somebody fictional shows now."""

    email: str
    roles: tuple[Role, ...]
    code: str


def is_confirmed(staff: Staff) -> bool:
    return staff.authenticator_since is not None


def propose(*, staff: Staff) -> str:
    """Return a new secret for this person, sealed: to be kept with the browser until it is confirmed."""
    return _sealed(staff, pyotp.random_base32())


def offer(*, staff: Staff, proposal: str) -> Offer:
    """Return how to put a proposal into an app. Refused: the proposal is not this person's."""
    secret = _opened(staff, proposal)
    uri = pyotp.TOTP(secret).provisioning_uri(name=staff.email, issuer_name=ISSUER)
    return Offer(uri, tuple(secret[start : start + 4] for start in range(0, len(secret), 4)))


def confirm(
    session: Session, *, staff: Staff, proposal: str, code: str, address: str, actor: Actor, now: datetime
) -> None:
    """Take a proposal as the person's authenticator: it has shown its first code.

    Refused: the code is wrong, or there were too many tries. The caller commits although it refuses."""
    _count(session, staff, address, now)
    secret = _opened(staff, proposal)
    step = _step_of(secret, code, now)
    if step is None:
        raise Refused("authenticator_code_wrong")
    replaces = is_confirmed(staff)
    _enrol(session, staff, secret, step, now)
    audit.record(
        session, actor=actor, action="authenticator_confirmed", subject=staff, now=now, replaces=replaces
    )


@in_savepoint
def enrol(session: Session, *, staff: Staff, secret: str, actor: Actor, now: datetime) -> None:
    """Set an authenticator that holds this secret (base32) already."""
    _enrol(session, staff, secret, None, now)
    audit.record(
        session, actor=actor, action="authenticator_confirmed", subject=staff, now=now, replaces=False
    )


def use(session: Session, *, staff: Staff, code: str, address: str, now: datetime) -> None:
    """Accept the code of a person's authenticator; each counts once. Refused: it is wrong, or too many tries.

    The caller commits although it refuses."""
    _count(session, staff, address, now)
    step = _step_of(staff.authenticator, code, now) if is_confirmed(staff) else None
    if step is None or not _take(session, staff, step):
        accounts.refuse_sign_in(session, staff=staff, step="code", now=now)
        raise Refused("authenticator_code_wrong")
    _remember(session, staff, address, now)


def use_either(session: Session, *, staff: Staff, code: str, address: str, now: datetime) -> None:
    """Accept a code of the authenticator or, for who lost it, a recovery code. Refused as by each of them."""
    if len(_plain(code)) == DIGITS:
        use(session, staff=staff, code=code, address=address, now=now)
    else:
        use_recovery_code(session, staff=staff, code=code, address=address, now=now)


def use_recovery_code(session: Session, *, staff: Staff, code: str, address: str, now: datetime) -> int:
    """Accept a recovery code once, and return how many are left. Refused: it is wrong, or too many tries.

    The caller commits although it refuses."""
    _count(session, staff, address, now)
    taken = session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.lender_id == staff.lender_id,
            RecoveryCode.staff_id == staff.id,
            RecoveryCode.code_hash == _hash(staff, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id),
        execution_options=accounts.UNSEEN,
    ).first()
    if taken is None:
        accounts.refuse_sign_in(session, staff=staff, step="recovery_code", now=now)
        raise Refused("recovery_code_wrong")
    _remember(session, staff, address, now)
    left = recovery_codes_left(session, staff=staff)
    actor = accounts.staff_actor(staff)
    audit.record(session, actor=actor, action="recovery_code_used", subject=staff, now=now, left=left)
    return left


def new_recovery_codes(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> list[str]:
    """Make recovery codes in place of the old ones, which die, and return them: they are stored as hashes."""
    _forget_recovery_codes(session, staff, now)
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(
            lender_id=staff.lender_id, created_at=now, staff_id=staff.id, code_hash=_hash(staff, code)
        )
        for code in codes
    )
    audit.record(session, actor=actor, action="recovery_codes_made", subject=staff, now=now, count=len(codes))
    return codes


def recovery_codes_left(session: Session, *, staff: Staff) -> int:
    query = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.lender_id == staff.lender_id,
        RecoveryCode.staff_id == staff.id,
        RecoveryCode.used_at.is_(None),
    )
    return session.scalar(query) or 0


def seal_codes(*, staff: Staff, codes: list[str]) -> str:
    """Return recovery codes sealed: they stay with the browser until its owner says they are kept."""
    return _sealed(staff, " ".join(codes))


def open_codes(*, staff: Staff, sealed: str) -> list[str]:
    """Return sealed recovery codes. Refused: they are not this person's."""
    return _opened(staff, sealed).split()


def note_kept(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> None:
    """Note that somebody says to have kept the recovery codes; they are not shown again."""
    audit.record(session, actor=actor, action="recovery_codes_kept", subject=staff, now=now)


def reset(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> None:
    """Forget the authenticator and the recovery codes: the person sets up a new one at the next sign-in."""
    accounts.set_quietly(
        session, staff, authenticator_sealed=None, authenticator_since=None, authenticator_step=None
    )
    _forget_recovery_codes(session, staff, now)
    audit.record(session, actor=actor, action="authenticator_reset", subject=staff, now=now)


def codes_for_trying_out(session: Session, *, lender_id: int, now: datetime) -> list[DemoCode]:
    """Return what the authenticators of the demo's staff show now: nobody has them in hand.

    Theirs are the accounts whose addresses end in .example, which no real address does."""
    query = select(Staff).where(Staff.lender_id == lender_id, Staff.disabled_at.is_(None))
    return [
        DemoCode(
            each.email,
            tuple(sorted(role.role for role in each.roles)),
            pyotp.TOTP(each.authenticator).generate_otp(_step(now)),
        )
        for each in session.scalars(query.order_by(Staff.id))
        if is_confirmed(each) and each.email.endswith(DEMO_ADDRESSES)
    ]


def seconds_left(now: datetime) -> int:
    """Return how many seconds the codes of now are yet shown."""
    return STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS


def _count(session: Session, staff: Staff, address: str, now: datetime) -> None:
    throttles.count(session, limit=TRIES, subject=f"{staff.ref}|{address}", now=now)
    if not throttles.used(session, limit=KNOWN_ADDRESS, subject=f"{staff.ref}|{address}", now=now):
        throttles.count(session, limit=TRIES_OF_STRANGERS, subject=staff.ref, now=now)


def _remember(session: Session, staff: Staff, address: str, now: datetime) -> None:
    throttles.count(session, limit=KNOWN_ADDRESS, subject=f"{staff.ref}|{address}", now=now)


def _enrol(session: Session, staff: Staff, secret: str, step: int | None, now: datetime) -> None:
    sealed = Staff.authenticator.seal(staff.lender_id, staff.ref, secret)
    accounts.set_quietly(
        session, staff, authenticator_sealed=sealed, authenticator_since=now, authenticator_step=step
    )


def _take(session: Session, staff: Staff, step: int) -> bool:
    """Note the time step of a code, unless it or a later one was used: one of two at once comes too late."""
    taken = session.scalars(
        update(Staff)
        .where(
            Staff.lender_id == staff.lender_id,
            Staff.id == staff.id,
            or_(Staff.authenticator_step.is_(None), Staff.authenticator_step < step),
        )
        .values(authenticator_step=step)
        .returning(Staff.id),
        execution_options=accounts.UNSEEN,
    ).first()
    session.refresh(staff)
    return taken is not None


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is; all are compared, whichever fits."""
    totp, digits = pyotp.TOTP(secret), _plain(code)
    steps = range(_step(now) - DRIFT, _step(now) + DRIFT + 1)
    fitting = [step for step in steps if crypto.same(totp.generate_otp(step), digits)]
    return fitting[-1] if fitting else None


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _forget_recovery_codes(session: Session, staff: Staff, now: datetime) -> None:
    session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.lender_id == staff.lender_id,
            RecoveryCode.staff_id == staff.id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now),
        execution_options=accounts.UNSEEN,
    )


def _new_recovery_code() -> str:
    """Twelve letters in groups of four, about 59 bits."""
    return "-".join("".join(secrets.choice(ids.SPEAKABLE) for _ in range(4)) for _ in range(3))


def _hash(staff: Staff, code: str) -> bytes:
    """Codes are short enough to be guessed from a plain hash: theirs takes the installation's key."""
    return crypto.keyring().locator("recovery-code", f"{staff.ref}|{_plain(code)}")


def _plain(code: str) -> str:
    """Letters and digits as they are compared, however they were typed."""
    same = unicodedata.normalize("NFKC", code).encode("utf-8", "replace").decode()
    return "".join(filter(str.isalnum, same)).upper()


def _sealed(staff: Staff, text: str) -> str:
    return base64.b64encode(crypto.keyring().seal(staff.lender_id, _place(staff), text.encode())).decode()


def _opened(staff: Staff, sealed: str) -> str:
    try:
        value = base64.b64decode(sealed, validate=True)
        return crypto.keyring().open(staff.lender_id, _place(staff), value).decode()
    except (ValueError, crypto.NotOpened, crypto.KeyUnknown) as error:
        raise Refused("sign_in_over") from error


def _place(staff: Staff) -> str:
    return f"authenticator|{staff.ref}"
