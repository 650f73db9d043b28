"""Care plans of ours: drafts, and append-only versions, reviews, copies and calls.

Adds tables alone, so the previous release runs beside it.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = ("plan_version", "plan_review", "plan_copy", "plan_outreach")
OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    _draft()
    _version()
    _review()
    _copy()
    _outreach()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        (_keep_on_sqlite if is_sqlite else _keep_on_postgresql)(table)
    if not is_sqlite:
        for table in ("plan_draft", *APPEND_ONLY):
            _guard(table)


def _draft() -> None:
    op.create_table(
        "plan_draft",
        *_texts("practice_id", "id", "patient_id", "user_id", "draft_json"),
        _moment("saved_at"),
        *_keys("plan_draft", "patient_id:patient", "user_id:app_user"),
        _unique("plan_draft", "practice_id", "patient_id", "user_id"),
    )


def _version() -> None:
    op.create_table(
        "plan_version",
        *_texts("practice_id", "id", "patient_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("plan_json"),
        sa.Column("adopted_on", sa.Date(), nullable=False),
        *_texts("adopted_by"),
        _moment("adopted_at"),
        *_texts("form_key"),
        *_keys("plan_version", "patient_id:patient", "adopted_by:app_user"),
        _unique("plan_version", "practice_id", "form_key"),
        _unique("plan_version", "practice_id", "patient_id", "number"),
        _unique("plan_version", "practice_id", "id"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_plan_version_numbers_start_at_one")),
    )


def _review() -> None:
    op.create_table(
        "plan_review",
        *_texts("practice_id", "id", "patient_id", "version_id"),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        *_texts("note", "reviewed_by"),
        _moment("recorded_at"),
        *_texts("form_key"),
        *_keys(
            "plan_review", "patient_id:patient", "version_id:plan_version", "reviewed_by:app_user"
        ),
        _unique("plan_review", "practice_id", "form_key"),
    )
    _index("plan_review", "practice_id", "patient_id", "reviewed_on")


def _copy() -> None:
    op.create_table(
        "plan_copy",
        *_texts("practice_id", "id", "patient_id", "version_id"),
        sa.Column("given_on", sa.Date(), nullable=False),
        *_texts("way", "language", "given_to", "message", "text_sha256", "recorded_by"),
        _moment("recorded_at"),
        *_texts("form_key"),
        *_keys(
            "plan_copy", "patient_id:patient", "version_id:plan_version", "recorded_by:app_user"
        ),
        _unique("plan_copy", "practice_id", "form_key"),
    )
    _index("plan_copy", "practice_id", "patient_id", "given_on")


def _outreach() -> None:
    op.create_table(
        "plan_outreach",
        *_texts("practice_id", "id", "patient_id", "outcome", "note"),
        sa.Column("next_on", sa.Date(), nullable=True),
        *_texts("tried_by"),
        _moment("tried_at"),
        *_texts("form_key"),
        *_keys("plan_outreach", "patient_id:patient", "tried_by:app_user"),
        _unique("plan_outreach", "practice_id", "form_key"),
    )
    _index("plan_outreach", "practice_id", "patient_id", "tried_at")


def _keep_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _keep_on_sqlite(table: str) -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _keys(table: str, *columns: str) -> list[sa.Constraint]:
    parents = [each.split(":") for each in columns]
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{parent}.practice_id", f"{parent}.id"],
                name=op.f(f"fk_{table}_practice_id_{column}"),
            )
            for column, parent in parents
        ),
    ]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
