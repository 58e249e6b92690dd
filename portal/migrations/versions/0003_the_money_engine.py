"""The money engine: relief on contracts, and what a night finds on every loan"""

import sqlalchemy as sa
from alembic import op

from portal.migrations.isolation import on_postgresql, protect, unhidden
from portal.models import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FIGURES = (
    "overdue_principal",
    "overdue_interest",
    "overdue_fees",
    "penalty",
    "reduced_by_cap",
    "credit",
)
PARTS = (
    "overdue_principal >= 0 AND overdue_interest >= 0 AND overdue_fees >= 0 AND penalty >= 0 "
    "AND overdue_amount = overdue_principal + overdue_interest + overdue_fees"
)


def upgrade() -> None:
    _relief()
    _figures()
    protect("relief")


def _relief() -> None:
    op.create_table(
        "relief",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("loan_id", types.Whole, nullable=False),
        sa.Column("agreement_id", types.Whole, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_day", types.Day(), nullable=False),
        sa.Column("last_day", types.Day(), nullable=True),
        sa.Column("share_ppm", types.Whole, nullable=True),
        sa.Column("amount", types.Whole, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", types.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawal_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('penalty_waiver', 'interest_waiver')) = ((share_ppm IS NULL) <> (amount IS NULL))",
            name=op.f("ck_relief_how_much"),
        ),
        sa.CheckConstraint(
            "kind IN ('penalty_waiver', 'interest_waiver', 'penalty_stop', 'delinquency_pause')",
            name=op.f("ck_relief_kind_word"),
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_relief_withdrawn")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_relief_amount")),
        sa.CheckConstraint("last_day IS NULL OR last_day >= first_day", name=op.f("ck_relief_days")),
        sa.CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name=op.f("ck_relief_share")),
        sa.ForeignKeyConstraint(
            ["lender_id", "agreement_id"],
            ["agreement.lender_id", "agreement.id"],
            name=op.f("fk_relief_lender_id_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "loan_id"], ["loan.lender_id", "loan.id"], name=op.f("fk_relief_lender_id_loan_id")
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_relief_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relief")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_relief_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_relief_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_relief_lender_id_loan_id"), "relief", ["lender_id", "loan_id"])


def _figures() -> None:
    """The parts of what is overdue are told apart by the next night; until then they count as principal."""
    op.add_column("lender", sa.Column("aged_on", types.Day(), nullable=True))
    with unhidden("lender", "loan"):
        _tell_when_and_how_much()
    with op.batch_alter_table("loan") as table:
        for name in (*FIGURES, "from_opening"):
            table.alter_column(name, server_default=None)
        table.create_check_constraint(op.f("ck_loan_overdue_parts"), PARTS)
        table.drop_column("aged_on")
    op.create_index(
        "ix_loan_to_look_at",
        "loan",
        ["lender_id"],
        sqlite_where=sa.text("from_opening = 0"),
        postgresql_where=sa.text("from_opening = false"),
    )


def _tell_when_and_how_much() -> None:
    op.execute("UPDATE lender SET aged_on = (SELECT max(aged_on) FROM loan WHERE lender_id = lender.id)")
    for name in FIGURES:
        op.add_column("loan", sa.Column(name, types.Whole, nullable=False, server_default="0"))
    nothing = sa.false() if on_postgresql() else "0"
    op.add_column("loan", sa.Column("from_opening", types.Flag(), nullable=False, server_default=nothing))
    op.execute("UPDATE loan SET overdue_principal = overdue_amount")


def downgrade() -> None:
    raise RuntimeError("this step is not taken back: restore a backup")
