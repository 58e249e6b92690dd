"""The outbox: messages that leave, written in the transaction of what they tell about; their templates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Row, Sealed, belongs, keys, word
from portal.vocabulary import ActionClass, Channel, Locale, MessageState


class Message(Row):
    __tablename__ = "message"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("borrower_id", "borrower"),
        belongs("decision_id", "decision"),
        belongs("template_id", "message_template"),
        Index(None, "state", "not_before"),
        Index(None, "lender_id", "provider_ref"),
        # A message to staff, or to somebody who is not on file, is no contact with a borrower.
        CheckConstraint("borrower_id IS NULL OR decision_id IS NOT NULL", name="decided"),
    )

    borrower_id: Mapped[int | None] = mapped_column(index=True)
    case_id: Mapped[int | None]
    decision_id: Mapped[int | None]
    action_class: Mapped[ActionClass] = word(ActionClass)
    channel: Mapped[Channel] = word(Channel)
    locale: Mapped[Locale] = word(Locale)
    template: Mapped[str]
    template_id: Mapped[int | None]  # the lender's own text; None: the one that is shipped
    recipient_sealed: Mapped[bytes]
    subject_sealed: Mapped[bytes | None]
    body_sealed: Mapped[bytes]
    state: Mapped[MessageState] = word(MessageState)
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    provider_ref: Mapped[str | None]  # what the carrier calls it
    reported_at: Mapped[datetime | None]  # when the carrier told what became of it

    recipient = Sealed("recipient_sealed")
    subject = Sealed("subject_sealed")
    body = Sealed("body_sealed")


class MessageTemplate(Row):
    """A version of a lender's own text. Versions are added, never changed; the newest one is sent."""

    __tablename__ = "message_template"
    __table_args__ = keys(
        UniqueConstraint("lender_id", "name", "channel", "locale", "number"),
        CheckConstraint("number > 0", name="number"),
    )

    name: Mapped[str]
    channel: Mapped[Channel] = word(Channel)
    locale: Mapped[Locale] = word(Locale)
    number: Mapped[int]
    subject: Mapped[str | None]
    body: Mapped[str]
    actor: Mapped[str]
