"""The signed plan: agreement, signatures, originals, follow-ups, adjustments, archive."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, word
from portal.models.types import Day, Facts
from portal.vocabulary import (
    AdjustmentState,
    AgreementState,
    ConcessionKind,
    FollowUpState,
    Locale,
    PlaceKind,
    SignatureMethod,
    Signer,
)


class Agreement(EditedRow):
    __tablename__ = "agreement"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("plan_id", "plan"),
        belongs("file_id", "stored_file"),
        UniqueConstraint("plan_id"),
        UniqueConstraint("lender_id", "number"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    plan_id: Mapped[int]
    number: Mapped[str]
    state: Mapped[AgreementState] = word(AgreementState)
    locale: Mapped[Locale] = word(Locale)
    template_version: Mapped[str]
    place_kind: Mapped[PlaceKind] = word(PlaceKind)  # where the plan was made: the cooling-off depends on it
    file_id: Mapped[int]
    document_sha256: Mapped[str]  # of the document both sides read before signing
    text_sealed: Mapped[bytes]  # the same document as HTML, for reading on a small screen
    effective_on: Mapped[date | None] = mapped_column(Day)
    sealed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    decline_reason_sealed: Mapped[bytes | None]

    text = Sealed("text_sealed")
    decline_reason = Sealed("decline_reason_sealed")


class Signature(Row):
    """One side's act of signing: a fresh code, then a stroke or a typed name."""

    __tablename__ = "signature"
    __table_args__ = keys(
        belongs("agreement_id", "agreement"),
        belongs("challenge_id", "code_challenge"),
        belongs("staff_id", "staff"),
        UniqueConstraint("agreement_id", "signer"),
    )

    agreement_id: Mapped[int]
    challenge_id: Mapped[int]
    staff_id: Mapped[int | None]
    signer: Mapped[Signer] = word(Signer)
    method: Mapped[SignatureMethod] = word(SignatureMethod)
    mark_sealed: Mapped[bytes]  # the strokes as SVG path data, or the typed name
    mark_sha256: Mapped[str]
    document_sha256: Mapped[str]
    locale: Mapped[Locale] = word(Locale)
    address_sealed: Mapped[bytes | None]
    agent_sealed: Mapped[bytes | None]

    mark = Sealed("mark_sealed")
    address = Sealed("address_sealed")
    agent = Sealed("agent_sealed")


class Original(Row):
    """A party's own sealed copy."""

    __tablename__ = "original"
    __table_args__ = keys(
        belongs("agreement_id", "agreement"),
        belongs("file_id", "stored_file"),
        UniqueConstraint("agreement_id", "party"),
    )

    agreement_id: Mapped[int]
    party: Mapped[Signer] = word(Signer)
    file_id: Mapped[int]
    sha256: Mapped[str]


class FollowUp(Row):
    """A revisit after the agreement, with a named owner."""

    __tablename__ = "follow_up"
    __table_args__ = keys(
        belongs("agreement_id", "agreement"),
        belongs("owner_id", "staff"),
        belongs("done_by", "staff"),
        UniqueConstraint("agreement_id", "number"),
        Index(None, "lender_id", "due_on"),
    )

    agreement_id: Mapped[int]
    owner_id: Mapped[int | None]
    number: Mapped[int]
    due_on: Mapped[date] = mapped_column(Day)
    state: Mapped[FollowUpState] = word(FollowUpState)
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None]
    note_sealed: Mapped[bytes | None]

    note = Sealed("note_sealed")


class Adjustment(Row):
    """A change to a plan in force, which ends in a signed addendum."""

    __tablename__ = "adjustment"
    __table_args__ = keys(
        belongs("agreement_id", "agreement"),
        belongs("decided_by", "staff"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decision"),
    )

    agreement_id: Mapped[int] = mapped_column(index=True)
    kind: Mapped[ConcessionKind] = word(ConcessionKind)
    state: Mapped[AdjustmentState] = word(AdjustmentState)
    reason_sealed: Mapped[bytes]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]

    reason = Sealed("reason_sealed")


class Archive(Row):
    """The closed case as one verifiable bundle."""

    __tablename__ = "archive"
    __table_args__ = keys(
        belongs("case_id", "case"), belongs("file_id", "stored_file"), UniqueConstraint("case_id")
    )

    case_id: Mapped[int]
    file_id: Mapped[int]
    manifest: Mapped[dict[str, str]] = mapped_column(Facts)
    retain_until: Mapped[date] = mapped_column(Day)
