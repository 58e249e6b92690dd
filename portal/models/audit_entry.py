"""Who did what, when. Rows are added and never changed; each carries the hash of the one before."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.tenancy import OfLender
from portal.models.base import Base
from portal.models.types import Facts, UtcDateTime


class AuditEntry(OfLender, Base):
    """Holds references, codes and hashes, never a personal value.

    Without a foreign key: the chain outlives everybody it names, and number 0 is the installation's own."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("lender_id", "sequence"),
        Index(None, "lender_id", "case_ref", "sequence"),  # a case's timeline, the newest first
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    lender_id: Mapped[int]
    sequence: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    case_ref: Mapped[str | None]
    facts: Mapped[dict[str, object]] = mapped_column(Facts)
    previous: Mapped[bytes]
    hash: Mapped[bytes]


class AuditHead(OfLender, Base):
    """The end of a lender's chain. Locked while an entry is added, so that the chain never forks."""

    __tablename__ = "audit_head"

    lender_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    hash: Mapped[bytes]
