"""The loan book as the lender's core system gave it. All money in minor units."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, word
from portal.models.types import Day, Facts, Flag
from portal.vocabulary import DayCount, JobState, Method, PaymentKind, Product, ReliefKind, UploadState


class Loan(Row):
    __tablename__ = "loan"
    __table_args__ = keys(
        belongs("borrower_id", "borrower"),
        belongs("import_id", "book_import"),
        UniqueConstraint("lender_id", "contract_no"),
        Index(None, "lender_id", "borrower_id"),
        Index(None, "lender_id", "dpd"),
        Index(
            "ix_loan_to_look_at",
            "lender_id",
            sqlite_where=text("from_opening = 0"),
            postgresql_where=text("from_opening = false"),
        ),
        CheckConstraint("principal > 0", name="principal"),
        CheckConstraint("annual_rate_ppm >= 0", name="rate"),
        CheckConstraint("length(currency) = 3", name="currency"),
        CheckConstraint("dpd >= 0 AND overdue_amount >= 0 AND outstanding >= 0", name="ageing"),
        CheckConstraint(
            "overdue_principal >= 0 AND overdue_interest >= 0 AND overdue_fees >= 0 AND penalty >= 0 "
            "AND overdue_amount = overdue_principal + overdue_interest + overdue_fees",
            name="overdue_parts",
        ),
    )

    borrower_id: Mapped[int]
    import_id: Mapped[int | None]
    contract_no: Mapped[str]
    product: Mapped[Product] = word(Product)
    currency: Mapped[str]
    principal: Mapped[int]
    annual_rate_ppm: Mapped[int]
    penalty_multiplier_ppm: Mapped[int | None]  # None: the pack's
    start_date: Mapped[date] = mapped_column(Day)
    periods: Mapped[int]
    method: Mapped[Method] = word(Method)
    day_count: Mapped[DayCount] = word(DayCount)
    credit_limit: Mapped[int | None]
    as_of: Mapped[date] = mapped_column(Day)  # the day of the opening balances

    # Written by nightly ageing, for the business date `Lender.aged_on`: see `domain.ledger` for what each is.
    dpd: Mapped[int] = mapped_column(default=0)
    bucket: Mapped[str | None]
    overdue_since: Mapped[date | None] = mapped_column(Day)
    overdue_amount: Mapped[int] = mapped_column(default=0)  # the three parts together, without penalty
    overdue_principal: Mapped[int] = mapped_column(default=0)
    overdue_interest: Mapped[int] = mapped_column(default=0)
    overdue_fees: Mapped[int] = mapped_column(default=0)
    penalty: Mapped[int] = mapped_column(default=0)  # penalty interest and late fees still owed
    reduced_by_cap: Mapped[int] = mapped_column(default=0)
    outstanding: Mapped[int] = mapped_column(default=0)
    credit: Mapped[int] = mapped_column(default=0)  # below zero: more was reversed than came in
    # The figures follow from this opening balance and nothing else: while that is so, only what is overdue or
    # due on the day needs another look.
    from_opening: Mapped[bool] = mapped_column(Flag, default=False)


class Instalment(Row):
    """One row of a schedule. The paid figures are the opening balance at the loan's `as_of`."""

    __tablename__ = "instalment"
    __table_args__ = keys(
        belongs("loan_id", "loan"),
        UniqueConstraint("loan_id", "number"),
        Index(None, "loan_id", "due_date"),
        CheckConstraint("principal >= 0 AND interest >= 0 AND fees >= 0", name="owed"),
        CheckConstraint("principal_paid BETWEEN 0 AND principal", name="principal_paid"),
        CheckConstraint("interest_paid BETWEEN 0 AND interest", name="interest_paid"),
        CheckConstraint("fees_paid BETWEEN 0 AND fees", name="fees_paid"),
    )

    loan_id: Mapped[int]
    number: Mapped[int]
    due_date: Mapped[date] = mapped_column(Day)
    principal: Mapped[int]
    interest: Mapped[int]
    fees: Mapped[int]
    principal_paid: Mapped[int]
    interest_paid: Mapped[int]
    fees_paid: Mapped[int]


class Payment(Row):
    """Money that came in, or went back. Always positive; a reversal is a row of its own."""

    __tablename__ = "payment"
    __table_args__ = keys(
        belongs("loan_id", "loan"),
        UniqueConstraint("lender_id", "payment_no"),
        Index(None, "loan_id", "paid_on"),
        CheckConstraint("amount > 0", name="amount"),
    )

    loan_id: Mapped[int]
    payment_no: Mapped[str]
    paid_on: Mapped[date] = mapped_column(Day)
    amount: Mapped[int]
    currency: Mapped[str]
    kind: Mapped[PaymentKind] = word(PaymentKind)
    reference: Mapped[str]


class Relief(Row):
    """A concession on a contract as a dated fact, in force until it is withdrawn: see `domain.relief`."""

    __tablename__ = "relief"
    __table_args__ = keys(
        belongs("loan_id", "loan"),
        belongs("agreement_id", "agreement"),
        Index(None, "lender_id", "loan_id"),
        CheckConstraint("last_day IS NULL OR last_day >= first_day", name="days"),
        CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "(kind IN ('penalty_waiver', 'interest_waiver')) = ((share_ppm IS NULL) <> (amount IS NULL))",
            name="how_much",
        ),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
    )

    loan_id: Mapped[int]
    agreement_id: Mapped[int | None]
    kind: Mapped[ReliefKind] = word(ReliefKind)
    first_day: Mapped[date] = mapped_column(Day)
    last_day: Mapped[date | None] = mapped_column(Day)  # None: until it is withdrawn
    share_ppm: Mapped[int | None]
    amount: Mapped[int | None]
    actor: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawal_reason_sealed: Mapped[bytes | None]

    withdrawal_reason = Sealed("withdrawal_reason_sealed")


class BookImport(Row):
    """One import of the loan book: which files (by digest), as of when, with what result."""

    __tablename__ = "book_import"
    __table_args__ = keys(UniqueConstraint("lender_id", "digest"))

    digest: Mapped[str]
    as_of: Mapped[date] = mapped_column(Day)
    state: Mapped[JobState] = word(JobState)
    counts: Mapped[dict[str, int]] = mapped_column(Facts)
    finished_at: Mapped[datetime | None]


class BookUpload(EditedRow):
    """A loan book handed in on the page: checked and written by the worker, which tells how far it is."""

    __tablename__ = "book_upload"
    __table_args__ = keys(
        belongs("file_id", "stored_file"),
        belongs("problems_file_id", "stored_file"),
        belongs("import_id", "book_import"),
        Index(None, "lender_id", "state"),
    )

    state: Mapped[UploadState] = word(UploadState)
    name: Mapped[str]
    file_id: Mapped[int | None]  # None: it was taken in or refused, and is gone
    mapping: Mapped[str | None]  # the text of a mapping file
    as_of: Mapped[date | None] = mapped_column(Day)
    dry_run: Mapped[bool] = mapped_column(Flag)
    progress: Mapped[dict[str, object]] = mapped_column(Facts)
    counts: Mapped[dict[str, object]] = mapped_column(Facts)
    problem_count: Mapped[int] = mapped_column(default=0)
    problems_file_id: Mapped[int | None]
    problem: Mapped[str | None]  # why the set as a whole was not taken
    import_id: Mapped[int | None]
    actor: Mapped[str]
    claimed_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
