"""Complaints: what was said, what is due when, what was decided."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, to, word
from portal.models.case import Case
from portal.models.staff import Staff
from portal.models.types import Day, Flag
from portal.vocabulary import Channel, ComplaintOutcome, ComplaintState, ComplaintTopic, Locale


class Complaint(EditedRow):
    __tablename__ = "complaint"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("about_id", "staff"),
        belongs("owner_id", "staff"),
        UniqueConstraint("lender_id", "number"),
        Index(None, "lender_id", "decide_by"),
        CheckConstraint("acknowledge_by <= decide_by", name="clock"),
    )

    number: Mapped[str]
    case_id: Mapped[int | None] = mapped_column(index=True)
    about_id: Mapped[int | None]
    owner_id: Mapped[int | None]
    state: Mapped[ComplaintState] = word(ComplaintState)
    topic: Mapped[ComplaintTopic] = word(ComplaintTopic)
    channel: Mapped[Channel] = word(Channel)
    locale: Mapped[Locale] = word(Locale)
    text_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes | None]
    reply_to_sealed: Mapped[bytes | None]
    received_at: Mapped[datetime]
    acknowledge_by: Mapped[date] = mapped_column(Day)
    decide_by: Mapped[date] = mapped_column(Day)

    text = Sealed("text_sealed")
    name = Sealed("name_sealed")
    reply_to = Sealed("reply_to_sealed")

    case: Mapped[Case | None] = to("Case", "Complaint.case_id")
    owner: Mapped[Staff | None] = to("Staff", "Complaint.owner_id")


class ComplaintMessage(Row):
    """One message of the thread. Internal ones are notes among staff."""

    __tablename__ = "complaint_message"
    __table_args__ = keys(belongs("complaint_id", "complaint"), belongs("staff_id", "staff"))

    complaint_id: Mapped[int] = mapped_column(index=True)
    staff_id: Mapped[int | None]
    internal: Mapped[bool] = mapped_column(Flag)
    body_sealed: Mapped[bytes]

    body = Sealed("body_sealed")
    staff: Mapped[Staff | None] = to("Staff", "ComplaintMessage.staff_id")


class ComplaintMove(Row):
    """One move of a complaint from state to state: who and when."""

    __tablename__ = "complaint_move"
    __table_args__ = keys(belongs("complaint_id", "complaint"))

    complaint_id: Mapped[int] = mapped_column(index=True)
    from_state: Mapped[ComplaintState | None] = word(ComplaintState)
    to_state: Mapped[ComplaintState] = word(ComplaintState)
    actor: Mapped[str]


class ComplaintDecision(Row):
    """The outcome: what was checked, on what grounds, what is put right."""

    __tablename__ = "complaint_decision"
    __table_args__ = keys(
        belongs("complaint_id", "complaint"), belongs("staff_id", "staff"), UniqueConstraint("complaint_id")
    )

    complaint_id: Mapped[int]
    staff_id: Mapped[int]
    outcome: Mapped[ComplaintOutcome] = word(ComplaintOutcome)
    checked_sealed: Mapped[bytes]
    grounds_sealed: Mapped[bytes]
    redress_sealed: Mapped[bytes | None]

    checked = Sealed("checked_sealed")
    grounds = Sealed("grounds_sealed")
    redress = Sealed("redress_sealed")
