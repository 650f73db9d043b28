"""Corrections of claims, stated with their reason; and what payers decided as the EHR shows it.

Both are append-only. A statement opens or closes a patient's month, so the month's standing is
marked as overtaken by it, as by a signature.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("claim_statement", "ehr_answer")
OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    _statements()
    _ehr_answers()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _statements() -> None:
    op.create_table(
        "claim_statement",
        *_texts("practice_id", "id", "claim_id", "patient_id", "month"),
        sa.Column("turn", sa.Integer(), nullable=False),
        *_texts("said", "reason", "user_id"),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_statement")),
        _unique("claim_statement", "practice_id", "claim_id", "turn"),
        _unique("claim_statement", "practice_id", "form_key"),
        sa.CheckConstraint("turn >= 1", name=op.f("ck_claim_statement_turns_start_at_one")),
        sa.CheckConstraint(
            "reason <> ''", name=op.f("ck_claim_statement_a_statement_has_a_reason")
        ),
        _of_practice("claim_statement"),
        _belongs_to("claim_statement", "claim_id", "claim"),
        _belongs_to("claim_statement", "patient_id", "patient"),
        _belongs_to("claim_statement", "user_id", "app_user"),
    )
    op.create_index(
        op.f("ix_claim_statement_practice_id_month"), "claim_statement", ["practice_id", "month"]
    )


def _ehr_answers() -> None:
    op.create_table(
        "ehr_answer",
        *_texts("practice_id", "id", "claim_id", "source_ref"),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        *_texts("answer_json"),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ehr_answer")),
        _unique("ehr_answer", "practice_id", "claim_id", "source_ref", "turn"),
        sa.CheckConstraint("turn >= 1", name=op.f("ck_ehr_answer_turns_start_at_one")),
        _of_practice("ehr_answer"),
        _belongs_to("ehr_answer", "claim_id", "claim"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


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


def _guard_on_postgresql() -> None:
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
            f"{table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    op.execute(
        "CREATE TRIGGER tr_claim_statement_noted_insert AFTER INSERT ON claim_statement "
        "FOR EACH ROW EXECUTE FUNCTION note_patient()"
    )


def _guard_on_sqlite() -> None:
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER tr_claim_statement_noted_insert AFTER INSERT ON claim_statement BEGIN "
        "INSERT INTO month_change (id, practice_id, patient_id) "
        "VALUES (lower(hex(randomblob(16))), NEW.practice_id, NEW.patient_id); END"
    )
