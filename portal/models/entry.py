"""Entering: personal links, one-time codes, sessions, throttles, and how a secret finds its lender."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.tenancy import OfLender
from portal.models.base import Base, Row, belongs, keys, word
from portal.models.types import Facts, UtcDateTime
from portal.vocabulary import Channel, CodePurpose


class Locator(Base):
    """Which lender a token, an address or a number belongs to. Holds hashes and nothing else."""

    __tablename__ = "locator"

    kind: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))


class PersonalLink(Row):
    """A borrower's personal link. Only the hash of its token is stored."""

    __tablename__ = "personal_link"
    __table_args__ = keys(belongs("borrower_id", "borrower"), UniqueConstraint("token_hash"))

    borrower_id: Mapped[int] = mapped_column(index=True)
    token_hash: Mapped[bytes]
    channel: Mapped[Channel] = word(Channel)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    uses: Mapped[int] = mapped_column(default=0)
    failed_tries: Mapped[int] = mapped_column(default=0)


class CodeChallenge(Row):
    """A one-time code that was sent. Bound to the browser that asked; the newest only; used once."""

    __tablename__ = "code_challenge"
    __table_args__ = keys(
        belongs("borrower_id", "borrower"),
        belongs("staff_id", "staff"),
        CheckConstraint("(borrower_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
    )

    borrower_id: Mapped[int | None] = mapped_column(index=True)
    staff_id: Mapped[int | None]
    purpose: Mapped[CodePurpose] = word(CodePurpose)
    subject: Mapped[str]  # reference of the link or of the agreement
    browser: Mapped[bytes]  # hash of the session that asked
    code_hash: Mapped[bytes]
    channel: Mapped[Channel] = word(Channel)
    expires_at: Mapped[datetime]
    failed_tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A browser's session. The cookie holds the id, the database its hash."""

    __tablename__ = "web_session"
    __table_args__ = (Index(None, "actor"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)  # names the session in the list of a person's sessions
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    actor: Mapped[str | None]  # "staff:…" or "borrower:…" once signed in
    device: Mapped[str | None]  # family names such as "Firefox · Windows", for that list
    data: Mapped[dict[str, object]] = mapped_column(Facts)  # no personal value
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Throttle(Base):
    """How often something was tried within a window, counted for all processes together."""

    __tablename__ = "throttle"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    count: Mapped[int]


class IdempotencyRecord(Base):
    """The answer to a creating POST, kept so that a double click gets the same one."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("actor", "endpoint", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    actor: Mapped[str]
    endpoint: Mapped[str]
    key: Mapped[str]
    parameters: Mapped[bytes]  # hash of what was sent
    status: Mapped[int]
    location: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JobRun(OfLender, Base):
    """One run of a job for one lender and slot. The key makes a second worker stand back."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "lender_id", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job: Mapped[str]
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))
    slot: Mapped[str]  # the business date, or the time of an intraday run
    state: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, object] | None] = mapped_column(Facts)


class Invitation(Row):
    """Lets a member of staff choose a password. Only the hash of its token is stored; the newest counts."""

    __tablename__ = "invitation"
    __table_args__ = keys(belongs("staff_id", "staff"), UniqueConstraint("token_hash"))

    staff_id: Mapped[int] = mapped_column(index=True)
    token_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    actor: Mapped[str]


class RecoveryCode(Row):
    """Stands in once for the code of a lost authenticator. Only its hash is stored."""

    __tablename__ = "recovery_code"
    __table_args__ = keys(belongs("staff_id", "staff"))

    staff_id: Mapped[int] = mapped_column(index=True)
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]
