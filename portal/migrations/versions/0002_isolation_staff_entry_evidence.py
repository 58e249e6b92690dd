"""Isolation, staff entry, evidence"""

import sqlalchemy as sa
from alembic import op

from portal.migrations.isolation import append_only, on_postgresql, protect
from portal.models import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OF_LENDERS = (
    "adjustment",
    "agreement",
    "approval",
    "archive",
    "audit_entry",
    "audit_head",
    "book_import",
    "borrower",
    "budget",
    "case",
    "case_loan",
    "case_move",
    "checklist_answer",
    "code_challenge",
    "complaint",
    "complaint_decision",
    "complaint_message",
    "complaint_move",
    "concession",
    "consent",
    "contact",
    "contact_point",
    "data_key",
    "decision",
    "finding",
    "follow_up",
    "hold",
    "instalment",
    "job_run",
    "loan",
    "message",
    "original",
    "payment",
    "payment_account",
    "personal_link",
    "plan",
    "plan_instalment",
    "plan_loan",
    "promise",
    "proof",
    "proof_review",
    "registration",
    "signature",
    "staff",
    "staff_role",
    "stored_file",
    "training",
    "visit",
    "visit_cell",
    "visit_crew",
    "visit_move",
)


def upgrade() -> None:
    _functions()
    _keys()
    _staff_entry()
    _audit()
    protect(*OF_LENDERS, "invitation", "recovery_code")
    _lenders_change_only_themselves()


def _functions() -> None:
    """What the policies ask, and what only the owner of a table may do for the portal's role."""
    if not on_postgresql():
        return
    op.execute(
        "CREATE FUNCTION current_lender() RETURNS bigint LANGUAGE sql STABLE AS "
        "$$ SELECT nullif(current_setting('portal.lender_id', true), '')::bigint $$"
    )
    op.execute(
        "CREATE FUNCTION refresh_statistics(of_table text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog, public AS $$ BEGIN EXECUTE format('ANALYZE %I', of_table); END $$"
    )


def _keys() -> None:
    op.create_table(
        "installation_key",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_installation_key")),
        sqlite_strict=True,
    )


def _of_staff(table: str, *columns: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("staff_id", types.Whole, nullable=False),
        *columns,
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lender_id", "staff_id"],
            ["staff.lender_id", "staff.id"],
            name=op.f(f"fk_{table}_lender_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f(f"fk_{table}_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("lender_id", "id", name=op.f(f"uq_{table}_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f(f"uq_{table}_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f(f"ix_{table}_staff_id"), table, ["staff_id"])


def _staff_entry() -> None:
    _of_staff(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
    )
    with op.batch_alter_table("invitation") as table:
        table.create_unique_constraint(op.f("uq_invitation_token_hash"), ["token_hash"])
    _of_staff(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
    )
    op.add_column("staff", sa.Column("version", types.Whole, nullable=True))
    op.execute("UPDATE staff SET version = 1")
    with op.batch_alter_table("staff") as table:
        table.add_column(sa.Column("authenticator_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("authenticator_since", types.UtcDateTime(), nullable=True))
        table.add_column(sa.Column("authenticator_step", types.Whole, nullable=True))
        table.add_column(sa.Column("signed_in_at", types.UtcDateTime(), nullable=True))
        table.alter_column("version", nullable=False)
        table.alter_column("password_hash", nullable=True)
    op.execute("DELETE FROM web_session")  # they have no name yet; everybody signs in again
    with op.batch_alter_table("web_session") as table:
        table.add_column(sa.Column("ref", sa.Text(), nullable=False))
        table.add_column(sa.Column("device", sa.Text(), nullable=True))
        table.create_unique_constraint(op.f("uq_web_session_ref"), ["ref"])


def _audit() -> None:
    """The chain outlives whom it names; rows are only ever added."""
    for name in ("audit_entry", "audit_head"):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"fk_{name}_lender_id"), type_="foreignkey")
    append_only("audit_entry")


def _lenders_change_only_themselves() -> None:
    """Every process reads which lenders there are; changing one is for its own session."""
    if not on_postgresql():
        return
    op.execute("ALTER TABLE lender ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE lender FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY everybody_reads ON lender FOR SELECT USING (true)")
    op.execute("CREATE POLICY anybody_adds ON lender FOR INSERT WITH CHECK (true)")
    op.execute("CREATE POLICY own_row ON lender FOR UPDATE USING (id = current_lender())")


def downgrade() -> None:
    raise RuntimeError("this step is not taken back: restore a backup")
