"""Timers that outlive a page, a server and a session.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from datetime import datetime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("timer_stretch", "timer_policy")


def upgrade() -> None:
    op.create_table(
        "timer",
        *_texts("practice_id", "id", "user_id", "patient_id"),
        *_texts("activity", "contact_mode", null=True),
        *_moments("started_at"),
        *_moments("running_since", null=True),
        *_moments("seen_at", "active_at"),
        sa.Column("is_watched", sa.Boolean(), nullable=False),
        *_moments("closed_at", null=True),
        *_texts("outcome", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.CheckConstraint(
            "closed_at IS NULL OR running_since IS NULL",
            name=op.f("ck_timer_a_closed_timer_does_not_run"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)",
            name=op.f("ck_timer_a_closed_timer_has_an_outcome"),
        ),
        _of_practice("timer"),
        _belongs_to("timer", "patient_id", "patient"),
        _belongs_to("timer", "user_id", "app_user"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_timer_practice_id_id")),
    )
    _one("uq_timer_one_running", ["practice_id", "user_id"], "running_since IS NOT NULL")
    _one("uq_timer_one_open", ["practice_id", "user_id", "patient_id"], "closed_at IS NULL")
    op.create_table(
        "timer_stretch",
        *_texts("practice_id", "id", "timer_id"),
        *_moments("started_at", "ended_at"),
        *_texts("ending"),
        *_moments("recorded_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer_stretch")),
        sa.CheckConstraint(
            "ended_at > started_at", name=op.f("ck_timer_stretch_ends_after_it_starts")
        ),
        _of_practice("timer_stretch"),
        _belongs_to("timer_stretch", "timer_id", "timer"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_timer_stretch_practice_id_id")),
        sa.UniqueConstraint(
            "practice_id",
            "timer_id",
            "started_at",
            name=op.f("uq_timer_stretch_practice_id_timer_id_started_at"),
        ),
    )
    op.create_table(
        "timer_policy",
        *_texts("practice_id", "id", "role", "policy"),
        *_texts("set_by", null=True),
        *_moments("set_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer_policy")),
        _of_practice("timer_policy"),
        _belongs_to("timer_policy", "set_by", "app_user"),
    )
    op.create_index(
        op.f("ix_timer_policy_practice_id_role_set_at"),
        "timer_policy",
        ["practice_id", "role", "set_at"],
    )
    for table in APPEND_ONLY:
        _refuse_change(table)


def _one(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name,
        "timer",
        columns,
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _refuse_change(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def _moments(*names: str, null: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


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
