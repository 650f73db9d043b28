"""The delivery engine: turns, pace of each EHR, what was keyed by hand, reports, signs of life.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OURS = "practice_id = current_setting('app.practice', true)"
TENANT_TABLES = ("delivery_turn", "ehr_pace", "keyed_by_hand", "reconciliation")
APPEND_ONLY = ("keyed_by_hand", "reconciliation")


def upgrade() -> None:
    _make(
        "delivery_turn",
        "delivery_id",
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("due_at", nullable=True),
        _text("reason"),
        _parent("delivery_turn", "delivery_id", "delivery"),
        sa.CheckConstraint("number >= 0", name=op.f("ck_delivery_turn_turns_are_counted")),
    )
    _make(
        "ehr_pace",
        "ehr_id",
        sa.Column("per_minute", sa.Integer(), nullable=True),
        *(
            _moment(name, nullable=True)
            for name in ("next_request_at", "next_delivery_at", "paused_until", "probed_until")
        ),
        _text("reason"),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("failures", "throttled", "opened")
        ),
        _parent("ehr_pace", "ehr_id", "ehr"),
        sa.CheckConstraint(
            "per_minute IS NULL OR per_minute > 0",
            name=op.f("ck_ehr_pace_a_quota_lets_something_by"),
        ),
    )
    _make(
        "keyed_by_hand",
        "delivery_id",
        _text("user_id"),
        _text("ehr_number"),
        _moment("at"),
        _parent("keyed_by_hand", "delivery_id", "delivery"),
        _parent("keyed_by_hand", "user_id", "app_user"),
    )
    _make("reconciliation", "id", _moment("at"), _text("report_json"))
    op.create_index(
        op.f("ix_reconciliation_practice_id_at"), "reconciliation", ["practice_id", "at"]
    )
    op.create_table(
        "worker_lease",
        _text("executor_id"),
        _moment("seen_at"),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_worker_lease")),
    )
    for table in APPEND_ONLY:
        _append_only(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in TENANT_TABLES:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")


def _make(table: str, key: str, *items: sa.Column[Any] | sa.Constraint) -> None:
    op.create_table(
        table,
        _text("practice_id"),
        _text(key),
        *items,
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
        ),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _parent(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{parent}.practice_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
