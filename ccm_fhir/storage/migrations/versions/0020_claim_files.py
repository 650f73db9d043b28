"""Claim files: who bills by them, whom they go to, what they were made of, answers and money.

Everything that says what happened is append-only. A file's bytes are sealed in a table of their
own, since a change of keys seals them again.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "claim_file",
    "claim_file_writing",
    "filed_claim",
    "answer_file",
    "claim_answer",
    "remittance_file",
    "paid_answer",
)
TABLES = (
    *APPEND_ONLY,
    "claim_file_content",
    "practice_billing",
    "trading_partner",
    "practitioner_name",
)
OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    _billing()
    _files()
    _answers()
    _remittances()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _billing() -> None:
    op.create_table(
        "practice_billing",
        *_texts("practice_id", "id", "name"),
        sa.Column("tax_id_sealed", sa.LargeBinary(), nullable=False),
        *_texts("taxonomy", "setting", "line", "line2", "city", "state", "postal_code"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_billing")),
        _unique("practice_billing", "practice_id"),
        _of_practice("practice_billing"),
    )
    op.create_table(
        "trading_partner",
        *_texts("practice_id", "id", "submitter_name", "submitter_qualifier", "submitter_id"),
        *_texts("contact_name", "contact_phone"),
        *_texts("receiver_name", "receiver_qualifier", "receiver_id", "payer_name", "payer_id"),
        _flag("is_production"),
        *_texts("claims_leave_by"),
        _flag("has_provider_signature"),
        *_texts("assignment"),
        _flag("are_benefits_assigned"),
        _flag("may_release_information"),
        _number("control_numbers_after"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trading_partner")),
        _unique("trading_partner", "practice_id"),
        sa.CheckConstraint(
            "control_numbers_after >= 0", name=op.f("ck_trading_partner_numbers_are_not_negative")
        ),
        _of_practice("trading_partner"),
    )
    op.create_table(
        "practitioner_name",
        *_texts("practice_id", "user_id", "family", "given", "middle", "suffix"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_practitioner_name")),
        _of_practice("practitioner_name"),
        _belongs_to("practitioner_name", "user_id", "app_user"),
    )


def _files() -> None:
    op.create_table(
        "claim_file",
        *_texts("practice_id", "id", "month"),
        *(_number(name) for name in ("number", "first_set_control", "last_set_control")),
        _flag("is_production"),
        *_texts("submitter_id", "receiver_id", "payer_id"),
        _number("claims"),
        _number("total_cents"),
        *_texts("sha256"),
        _moment("made_at"),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_file")),
        _unique("claim_file", "practice_id", "id"),
        _unique("claim_file", "practice_id", "number"),
        _unique("claim_file", "practice_id", "first_set_control"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_claim_file_numbers_start_at_one")),
        sa.CheckConstraint(
            "last_set_control >= first_set_control", name=op.f("ck_claim_file_sets_are_in_order")
        ),
        sa.CheckConstraint("claims >= 1", name=op.f("ck_claim_file_a_file_holds_a_claim")),
        _of_practice("claim_file"),
        _belongs_to("claim_file", "user_id", "app_user"),
    )
    _index("claim_file", "practice_id", "month")
    op.create_table(
        "claim_file_content",
        *_texts("practice_id", "file_id"),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_claim_file_content")),
        _of_practice("claim_file_content"),
        _belongs_to("claim_file_content", "file_id", "claim_file"),
    )
    op.create_table(
        "claim_file_writing",
        *_texts("practice_id", "id", "file_id"),
        _moment("written_at"),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_file_writing")),
        _of_practice("claim_file_writing"),
        _belongs_to("claim_file_writing", "file_id", "claim_file"),
    )
    _index("claim_file_writing", "practice_id", "file_id")
    op.create_table(
        "filed_claim",
        *_texts("practice_id", "id", "file_id", "claim_id"),
        _number("revision"),
        *_texts("claim_number"),
        _number("set_control"),
        _flag("is_production"),
        _number("turn"),
        *_texts("reason"),
        _number("total_cents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filed_claim")),
        _unique("filed_claim", "practice_id", "id"),
        _unique("filed_claim", "practice_id", "claim_id", "is_production", "turn"),
        _unique("filed_claim", "file_id", "claim_id"),
        sa.CheckConstraint("turn >= 1", name=op.f("ck_filed_claim_turns_start_at_one")),
        sa.CheckConstraint(
            "turn = 1 OR reason <> ''", name=op.f("ck_filed_claim_a_second_turn_has_a_reason")
        ),
        _of_practice("filed_claim"),
        _belongs_to("filed_claim", "file_id", "claim_file"),
        _belongs_to("filed_claim", "claim_id", "claim"),
    )
    _index("filed_claim", "practice_id", "claim_number")
    _index("filed_claim", "practice_id", "file_id")


def _answers() -> None:
    op.create_table(
        "answer_file",
        *_texts("practice_id", "id", "kind", "sha256"),
        _number("matched"),
        _number("unmatched"),
        _moment("read_at"),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_file")),
        _unique("answer_file", "practice_id", "id"),
        _unique("answer_file", "practice_id", "sha256"),
        _of_practice("answer_file"),
        _belongs_to("answer_file", "user_id", "app_user"),
    )
    op.create_table(
        "claim_answer",
        *_texts("practice_id", "id", "answer_id", "filed_id", "kind", "verdict", "codes"),
        *_texts("payer_control_number"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_answer")),
        _of_practice("claim_answer"),
        _belongs_to("claim_answer", "answer_id", "answer_file"),
        _belongs_to("claim_answer", "filed_id", "filed_claim"),
    )
    _index("claim_answer", "practice_id", "filed_id")


def _remittances() -> None:
    op.create_table(
        "remittance_file",
        *_texts("practice_id", "id", "sha256"),
        _number("matched"),
        _number("unmatched"),
        _moment("read_at"),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_file")),
        _unique("remittance_file", "practice_id", "id"),
        _of_practice("remittance_file"),
        _belongs_to("remittance_file", "user_id", "app_user"),
    )
    op.create_table(
        "paid_answer",
        *_texts("practice_id", "id", "remittance_id", "claim_id", "key_hash", "key_json"),
        *_texts("matched_by", "answer_json"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paid_answer")),
        _unique("paid_answer", "practice_id", "key_hash"),
        _of_practice("paid_answer"),
        _belongs_to("paid_answer", "remittance_id", "remittance_file"),
        _belongs_to("paid_answer", "claim_id", "claim"),
    )
    _index("paid_answer", "practice_id", "claim_id")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _of_practice(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
    )


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{parent}.practice_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _guard_on_postgresql() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
            f"{table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")


def _guard_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
