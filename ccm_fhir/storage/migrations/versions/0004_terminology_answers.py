"""What a site's terminology server answered.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "terminology_answer"


def upgrade() -> None:
    texts = ("id", "practice_id", "source", "code", "icd10cm", "family", "version")
    op.create_table(
        TABLE,
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f(f"fk_{TABLE}_practice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "practice_id", "source", "code", name=op.f(f"uq_{TABLE}_practice_id_source_code")
        ),
    )
