"""What comes next on a case, and what sets a rule of the contact gate aside."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Sealed, belongs, keys, word
from portal.models.types import Day, Facts, Flag
from portal.vocabulary import Action, NextStep, OverrideState, StepReason


class Strategy(EditedRow):
    """The collection plan of a case: the next step, why, and from when. One row per open case.

    `due`: the step may be taken on the business date the row was last looked at. `rank` orders the call list,
    the smallest first. `recheck_on`: the business date from which time alone may change the answer."""

    __tablename__ = "strategy"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("claimed_by", "staff"),
        belongs("set_by", "staff"),
        UniqueConstraint("case_id"),
        Index(None, "lender_id", "step", "due", "rank", "id"),
        Index(None, "lender_id", "recheck_on"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claimed"),
    )

    case_id: Mapped[int]
    step: Mapped[NextStep] = word(NextStep)
    reason: Mapped[StepReason] = word(StepReason)
    facts: Mapped[dict[str, object]] = mapped_column(Facts)  # what fills the gaps of the reason's sentence
    earliest_at: Mapped[datetime | None]
    due: Mapped[bool] = mapped_column(Flag)
    rank: Mapped[int]
    bucket: Mapped[str | None]
    recheck_on: Mapped[date | None] = mapped_column(Day)
    computed_at: Mapped[datetime]
    claimed_by: Mapped[int | None]
    claimed_until: Mapped[datetime | None]
    set_by: Mapped[int | None]  # a person chose the step, until `set_until`
    set_until: Mapped[date | None] = mapped_column(Day)
    set_reason_sealed: Mapped[bytes | None]

    set_reason = Sealed("set_reason_sealed")


class Override(EditedRow):
    """Rules of the contact gate set aside for one act on a case: asked for by one person, allowed by another,
    used once."""

    __tablename__ = "override"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("requested_by", "staff"),
        belongs("decided_by", "staff"),
        Index(None, "lender_id", "state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="second_person"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_by IS NULL) = (state = 'requested')", name="answered"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    action: Mapped[Action] = word(Action)
    rules: Mapped[dict[str, object]] = mapped_column(Facts)  # {"ids": [...]}
    reason_sealed: Mapped[bytes]
    requested_by: Mapped[int]
    valid_until: Mapped[datetime]
    state: Mapped[OverrideState] = word(OverrideState)
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]

    reason = Sealed("reason_sealed")
    answer = Sealed("answer_sealed")
