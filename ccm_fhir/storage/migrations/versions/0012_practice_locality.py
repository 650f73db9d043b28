"""A practice's fee schedule locality; empty where nobody has said it.

Adds one column with a default, so the previous release runs beside it.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "practice", sa.Column("locality", sa.String(), nullable=False, server_default=sa.text("''"))
    )
