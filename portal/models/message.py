"""The outbox: messages that leave, written in the transaction of what they tell about."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Row, Sealed, belongs, keys, word
from portal.vocabulary import ActionClass, Channel, Locale, MessageState


class Message(Row):
    __tablename__ = "message"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("borrower_id", "borrower"),
        belongs("decision_id", "decision"),
        Index(None, "state", "not_before"),
    )

    borrower_id: Mapped[int | None] = mapped_column(index=True)
    case_id: Mapped[int | None]
    decision_id: Mapped[int | None]
    action_class: Mapped[ActionClass] = word(ActionClass)
    channel: Mapped[Channel] = word(Channel)
    locale: Mapped[Locale] = word(Locale)
    template: Mapped[str]
    recipient_sealed: Mapped[bytes]
    subject_sealed: Mapped[bytes | None]
    body_sealed: Mapped[bytes]
    state: Mapped[MessageState] = word(MessageState)
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]

    recipient = Sealed("recipient_sealed")
    subject = Sealed("subject_sealed")
    body = Sealed("body_sealed")
