"""What a lender's own row keeps sealed: what opens its signing key, the addresses of its carriers, and what
these sign their reports with."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.infra import crypto
from portal.models import Lender

COLUMNS = ("passphrase_sealed", "sms_url_sealed", "mail_url_sealed", "report_secret_sealed")


def read(lender: Lender, column: str) -> bytes | None:
    """Return the value of a column of `COLUMNS`, opened. None: there is none."""
    sealed: bytes | None = getattr(lender, column)
    return None if sealed is None else crypto.keyring().open(lender.id, _place(lender, column), sealed)


def put(lender: Lender, column: str, value: bytes | None) -> None:
    """Keep a value sealed under the lender's current key; None takes it away."""
    sealed = None if value is None else crypto.keyring().seal(lender.id, _place(lender, column), value)
    setattr(lender, column, sealed)


def reseal(session: Session, *, lender: Lender) -> int:
    """Seal what is under another key under the lender's current one. Returns how many values were."""
    query = select(Lender).where(Lender.id == lender.id).execution_options(populate_existing=True)
    found = session.scalars(query.with_for_update(key_share=True)).one()
    stale = [column for column in COLUMNS if not _is_current(found, getattr(found, column))]
    for column in stale:
        put(found, column, read(found, column))
    session.flush()
    return len(stale)


def _is_current(lender: Lender, sealed: bytes | None) -> bool:
    return sealed is None or crypto.keyring().is_current(lender.id, sealed)


def _place(lender: Lender, column: str) -> str:
    return f"lender|{column}|{lender.ref}"
