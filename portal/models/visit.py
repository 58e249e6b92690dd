"""A planned meeting: time, place, crew, purpose; what was checked there and what was found."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, to, word
from portal.models.case import Case
from portal.models.staff import Staff
from portal.models.types import Flag
from portal.vocabulary import (
    ArrearsReason,
    ChecklistItem,
    ChecklistResult,
    Initiator,
    PlaceKind,
    VisitPurpose,
    VisitState,
)


class Visit(EditedRow):
    __tablename__ = "visit"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("decision_id", "decision"),
        belongs("moved_from_id", "visit"),
        Index(None, "lender_id", "window_start"),
        CheckConstraint("window_start < window_end", name="window"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    decision_id: Mapped[int]
    moved_from_id: Mapped[int | None]
    state: Mapped[VisitState] = word(VisitState)
    initiator: Mapped[Initiator] = word(Initiator)
    purpose: Mapped[VisitPurpose] = word(VisitPurpose)
    place_kind: Mapped[PlaceKind] = word(PlaceKind)
    place_sealed: Mapped[bytes | None]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    companion_sealed: Mapped[bytes | None]
    discreet: Mapped[bool] = mapped_column(Flag)  # "nobody at home knows"
    seed_sealed: Mapped[bytes]  # of the arrival code that both sides compute

    place = Sealed("place_sealed")
    companion = Sealed("companion_sealed")
    seed = Sealed("seed_sealed")

    case: Mapped[Case] = to("Case", "Visit.case_id")
    crew: Mapped[list["VisitCrew"]] = relationship(
        primaryjoin="Visit.id == foreign(VisitCrew.visit_id)", order_by="VisitCrew.position", viewonly=True
    )


class VisitCrew(Row):
    """One of the staff of a visit; position 1 leads."""

    __tablename__ = "visit_crew"
    __table_args__ = keys(
        belongs("visit_id", "visit"), belongs("staff_id", "staff"), UniqueConstraint("visit_id", "staff_id")
    )

    visit_id: Mapped[int]
    staff_id: Mapped[int] = mapped_column(index=True)
    position: Mapped[int]

    staff: Mapped[Staff] = to("Staff", "VisitCrew.staff_id")


class VisitCell(Row):
    """A quarter of an hour of one person's day. The key decides when two visits want the same one."""

    __tablename__ = "visit_cell"
    __table_args__ = keys(
        belongs("visit_id", "visit"),
        belongs("staff_id", "staff"),
        UniqueConstraint("lender_id", "staff_id", "starts_at"),
    )

    visit_id: Mapped[int] = mapped_column(index=True)
    staff_id: Mapped[int]
    starts_at: Mapped[datetime]


class VisitMove(Row):
    """One move of a visit from state to state: who, when and, at arrival and departure, where."""

    __tablename__ = "visit_move"
    __table_args__ = keys(belongs("visit_id", "visit"))

    visit_id: Mapped[int] = mapped_column(index=True)
    from_state: Mapped[VisitState | None] = word(VisitState)
    to_state: Mapped[VisitState] = word(VisitState)
    actor: Mapped[str]
    reason: Mapped[str | None]
    note_sealed: Mapped[bytes | None]
    position_sealed: Mapped[bytes | None]

    note = Sealed("note_sealed")
    position = Sealed("position_sealed")


class ChecklistAnswer(Row):
    """One answer to one item. Answers are added, never changed: the newest counts."""

    __tablename__ = "checklist_answer"
    __table_args__ = keys(belongs("visit_id", "visit"))

    visit_id: Mapped[int] = mapped_column(index=True)
    item: Mapped[ChecklistItem] = word(ChecklistItem)
    result: Mapped[ChecklistResult] = word(ChecklistResult)
    note_sealed: Mapped[bytes | None]
    actor: Mapped[str]

    note = Sealed("note_sealed")


class Finding(Row):
    """What the visit learned. Structured, minimal, consented."""

    __tablename__ = "finding"
    __table_args__ = keys(belongs("visit_id", "visit"))

    visit_id: Mapped[int] = mapped_column(index=True)
    reason: Mapped[ArrearsReason] = word(ArrearsReason)
    difficulties_sealed: Mapped[bytes | None]
    product_views_sealed: Mapped[bytes | None]
    actor: Mapped[str]

    difficulties = Sealed("difficulties_sealed")
    product_views = Sealed("product_views_sealed")
