"""The loan book at work: what comes next on a case, rules set aside by two people, what a borrower says is not
so, how a borrower wants to be reached, texts of a lender, versions of its pack, books handed in on a page"""

import sqlalchemy as sa
from alembic import op

from portal.migrations.isolation import on_postgresql, protect, unhidden
from portal.models import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "message_template",
    "policy_version",
    "book_upload",
    "preference",
    "contest",
    "dispute",
    "override",
    "party",
    "strategy",
)
HOLDS = "'complaint', 'dispute', 'hardship', 'vulnerable', 'bereavement', 'hospital', 'disaster'"
STATES = "'waiting', 'sent', 'failed'"

CONTACT_WORDS = {
    "result": "'informed', 'promise', 'dispute', 'hardship', 'refuses'",
    "reason": "'job_loss', 'illness', 'income_fall', 'living_cost', 'sudden_event', 'budgeting', "
    "'did_not_understand', 'misled'",
    "attitude": "'cooperative', 'hesitant', 'worried', 'upset', 'unwilling'",
}


def upgrade() -> None:
    _message_template()
    _policy_version()
    _book_upload()
    _preference()
    _contest()
    _dispute()
    _override()
    _party()
    _strategy()
    protect(*TABLES)
    op.add_column("case", sa.Column("cured_on", types.Day(), nullable=True))
    for name in ("sms_url_sealed", "mail_url_sealed", "report_secret_sealed"):
        op.add_column("lender", sa.Column(name, sa.LargeBinary(), nullable=True))
    for name in ("main_since", "undeliverable_since"):
        op.add_column("contact_point", sa.Column(name, types.UtcDateTime(), nullable=True))
    unreached = sa.text("undeliverable_since IS NOT NULL")
    op.create_index(
        "ix_contact_point_undeliverable",
        "contact_point",
        ["borrower_id"],
        sqlite_where=unreached,
        postgresql_where=unreached,
    )
    for name, kind in (("actor", sa.Text()), ("paid", types.Whole), ("decided_on", types.Day())):
        op.add_column("promise", sa.Column(name, kind, nullable=True))
    op.create_index(op.f("ix_promise_lender_id_state_due_on"), "promise", ["lender_id", "state", "due_on"])
    op.create_index(op.f("ix_promise_case_id"), "promise", ["case_id"])
    op.drop_index(op.f("ix_audit_entry_lender_id_case_ref"), "audit_entry")
    in_order = ["lender_id", "case_ref", "sequence"]
    op.create_index(op.f("ix_audit_entry_lender_id_case_ref_sequence"), "audit_entry", in_order)
    has_zone = sa.text("timezone IS NOT NULL")
    op.create_index(
        "ix_borrower_zone",
        "borrower",
        ["lender_id", "timezone"],
        sqlite_where=has_zone,
        postgresql_where=has_zone,
    )
    _decisions()
    _messages()
    _contacts()
    with op.batch_alter_table("hold") as table:
        table.add_column(sa.Column("end_reason_sealed", sa.LargeBinary(), nullable=True))
        table.drop_constraint(op.f("ck_hold_reason_word"), type_="check")
        table.create_check_constraint(
            op.f("ck_hold_reason_word"), f"reason IN ({HOLDS}, 'exam', 'crisis', 'breathing_space')"
        )


def _decisions() -> None:
    with op.batch_alter_table("decision") as table:
        table.add_column(sa.Column("borrower_id", types.Whole, nullable=True))
        table.add_column(sa.Column("override_id", types.Whole, nullable=True))
        table.add_column(sa.Column("facts", types.Facts(), nullable=True))
        table.alter_column("case_id", nullable=True)
        table.create_check_constraint(
            op.f("ck_decision_about"), "case_id IS NOT NULL OR borrower_id IS NOT NULL"
        )
        for name, target in (("borrower_id", "borrower"), ("override_id", "override")):
            table.create_foreign_key(
                op.f(f"fk_decision_lender_id_{name}"), target, ["lender_id", name], ["lender_id", "id"]
            )
        table.create_unique_constraint(op.f("uq_decision_override_id"), ["override_id"])
    op.create_index(op.f("ix_decision_borrower_id"), "decision", ["borrower_id"])
    op.create_index(op.f("ix_decision_lender_id_created_at"), "decision", ["lender_id", "created_at"])


