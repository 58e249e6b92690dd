"""A borrower's overdue loans at one lender in one currency, handled together."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, to, word
from portal.models.borrower import Borrower
from portal.models.types import Day, Facts, Flag
from portal.vocabulary import (
    Action,
    ActionClass,
    ArrearsReason,
    Attitude,
    CallResult,
    CaseState,
    Channel,
    HoldReason,
    PromiseState,
)


class Case(EditedRow):
    __tablename__ = "case"
    __table_args__ = keys(
        belongs("borrower_id", "borrower"),
        belongs("owner_id", "staff"),
        belongs("previous_id", "case"),
        Index(
            "uq_case_open",
            "lender_id",
            "borrower_id",
            "currency",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, "lender_id", "state"),
        Index(None, "lender_id", "borrower_id", "currency"),
    )

    borrower_id: Mapped[int]
    currency: Mapped[str]
    state: Mapped[CaseState] = word(CaseState)
    owner_id: Mapped[int | None]
    previous_id: Mapped[int | None]
    confirmed_on: Mapped[date] = mapped_column(Day)
    cured_on: Mapped[date | None] = mapped_column(Day)  # while it is cured: since when nothing is overdue
    closed_at: Mapped[datetime | None]

    borrower: Mapped[Borrower] = to("Borrower", "Case.borrower_id")


class CaseLoan(Row):
    """A loan in a case: when it joined, and when it left."""

    __tablename__ = "case_loan"
    __table_args__ = keys(
        belongs("case_id", "case"), belongs("loan_id", "loan"), UniqueConstraint("case_id", "loan_id")
    )

    case_id: Mapped[int]
    loan_id: Mapped[int] = mapped_column(index=True)
    left_at: Mapped[datetime | None]


class CaseMove(Row):
    """One move of a case from state to state: who and when."""

    __tablename__ = "case_move"
    __table_args__ = keys(belongs("case_id", "case"))

    case_id: Mapped[int] = mapped_column(index=True)
    from_state: Mapped[CaseState | None] = word(CaseState)
    to_state: Mapped[CaseState] = word(CaseState)
    actor: Mapped[str]


class Hold(Row):
    """A reason why lender-initiated contact is stopped."""

    __tablename__ = "hold"
    __table_args__ = keys(belongs("case_id", "case"))

    case_id: Mapped[int] = mapped_column(index=True)
    reason: Mapped[HoldReason] = word(HoldReason)
    subject: Mapped[str | None]  # reference of the complaint or dispute behind it
    actor: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_reason_sealed: Mapped[bytes | None]  # why, where somebody has to say it

    end_reason = Sealed("end_reason_sealed")


class Decision(Row):
    """What the contact gate said, about what, with every rule it looked at and the facts it was told.

    A message of class service may be about no case, then the borrower alone is named."""

    __tablename__ = "decision"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("borrower_id", "borrower"),
        belongs("override_id", "override"),
        CheckConstraint("case_id IS NOT NULL OR borrower_id IS NOT NULL", name="about"),
        UniqueConstraint("override_id"),  # what a second person allowed is one act
        Index(None, "lender_id", "created_at"),
    )

    case_id: Mapped[int | None] = mapped_column(index=True)
    borrower_id: Mapped[int | None] = mapped_column(index=True)
    override_id: Mapped[int | None]
    action: Mapped[Action] = word(Action)
    action_class: Mapped[ActionClass] = word(ActionClass)
    allowed: Mapped[bool] = mapped_column(Flag)
    rules: Mapped[dict[str, object]] = mapped_column(Facts)
    facts: Mapped[dict[str, object] | None] = mapped_column(Facts)  # None: decided before they were kept
    pack_version: Mapped[str]
    actor: Mapped[str]


class Contact(Row):
    """One attempt, in or out. None exists without the decision that allowed it."""

    __tablename__ = "contact"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("decision_id", "decision"),
        belongs("staff_id", "staff"),
        belongs("contact_point_id", "contact_point"),
        belongs("message_id", "message"),
        Index(None, "case_id", "at"),
    )

    case_id: Mapped[int]
    decision_id: Mapped[int]
    contact_point_id: Mapped[int | None]  # which number or address
    message_id: Mapped[int | None]
    staff_id: Mapped[int | None]
    channel: Mapped[Channel] = word(Channel)
    inbound: Mapped[bool] = mapped_column(Flag)
    at: Mapped[datetime]
    outcome: Mapped[str]
    result: Mapped[CallResult | None] = word(CallResult)
    reason: Mapped[ArrearsReason | None] = word(ArrearsReason)
    attitude: Mapped[Attitude | None] = word(Attitude)
    call_back_at: Mapped[datetime | None]
    feedback_sealed: Mapped[bytes | None]  # the borrower's own words

    feedback = Sealed("feedback_sealed")


class Promise(Row):
    """A promise to pay: amount and date."""

    __tablename__ = "promise"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("contact_id", "contact"),
        CheckConstraint("amount > 0", name="amount"),
        Index(None, "lender_id", "state", "due_on"),
        Index(
            "uq_promise_active",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    contact_id: Mapped[int | None]
    amount: Mapped[int]
    currency: Mapped[str]
    due_on: Mapped[date] = mapped_column(Day)
    state: Mapped[PromiseState] = word(PromiseState)
    actor: Mapped[str | None]  # who wrote it down
    paid: Mapped[int | None]  # what came in for it, once it is decided
    decided_on: Mapped[date | None] = mapped_column(Day)
