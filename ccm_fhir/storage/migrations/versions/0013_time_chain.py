"""The chain over the time ledger, and approvals of typed time.

What stands in the ledger is sealed as it is, in its order.

Makes new tables only, so the previous release runs beside it until it records time; rows that it
records meanwhile are unsealed, and verifying says so.

Revision ID: 0013
Revises: 0011
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from alembic import context, op

from ccm_fhir.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = "time_link"
APPROVALS = ("time_approval", "typed_policy")
OURS = "practice_id = current_setting('app.practice', true)"
TAG = "time_entry 1"
_MOMENT = sa.DateTime(timezone=True)
LINKS = sa.table(
    TABLE,
    *(sa.column(name) for name in ("practice_id", "id", "row_id", "previous_hash", "hash")),
    sa.column("sequence", sa.Integer()),
)
# In the order in which they are hashed.
ENTRIES = sa.table(
    "time_entry",
    *(sa.column(name) for name in ("id", "patient_id", "user_id", "performer", "credential")),
    sa.column("started_at", _MOMENT),
    sa.column("ended_at", _MOMENT),
    *(sa.column(name) for name in ("zone", "activity")),
    sa.column("is_contact", sa.Boolean()),
    *(sa.column(name) for name in ("contact_mode", "source", "note")),
    sa.column("recorded_at", _MOMENT),
    *(sa.column(name) for name in ("recorded_by", "form_key", "supersedes_id")),
    *(sa.column(name) for name in ("change", "change_reason")),
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        *_texts("practice_id", "id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("row_id", "previous_hash", "hash"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "practice_id", "sequence", name=op.f(f"uq_{TABLE}_practice_id_sequence")
        ),
        sa.UniqueConstraint("practice_id", "row_id", name=op.f(f"uq_{TABLE}_practice_id_row_id")),
        _of_practice(TABLE),
    )
    _make_approvals()
    for table in (TABLE, *APPROVALS):
        _guard(table)
    practices = op.get_bind().execute(sa.text("SELECT id FROM practice ORDER BY id")).scalars()
    for practice_id in practices.all():
        _seal(practice_id)


def _make_approvals() -> None:
    op.create_table(
        "time_approval",
        *_texts("practice_id", "id", "entry_id", "step", "reasons"),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        *_texts("note", "user_id"),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_approval")),
        sa.CheckConstraint(
            "(step = 'answered') = (is_approved IS NOT NULL)",
            name=op.f("ck_time_approval_only_answers_say"),
        ),
        sa.UniqueConstraint(
            "practice_id",
            "entry_id",
            "step",
            name=op.f("uq_time_approval_practice_id_entry_id_step"),
        ),
        _of_practice("time_approval"),
        _belongs_to("time_approval", "entry_id", "time_entry"),
        _belongs_to("time_approval", "user_id", "app_user"),
    )
    op.create_table(
        "typed_policy",
        *_texts("practice_id", "id"),
        sa.Column("late_after_days", sa.Integer(), nullable=False),
        sa.Column("longest_minutes", sa.Integer(), nullable=False),
        sa.Column("after_month_end", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=True),
        sa.Column("set_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_typed_policy")),
        _of_practice("typed_policy"),
        _belongs_to("typed_policy", "set_by", "app_user"),
    )
    op.create_index(
        op.f("ix_typed_policy_practice_id_set_at"), "typed_policy", ["practice_id", "set_at"]
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


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


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _seal(practice_id: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":  # row-level security binds the owner, too
        told = sa.text("SELECT set_config('app.practice', :practice, true)")
        connection.execute(told, {"practice": practice_id})
    of_practice = sa.column("practice_id") == practice_id
    rows = connection.execute(
        sa.select(ENTRIES).where(of_practice).order_by(ENTRIES.c.recorded_at, ENTRIES.c.id)
    ).all()
    if rows:
        links = _links(_key(), practice_id, rows)
        connection.execute(sa.insert(LINKS), links)


def _key() -> bytes:
    give = context.config.attributes.get("ledger_key")
    if give is None:
        raise ConfigurationError(
            "CCM_SECRET_KEY", "this database holds time, which is sealed under the audit's key"
        )
    key: bytes = give()
    return key


def _links(key: bytes, practice_id: str, rows: Iterable[sa.Row[Any]]) -> list[dict[str, str | int]]:
    links: list[dict[str, str | int]] = []
    previous = ""
    for sequence, row in enumerate(rows, 1):
        line = [TAG, previous, practice_id, sequence, *(_told(value) for value in row)]
        sealed = hmac.new(key, msgspec.json.encode(line), hashlib.sha256).hexdigest()
        links.append(
            {
                "practice_id": practice_id,
                "id": str(uuid4()),
                "sequence": sequence,
                "row_id": row.id,
                "previous_hash": previous,
                "hash": sealed,
            }
        )
        previous = sealed
    return links


def _told(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return aware.astimezone(UTC).isoformat()
