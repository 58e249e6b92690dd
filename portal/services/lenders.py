"""Lenders: adding one with its keys, finding one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.refusals import Refused
from portal.infra import crypto, ids, tenancy
from portal.models import DataKey, Locator, PaymentAccount
from portal.models import Lender as Lender
from portal.services import audit, policies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Locale

NOBODYS_CODE = "installation"  # names what belongs to no lender, such as a chain of the audit log


@in_savepoint
def add(
    session: Session,
    *,
    code: str,
    preset: str,
    names: dict[Locale, str],
    hand_in_place: dict[Locale, str] | None = None,
    now: datetime,
) -> Lender:
    """Add a lender under a policy pack and enter it. Refused: the code is taken. PolicyError: no pack."""
    policies.versions(preset)
    if code == NOBODYS_CODE or session.scalar(select(Lender.id).where(Lender.code == code)):
        raise Refused("lender_exists", code=code)
    lender = Lender(
        ref=ids.new_ref(),
        code=code,
        preset=preset,
        names={locale.value: name for locale, name in names.items()},
        hand_in_place={locale.value: place for locale, place in (hand_in_place or {}).items()},
        created_at=now,
    )
    session.add(lender)
    session.flush()
    enter(session, lender)
    add_key(session, lender=lender, now=now)
    audit.start_chain(session, lender_id=lender.id)
    subject = f"lender/{lender.ref}"
    actor = system(lender.id, "set-up")
    audit.record(session, actor=actor, action="lender_added", subject=subject, now=now)
    audit.record_for_installation(session, action="lender_added", subject=subject, now=now)
    return lender


def add_key(session: Session, *, lender: Lender, now: datetime) -> None:
    """Give the lender a new key; values sealed from now on use it."""
    ref = ids.new_ref()
    wrapped = crypto.keyring().new_key(lender.id, ref)
    session.add(DataKey(lender_id=lender.id, ref=ref, created_at=now, wrapped=wrapped))
    session.flush()


def enter(session: Session, lender: Lender) -> None:
    """From here on the session sees and writes this lender's rows alone."""
    tenancy.enter(session, lender.id)


def find(session: Session, code: str) -> Lender | None:
    return session.scalar(select(Lender).where(Lender.code == code))


def get(session: Session, lender_id: int) -> Lender:
    return session.get_one(Lender, lender_id)


def all_lenders(session: Session) -> list[Lender]:
    return list(session.scalars(select(Lender).order_by(Lender.code)))


def by_host(session: Session, host: str) -> Lender | None:
    """Return the lender whose own host name this is. Without one, the lender is not known yet."""
    return session.scalar(select(Lender).where(Lender.host == host.partition(":")[0].lower()))


@dataclass(frozen=True)
class Account:
    """A payment account of the lender, in words of one language."""

    bank: str
    holder: str
    number: str


@in_savepoint
def add_account(
    session: Session,
    *,
    lender: Lender,
    currency: str,
    number: str,
    bank: dict[Locale, str],
    holder: dict[Locale, str],
    now: datetime,
) -> PaymentAccount:
    """Add an account into which borrowers of this lender pay."""
    account = PaymentAccount(
        lender_id=lender.id,
        created_at=now,
        currency=currency,
        number=number,
        bank={locale.value: text for locale, text in bank.items()},
        holder={locale.value: text for locale, text in holder.items()},
    )
    session.add(account)
    audit.record(
        session, actor=system(lender.id, "set-up"), action="payment_account_added", subject=account, now=now
    )
    return account


def payment_account(session: Session, *, lender_id: int, currency: str, locale: Locale) -> Account | None:
    """Return the account to pay into; None when the lender has named none for the currency."""
    query = select(PaymentAccount).where(
        PaymentAccount.lender_id == lender_id,
        PaymentAccount.currency == currency,
        PaymentAccount.active.is_(True),
    )
    found = session.scalars(query.order_by(PaymentAccount.id)).first()
    if found is None:
        return None
    return Account(found.bank[locale.value], found.holder[locale.value], found.number)


def locate(session: Session, *, kind: str, digest: bytes) -> int | None:
    """Return the id of the lender a hashed token, address or number belongs to."""
    return session.scalar(select(Locator.lender_id).where(Locator.kind == kind, Locator.digest == digest))


def enter_located(session: Session, *, kind: str, digest: bytes) -> int | None:
    """Enter the lender a hashed token or address belongs to, and return its id. None: it belongs to none."""
    lender_id = locate(session, kind=kind, digest=digest)
    if lender_id is not None:
        tenancy.enter(session, lender_id)
    return lender_id


def remember_locator(session: Session, *, kind: str, digest: bytes, lender_id: int) -> None:
    session.add(Locator(kind=kind, digest=digest, lender_id=lender_id))
    session.flush()
