"""Tasks of care plans: append-only, and what became of each one.

Adds tables alone, so the previous release runs beside it.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

APPEND_ONLY = ("plan_task", "plan_task_end")
OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    op.create_table(
        "plan_task",
        *_texts("practice_id", "id", "patient_id", "text", "performer"),
        sa.Column("due_on", sa.Date(), nullable=True),
        *_texts("part_key", "made_by"),
        _moment("made_at"),
        *_texts("form_key"),
        *_keys("plan_task", "patient_id:patient", "made_by:app_user"),
        _unique("plan_task", "practice_id", "form_key"),
        _unique("plan_task", "practice_id", "id"),
        sa.CheckConstraint("text <> ''", name=op.f("ck_plan_task_a_task_says_what")),
    )
    _index("plan_task", "practice_id", "patient_id", "made_at")
    op.create_table(
        "plan_task_end",
        *_texts("practice_id", "id", "task_id", "outcome", "note", "ended_by"),
        _moment("ended_at"),
        *_keys("plan_task_end", "task_id:plan_task", "ended_by:app_user"),
        _unique("plan_task_end", "practice_id", "task_id"),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        (_keep_on_sqlite if is_sqlite else _keep_on_postgresql)(table)
        if not is_sqlite:
            _guard(table)


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
