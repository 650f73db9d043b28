"""Keep what an EHR declares about itself, with hash and date.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "capability_statement"


def upgrade() -> None:
    op.create_table(
        TABLE,
        *(sa.Column(name, sa.String(), nullable=False) for name in ("practice_id", "id", "ehr_id")),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("body_sha256", "declared_sha256", "body_json")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f(f"fk_{TABLE}_practice_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "ehr_id"],
            ["ehr.practice_id", "ehr.id"],
            name=op.f(f"fk_{TABLE}_practice_id_ehr_id"),
        ),
    )
    op.create_index(
        op.f(f"ix_{TABLE}_practice_id_ehr_id_fetched_at"),
        TABLE,
        ["practice_id", "ehr_id", "fetched_at"],
    )
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER tr_{TABLE}_append_only "
        f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
