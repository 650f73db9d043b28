"""Consent as recorded here, and what practitioners said of Conditions.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("recorded_consent", "condition_review")


def upgrade() -> None:
    _recorded_consent()
    _condition_review()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        if is_sqlite:
            _refuse_on_sqlite(table, "UPDATE")
            _refuse_on_sqlite(table, "DELETE")
        else:
            op.execute(
                f"CREATE TRIGGER tr_{table}_append_only "
                f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _recorded_consent() -> None:
    op.create_table(
        "recorded_consent",
        *_texts("practice_id", "id", "patient_id", "decision"),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        *_texts("statements_json"),
        *_texts("mode", null=True),
        *_texts("language"),
        *_texts("given_by", null=True),
        *_texts(
            "representative_name",
            "representative_relation",
            "script_version",
            "note",
            "recorded_by",
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        *_texts("supersedes_id", null=True),
        *_texts("change_reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_consent")),
        sa.CheckConstraint(
            "(supersedes_id IS NULL) = (change_reason = '')",
            name=op.f("ck_recorded_consent_corrections_say_why"),
        ),
        sa.CheckConstraint(
            "decision <> 'entered_in_error' OR supersedes_id IS NOT NULL",
            name=op.f("ck_recorded_consent_an_error_is_of_something"),
        ),
        sa.CheckConstraint(
            "(effective_on IS NOT NULL) = (decision = 'revoked')",
            name=op.f("ck_recorded_consent_revocations_take_effect"),
        ),
        _of_practice("recorded_consent"),
        _belongs_to("recorded_consent", "patient_id", "patient"),
        _belongs_to("recorded_consent", "recorded_by", "app_user"),
        _belongs_to("recorded_consent", "supersedes_id", "recorded_consent"),
        _unique("recorded_consent", "practice_id", "form_key"),
        _unique("recorded_consent", "practice_id", "id"),
        _unique("recorded_consent", "supersedes_id"),
    )
    columns = ("practice_id", "patient_id", "recorded_at")
    op.create_index(
        op.f(f"ix_recorded_consent_{'_'.join(columns)}"), "recorded_consent", list(columns)
    )


def _condition_review() -> None:
    op.create_table(
        "condition_review",
        *_texts(
            "practice_id",
            "id",
            "patient_id",
            "condition_id",
            "condition_version",
            "fingerprint",
            "answer",
            "family",
            "reason",
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_texts("user_id", "person"),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_review")),
        sa.CheckConstraint(
            "revision >= 1", name=op.f("ck_condition_review_revisions_start_at_one")
        ),
        _of_practice("condition_review"),
        _belongs_to("condition_review", "patient_id", "patient"),
        _belongs_to("condition_review", "user_id", "app_user"),
        _unique("condition_review", "practice_id", "form_key"),
        sa.UniqueConstraint(
            "practice_id",
            "patient_id",
            "condition_id",
            "revision",
            name=op.f("uq_condition_review_revision"),
        ),
    )


def _refuse_on_sqlite(table: str, act: str) -> None:
    op.execute(
        f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


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


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))
