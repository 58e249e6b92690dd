"""A lender: the tenant to whom every other row belongs, its keys and its payment accounts."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Row, keys
from portal.models.types import Day, Facts, Flag, UtcDateTime


class Lender(Base):
    __tablename__ = "lender"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ref: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    preset: Mapped[str]
    host: Mapped[str | None] = mapped_column(unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Facts)  # locale -> name
    hand_in_place: Mapped[dict[str, str]] = mapped_column(Facts)  # locale -> address and hours
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)  # PKCS#12, locked with a passphrase
    passphrase_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed with a key of the lender
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    aged_on: Mapped[date | None] = mapped_column(Day)  # the business date of the figures on its loans
    # Its own carriers, as addresses sealed with a key of the lender; else those of the installation.
    sms_url_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    mail_url_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # What its gateways sign their delivery reports with, sealed likewise; None: it takes no reports.
    report_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class DataKey(Row):
    """A key that seals the lender's values; wrapped by the master key, which is not in the database."""

    __tablename__ = "data_key"
    __table_args__ = keys()

    wrapped: Mapped[bytes]
    retired_at: Mapped[datetime | None]


class InstallationKey(Base):
    """A key of the installation as a whole, wrapped by the master key; it stays when that one is replaced."""

    __tablename__ = "installation_key"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaymentAccount(Row):
    """An account the lender owns. Borrowers are only ever shown one of these."""

    __tablename__ = "payment_account"
    __table_args__ = keys(CheckConstraint("length(currency) = 3", name="currency"))

    currency: Mapped[str]
    bank: Mapped[dict[str, str]] = mapped_column(Facts)
    holder: Mapped[dict[str, str]] = mapped_column(Facts)
    number: Mapped[str]
    active: Mapped[bool] = mapped_column(Flag, default=True)


class PolicyVersion(Row):
    """A version of the lender's pack that was in force: kept whole, so that a decision can be read later."""

    __tablename__ = "policy_version"
    __table_args__ = keys(UniqueConstraint("lender_id", "digest"))

    code: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    effective_from: Mapped[date] = mapped_column(Day)
    content: Mapped[dict[str, object]] = mapped_column(Facts)  # key -> {"value", "why"}, and the sources
