"""The seal of a lender: its signing certificate, the sealing of a document, and the check of a file."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.infra import signing
from portal.infra.signing import SealReport as SealReport
from portal.models import Lender
from portal.services import audit, lender_secrets
from portal.vocabulary import Locale

PASSPHRASE_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A PKCS#12 file and what opens it."""

    pkcs12: bytes
    passphrase: bytes


def key_of(session: Session, *, lender_id: int, now: datetime) -> SigningKey:
    """Return the signing key of a lender; it is made when the lender seals for the first time."""
    query = select(Lender).where(Lender.id == lender_id).execution_options(populate_existing=True)
    lender = session.scalars(query.with_for_update()).one()
    if lender.certificate is None or lender.passphrase_sealed is None:
        _make(session, lender, now)
    return _open(lender)


def seal(
    session: Session, pdf: bytes, *, lender: Lender, reason: str, tsa_url: str | None, now: datetime
) -> bytes:
    """Certify a PDF as final in the name of the lender. Raises SealError."""
    key = key_of(session, lender_id=lender.id, now=now)
    return signing.seal(
        pdf,
        pkcs12=key.pkcs12,
        passphrase=key.passphrase,
        reason=reason,
        name=lender.names[Locale.EN.value],
        now=now,
        tsa=tsa_url,
    )


def verify(session: Session, pdf: bytes) -> SealReport:
    """Tell whether a file is exactly as a lender of this installation sealed it. Never raises for a file."""
    return signing.verify(pdf, trusted=_certificates(session))


def _certificates(session: Session) -> list[x509.Certificate]:
    sealing = session.scalars(select(Lender).where(Lender.certificate.is_not(None)))
    keys = [_open(lender) for lender in sealing]
    return [signing.certificate_of(key.pkcs12, key.passphrase) for key in keys]


def _make(session: Session, lender: Lender, now: datetime) -> None:
    passphrase = secrets.token_urlsafe(PASSPHRASE_BYTES).encode()
    lender.certificate = signing.new_certificate(lender.names[Locale.EN.value], now, passphrase)
    lender_secrets.put(lender, "passphrase_sealed", passphrase)
    actor, subject = system(lender.id, "seals"), f"lender/{lender.ref}"
    audit.record(session, actor=actor, action="certificate_made", subject=subject, now=now)


def _open(lender: Lender) -> SigningKey:
    assert lender.certificate is not None
    passphrase = lender_secrets.read(lender, "passphrase_sealed")
    assert passphrase is not None
    return SigningKey(pkcs12=lender.certificate, passphrase=passphrase)
