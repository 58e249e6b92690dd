"""A person who owes, and how to reach them."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import BlindIndex, Row, Sealed, belongs, keys, word
from portal.models.types import Flag
from portal.vocabulary import ContactKind, IdType, Locale


class Borrower(Row):
    __tablename__ = "borrower"
    __table_args__ = keys(
        UniqueConstraint("lender_id", "borrower_no"), Index(None, "lender_id", "id_no_index")
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
    )

    borrower_id: Mapped[int]
    kind: Mapped[ContactKind] = word(ContactKind)
    main: Mapped[bool] = mapped_column(Flag)
    value_sealed: Mapped[bytes]
    value_index: Mapped[bytes]
    area_sealed: Mapped[bytes | None]  # province and city of a place
    position_sealed: Mapped[bytes | None]  # "latitude,longitude" of a place

    value = Sealed("value_sealed", index=BlindIndex("value_index", "contact.{kind}"))
    area = Sealed("area_sealed")
    position = Sealed("position_sealed")