def _messages() -> None:
    """Every message to a borrower names the decision that let it go; one from before gets one that says so."""
    with unhidden("message", "decision"):
        _decide_for_messages_from_before()
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("template_id", types.Whole, nullable=True))
        table.add_column(sa.Column("provider_ref", sa.Text(), nullable=True))
        table.add_column(sa.Column("reported_at", types.UtcDateTime(), nullable=True))
        table.create_foreign_key(
            op.f("fk_message_lender_id_template_id"),
            "message_template",
            ["lender_id", "template_id"],
            ["lender_id", "id"],
        )
        table.drop_constraint(op.f("ck_message_state_word"), type_="check")
        table.create_check_constraint(
            op.f("ck_message_state_word"), f"state IN ({STATES}, 'delivered', 'undelivered', 'withheld')"
        )
        table.create_check_constraint(
            op.f("ck_message_decided"), "borrower_id IS NULL OR decision_id IS NOT NULL"
        )
    op.create_index(op.f("ix_message_lender_id_provider_ref"), "message", ["lender_id", "provider_ref"])


def _decide_for_messages_from_before() -> None:
    asked, yes = "'{\"asked\": []}'", "true" if on_postgresql() else "1"
    asked += "::jsonb" if on_postgresql() else ""
    action = "CASE channel WHEN 'sms' THEN 'sms' WHEN 'letter' THEN 'letter' ELSE 'email' END"
    op.execute(
        "INSERT INTO decision (lender_id, ref, case_id, borrower_id, action, action_class, allowed, rules, "  # noqa: S608
        f"pack_version, actor, created_at) SELECT lender_id, 'M' || ref, case_id, borrower_id, {action}, "
        f"action_class, {yes}, {asked}, 'before decisions were kept', 'system:upgrade', created_at "
        "FROM message WHERE borrower_id IS NOT NULL AND decision_id IS NULL"
    )
    op.execute(
        "UPDATE message SET decision_id = (SELECT d.id FROM decision d WHERE d.ref = 'M' || message.ref) "
        "WHERE borrower_id IS NOT NULL AND decision_id IS NULL"
    )


def _contacts() -> None:
    with op.batch_alter_table("contact") as table:
        for name in ("contact_point_id", "message_id"):
            table.add_column(sa.Column(name, types.Whole, nullable=True))
        for name in ("result", "reason"):
            table.add_column(sa.Column(name, sa.Text(), nullable=True))
        table.add_column(sa.Column("call_back_at", types.UtcDateTime(), nullable=True))
        for name, target in (("contact_point_id", "contact_point"), ("message_id", "message")):
            table.create_foreign_key(
                op.f(f"fk_contact_lender_id_{name}"), target, ["lender_id", name], ["lender_id", "id"]
            )
        for name, words in CONTACT_WORDS.items():
            table.create_check_constraint(op.f(f"ck_contact_{name}_word"), f"{name} IN ({words})")
    op.drop_index(op.f("ix_contact_case_id"), "contact")
    op.create_index(op.f("ix_contact_case_id_at"), "contact", ["case_id", "at"])


def _message_template() -> None:
    op.create_table(
        "message_template",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("number", types.Whole, nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('phone', 'sms', 'email', 'letter', 'portal', 'visit', 'hand_in')",
            name=op.f("ck_message_template_channel_word"),
        ),
        sa.CheckConstraint(
            "locale IN ('zh_Hant', 'zh_Hans', 'en')", name=op.f("ck_message_template_locale_word")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_message_template_number")),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_message_template_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_message_template_lender_id_id")),
        sa.UniqueConstraint(
            "lender_id",
            "name",
            "channel",
            "locale",
            "number",
            name=op.f("uq_message_template_lender_id_name_channel_locale_number"),
        ),
        sa.UniqueConstraint("ref", name=op.f("uq_message_template_ref")),
        sqlite_strict=True,
    )


