"""A person who owes, and how to reach them."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import BlindIndex, EditedRow, Row, Sealed, belongs, keys, word
from portal.models.types import Day, Facts, Flag
from portal.vocabulary import ContactKind, IdType, Locale, PartyRole


class Borrower(Row):
    __tablename__ = "borrower"
    __table_args__ = keys(
        UniqueConstraint("lender_id", "borrower_no"),
        Index(None, "lender_id", "id_no_index"),
        # The few who live in another zone than the lender's: which zones there are is asked for every list.
        Index(
            "ix_borrower_zone",
            "lender_id",
            "timezone",
            sqlite_where=text("timezone IS NOT NULL"),
            postgresql_where=text("timezone IS NOT NULL"),
        ),
    )

    borrower_no: Mapped[str]
    name_sealed: Mapped[bytes]
    id_type: Mapped[IdType] = word(IdType)
    id_no_sealed: Mapped[bytes | None]
    id_no_index: Mapped[bytes | None]
    locale: Mapped[Locale] = word(Locale)
    timezone: Mapped[str | None]  # else the lender's

    name = Sealed("name_sealed")
    id_no = Sealed("id_no_sealed", index=BlindIndex("id_no_index", "borrower.id_no"))


class ContactPoint(Row):
    """A telephone number, an e-mail address or a place. One of each kind is the main one."""

    __tablename__ = "contact_point"
    __table_args__ = keys(
        belongs("borrower_id", "borrower"),
        UniqueConstraint("borrower_id", "kind", "value_index"),
        Index(None, "lender_id", "value_index"),
        # The few that messages do not reach: every list of the night asks which.
        Index(
            "ix_contact_point_undeliverable",
            "borrower_id",
            sqlite_where=text("undeliverable_since IS NOT NULL"),
            postgresql_where=text("undeliverable_since IS NOT NULL"),
        ),
    )

    borrower_id: Mapped[int]
    kind: Mapped[ContactKind] = word(ContactKind)
    main: Mapped[bool] = mapped_column(Flag)
    main_since: Mapped[datetime | None]  # where it became the main one again; None: at once, or never
    undeliverable_since: Mapped[datetime | None]  # when the first message left that did not arrive there
    value_sealed: Mapped[bytes]
    value_index: Mapped[bytes]
    area_sealed: Mapped[bytes | None]  # province and city of a place
    position_sealed: Mapped[bytes | None]  # "latitude,longitude" of a place

    value = Sealed("value_sealed", index=BlindIndex("value_index", "contact.{kind}"))
    area = Sealed("area_sealed")
    position = Sealed("position_sealed")


class Preference(EditedRow):
    """How a borrower wants to be reached. `opted_out`: channels that carry no collection any more;
    `preferred`: hours of the day and days of the week, see `domain.preferences`."""

    __tablename__ = "preference"
    __table_args__ = keys(belongs("borrower_id", "borrower"), UniqueConstraint("borrower_id"))

    borrower_id: Mapped[int]
    opted_out: Mapped[dict[str, object]] = mapped_column(Facts)  # {"channels": [...]}
    preferred: Mapped[dict[str, object]] = mapped_column(Facts)
    nobody_at_home_knows: Mapped[bool] = mapped_column(Flag, default=False)
    represented_by_sealed: Mapped[bytes | None]  # an adviser to talk to instead
    exam_day: Mapped[date | None] = mapped_column(Day)
    actor: Mapped[str]

    represented_by = Sealed("represented_by_sealed")


class Party(Row):
    """Somebody else in a loan contract: what for, whether they agreed to be contacted, whether they sign."""

    __tablename__ = "party"
    __table_args__ = keys(
        belongs("loan_id", "loan"),
        UniqueConstraint("loan_id", "party_no"),
        Index(None, "lender_id", "loan_id"),
    )

    loan_id: Mapped[int]
    party_no: Mapped[str]
    role: Mapped[PartyRole] = word(PartyRole)
    name_sealed: Mapped[bytes]
    id_type: Mapped[IdType] = word(IdType)
    id_no_sealed: Mapped[bytes | None]
    id_no_index: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    scope: Mapped[str]
    consent: Mapped[bool] = mapped_column(Flag)
    signs: Mapped[bool] = mapped_column(Flag)

    name = Sealed("name_sealed")
    id_no = Sealed("id_no_sealed", index=BlindIndex("id_no_index", "party.id_no"))
    phone = Sealed("phone_sealed")
