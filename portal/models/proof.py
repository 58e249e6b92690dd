"""Consents, registration and proofs: what a borrower agreed to and handed in."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, to, word
from portal.models.types import Day
from portal.vocabulary import Channel, ConsentPurpose, Locale, ProofKind, ProofState, ServiceReason


class Consent(Row):
    """Agreement to one purpose, to a text in a version. One is in force per case and purpose."""

    __tablename__ = "consent"
    __table_args__ = keys(
        belongs("case_id", "case"),
        Index(
            "uq_consent_in_force",
            "case_id",
            "purpose",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    case_id: Mapped[int]
    purpose: Mapped[ConsentPurpose] = word(ConsentPurpose)
    text_version: Mapped[str]
    locale: Mapped[Locale] = word(Locale)
    channel: Mapped[Channel] = word(Channel)
    actor: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class Registration(Row):
    """Registration for the visit service: why, and the declaration that what is handed in is true."""

    __tablename__ = "registration"
    __table_args__ = keys(
        belongs("case_id", "case"), belongs("consent_id", "consent"), UniqueConstraint("consent_id")
    )

    case_id: Mapped[int] = mapped_column(index=True)
    consent_id: Mapped[int]
    reason: Mapped[ServiceReason] = word(ServiceReason)
    declaration_version: Mapped[str]
    actor: Mapped[str]


class StoredFile(Row):
    """A file outside the database, encrypted under its own place."""

    __tablename__ = "stored_file"
    __table_args__ = keys(CheckConstraint("size > 0", name="size"))

    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    pages: Mapped[int] = mapped_column(default=1)


class Proof(EditedRow):
    """A document with a kind and a review. `statement` stands in for one that cannot exist (no income)."""

    __tablename__ = "proof"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("file_id", "stored_file"),
        belongs("thumbnail_id", "stored_file"),
        Index(None, "case_id", "kind"),
        CheckConstraint("file_id IS NOT NULL OR statement_sealed IS NOT NULL", name="content"),
    )

    case_id: Mapped[int]
    kind: Mapped[ProofKind] = word(ProofKind)
    state: Mapped[ProofState] = word(ProofState)
    channel: Mapped[Channel] = word(Channel)
    received_on: Mapped[date] = mapped_column(Day)
    issued_on: Mapped[date | None] = mapped_column(Day)
    expires_on: Mapped[date | None] = mapped_column(Day)
    file_id: Mapped[int | None]
    thumbnail_id: Mapped[int | None]
    statement_sealed: Mapped[bytes | None]
    actor: Mapped[str]

    statement = Sealed("statement_sealed")
    file: Mapped[StoredFile | None] = to("StoredFile", "Proof.file_id")


class ProofReview(Row):
    """What a reviewer said of a proof."""

    __tablename__ = "proof_review"
    __table_args__ = keys(belongs("proof_id", "proof"), belongs("staff_id", "staff"))

    proof_id: Mapped[int] = mapped_column(index=True)
    staff_id: Mapped[int]
    state: Mapped[ProofState] = word(ProofState)
    reason: Mapped[str | None]
    note_sealed: Mapped[bytes | None]

    note = Sealed("note_sealed")
