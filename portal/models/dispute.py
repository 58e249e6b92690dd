"""What a borrower says is not so: a debt that is disputed, an entry of the timeline that is contested."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Sealed, belongs, keys, word
from portal.models.types import Day
from portal.vocabulary import DisputeKind, DisputeState


class Dispute(EditedRow):
    """A debt, or one loan of it, that the borrower says is not owed like that. Collection of it is held."""

    __tablename__ = "dispute"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("loan_id", "loan"),
        belongs("answered_by", "staff"),
        Index(None, "lender_id", "state", "answer_by"),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    loan_id: Mapped[int | None]  # None: all of them
    kind: Mapped[DisputeKind] = word(DisputeKind)
    state: Mapped[DisputeState] = word(DisputeState)
    words_sealed: Mapped[bytes]
    actor: Mapped[str]
    answer_by: Mapped[date] = mapped_column(Day)
    answered_by: Mapped[int | None]
    answered_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]

    words = Sealed("words_sealed")
    answer = Sealed("answer_sealed")


class Contest(EditedRow):
    """The borrower's word against one entry of the timeline. The entry itself is never changed."""

    __tablename__ = "contest"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("answered_by", "staff"),
        UniqueConstraint("lender_id", "entry"),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    entry: Mapped[int]  # the number of the audit entry
    words_sealed: Mapped[bytes]
    answered_by: Mapped[int | None]
    answered_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]

    words = Sealed("words_sealed")
    answer = Sealed("answer_sealed")
