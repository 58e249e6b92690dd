"""The lender's staff: roles, training."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, word
from portal.models.types import Day
from portal.vocabulary import Locale, Role


class Staff(EditedRow):
    """Somebody who works for the lender. Without a password the invitation was not taken up yet; without a
    confirmed authenticator they set one up before anything else."""

    __tablename__ = "staff"
    __table_args__ = keys(
        UniqueConstraint("lender_id", "number"),
        UniqueConstraint("lender_id", "email_index"),
        belongs("manager_id", "staff"),
    )

    number: Mapped[str]
    name_sealed: Mapped[bytes]
    email_sealed: Mapped[bytes]
    email_index: Mapped[bytes]
    locale: Mapped[Locale] = word(Locale)
    password_hash: Mapped[str | None]
    manager_id: Mapped[int | None]
    disabled_at: Mapped[datetime | None]
    authenticator_sealed: Mapped[bytes | None]  # the shared secret, in base32
    authenticator_since: Mapped[datetime | None]  # confirmed with a first code
    authenticator_step: Mapped[int | None]  # the last time step that was used: a code counts once
    signed_in_at: Mapped[datetime | None]

    name = Sealed("name_sealed")
    email = Sealed("email_sealed")
    authenticator = Sealed("authenticator_sealed")

    roles: Mapped[list["StaffRole"]] = relationship(
        primaryjoin="Staff.id == foreign(StaffRole.staff_id)", viewonly=True, lazy="selectin"
    )


class StaffRole(Row):
    __tablename__ = "staff_role"
    __table_args__ = keys(belongs("staff_id", "staff"), UniqueConstraint("lender_id", "staff_id", "role"))

    staff_id: Mapped[int]
    role: Mapped[Role] = word(Role)


class Training(Row):
    """A module a member of staff passed. Without the required ones, nobody goes on a visit."""

    __tablename__ = "training"
    __table_args__ = keys(belongs("staff_id", "staff"), UniqueConstraint("staff_id", "module", "passed_on"))

    staff_id: Mapped[int] = mapped_column(index=True)
    module: Mapped[str]
    passed_on: Mapped[date] = mapped_column(Day)