def _policy_version() -> None:
    op.create_table(
        "policy_version",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("effective_from", types.Day(), nullable=False),
        sa.Column("content", types.Facts(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_policy_version_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("lender_id", "digest", name=op.f("uq_policy_version_lender_id_digest")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_policy_version_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_policy_version_ref")),
        sqlite_strict=True,
    )


def _book_upload() -> None:
    op.create_table(
        "book_upload",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file_id", types.Whole, nullable=True),
        sa.Column("mapping", sa.Text(), nullable=True),
        sa.Column("as_of", types.Day(), nullable=True),
        sa.Column("dry_run", types.Flag(), nullable=False),
        sa.Column("progress", types.Facts(), nullable=False),
        sa.Column("counts", types.Facts(), nullable=False),
        sa.Column("problem_count", types.Whole, nullable=False),
        sa.Column("problems_file_id", types.Whole, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("import_id", types.Whole, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("claimed_until", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'checking', 'writing', 'done', 'unchanged', 'refused', 'failed')",
            name=op.f("ck_book_upload_state_word"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "file_id"],
            ["stored_file.lender_id", "stored_file.id"],
            name=op.f("fk_book_upload_lender_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "import_id"],
            ["book_import.lender_id", "book_import.id"],
            name=op.f("fk_book_upload_lender_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "problems_file_id"],
            ["stored_file.lender_id", "stored_file.id"],
            name=op.f("fk_book_upload_lender_id_problems_file_id"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_book_upload_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_upload")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_book_upload_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_book_upload_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_book_upload_lender_id_state"), "book_upload", ["lender_id", "state"])


def _preference() -> None:
    op.create_table(
        "preference",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("borrower_id", types.Whole, nullable=False),
        sa.Column("opted_out", types.Facts(), nullable=False),
        sa.Column("preferred", types.Facts(), nullable=False),
        sa.Column("nobody_at_home_knows", types.Flag(), nullable=False),
        sa.Column("represented_by_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("exam_day", types.Day(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.ForeignKeyConstraint(
            ["lender_id", "borrower_id"],
            ["borrower.lender_id", "borrower.id"],
            name=op.f("fk_preference_lender_id_borrower_id"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_preference_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference")),
        sa.UniqueConstraint("borrower_id", name=op.f("uq_preference_borrower_id")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_preference_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_preference_ref")),
        sqlite_strict=True,
    )


def _contest() -> None:
    op.create_table(
        "contest",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("case_id", types.Whole, nullable=False),
        sa.Column("entry", types.Whole, nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answered_by", types.Whole, nullable=True),
        sa.Column("answered_at", types.UtcDateTime(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_contest_answered")),
        sa.ForeignKeyConstraint(
            ["lender_id", "answered_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_contest_lender_id_answered_by"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "case_id"], ["case.lender_id", "case.id"], name=op.f("fk_contest_lender_id_case_id")
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_contest_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest")),
        sa.UniqueConstraint("lender_id", "entry", name=op.f("uq_contest_lender_id_entry")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_contest_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_contest_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_contest_case_id"), "contest", ["case_id"])


def _dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("case_id", types.Whole, nullable=False),
        sa.Column("loan_id", types.Whole, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("answer_by", types.Day(), nullable=False),
        sa.Column("answered_by", types.Whole, nullable=True),
        sa.Column("answered_at", types.UtcDateTime(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint("kind IN ('paid', 'not_mine', 'wrong_amount')", name=op.f("ck_dispute_kind_word")),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'not_upheld', 'withdrawn')", name=op.f("ck_dispute_state_word")
        ),
        sa.CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_dispute_answered")),
        sa.ForeignKeyConstraint(
            ["lender_id", "answered_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_dispute_lender_id_answered_by"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "case_id"], ["case.lender_id", "case.id"], name=op.f("fk_dispute_lender_id_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "loan_id"], ["loan.lender_id", "loan.id"], name=op.f("fk_dispute_lender_id_loan_id")
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_dispute_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_dispute_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_dispute_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_dispute_case_id"), "dispute", ["case_id"])
    op.create_index(
        op.f("ix_dispute_lender_id_state_answer_by"), "dispute", ["lender_id", "state", "answer_by"]
    )


def _override() -> None:
    op.create_table(
        "override",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("case_id", types.Whole, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("rules", types.Facts(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("requested_by", types.Whole, nullable=False),
        sa.Column("valid_until", types.UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", types.Whole, nullable=True),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(
            "action IN ('call', 'sms', 'email', 'letter', 'visit_proposal', 'visit_confirmation', 'visit_start', 'third_party')",
            name=op.f("ck_override_action_word"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'refused', 'used')", name=op.f("ck_override_state_word")
        ),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_override_decided")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_override_second_person")
        ),
        sa.CheckConstraint("(decided_by IS NULL) = (state = 'requested')", name=op.f("ck_override_answered")),
        sa.ForeignKeyConstraint(
            ["lender_id", "case_id"],
            ["case.lender_id", "case.id"],
            name=op.f("fk_override_lender_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "decided_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_override_lender_id_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "requested_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_override_lender_id_requested_by"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_override_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_override_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_override_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_override_case_id"), "override", ["case_id"])
    op.create_index(op.f("ix_override_lender_id_state"), "override", ["lender_id", "state"])


def _party() -> None:
    op.create_table(
        "party",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("loan_id", types.Whole, nullable=False),
        sa.Column("party_no", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_type", sa.Text(), nullable=False),
        sa.Column("id_no_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("id_no_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("consent", types.Flag(), nullable=False),
        sa.Column("signs", types.Flag(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "id_type IN ('cn_id', 'tw_id', 'hk_id', 'passport', 'none')", name=op.f("ck_party_id_type_word")
        ),
        sa.CheckConstraint(
            "role IN ('co_borrower', 'guarantor', 'representative')", name=op.f("ck_party_role_word")
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "loan_id"], ["loan.lender_id", "loan.id"], name=op.f("fk_party_lender_id_loan_id")
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_party_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_party_lender_id_id")),
        sa.UniqueConstraint("loan_id", "party_no", name=op.f("uq_party_loan_id_party_no")),
        sa.UniqueConstraint("ref", name=op.f("uq_party_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_party_lender_id_loan_id"), "party", ["lender_id", "loan_id"])


def _strategy() -> None:
    op.create_table(
        "strategy",
        sa.Column("id", types.Whole, autoincrement=True, nullable=False),
        sa.Column("lender_id", types.Whole, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("case_id", types.Whole, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", types.Facts(), nullable=False),
        sa.Column("earliest_at", types.UtcDateTime(), nullable=True),
        sa.Column("due", types.Flag(), nullable=False),
        sa.Column("rank", types.Whole, nullable=False),
        sa.Column("bucket", sa.Text(), nullable=True),
        sa.Column("recheck_on", types.Day(), nullable=True),
        sa.Column("computed_at", types.UtcDateTime(), nullable=False),
        sa.Column("claimed_by", types.Whole, nullable=True),
        sa.Column("claimed_until", types.UtcDateTime(), nullable=True),
        sa.Column("set_by", types.Whole, nullable=True),
        sa.Column("set_until", types.Day(), nullable=True),
        sa.Column("set_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(
            "reason IN ('first_contact', 'no_answer_yet', 'phone_failed', 'phone_and_sms_failed', 'callback_agreed', 'promise_running', 'promise_broken', 'instalment_missed', 'regular', 'cooling_off', 'attempts_used', 'on_hold', 'agreement_kept', 'with_the_borrower', 'no_channel', 'too_early', 'not_overdue', 'legal', 'set_by_person')",
            name=op.f("ck_strategy_reason_word"),
        ),
        sa.CheckConstraint(
            "step IN ('call', 'sms', 'email', 'letter', 'visit_proposal', 'wait', 'none')",
            name=op.f("ck_strategy_step_word"),
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name=op.f("ck_strategy_claimed")
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "case_id"],
            ["case.lender_id", "case.id"],
            name=op.f("fk_strategy_lender_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "claimed_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_strategy_lender_id_claimed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["lender_id", "set_by"],
            ["staff.lender_id", "staff.id"],
            name=op.f("fk_strategy_lender_id_set_by"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_strategy_lender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy")),
        sa.UniqueConstraint("case_id", name=op.f("uq_strategy_case_id")),
        sa.UniqueConstraint("lender_id", "id", name=op.f("uq_strategy_lender_id_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_strategy_ref")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_strategy_lender_id_recheck_on"), "strategy", ["lender_id", "recheck_on"])
    op.create_index(
        op.f("ix_strategy_lender_id_step_due_rank_id"), "strategy", ["lender_id", "step", "due", "rank", "id"]
    )


def downgrade() -> None:
    raise RuntimeError("this step is not taken back: restore a backup")
