"""A person whom an administrator has deactivated: the EHR's data gives them no role again.

Adds one column that may be null, so the previous release runs beside it.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "app_user", sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True)
    )
