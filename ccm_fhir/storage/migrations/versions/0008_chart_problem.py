"""Why a patient's chart could not be read the last time somebody tried.

Adds one column that may be null, so the previous release runs beside it.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patient", sa.Column("chart_problem", sa.String(), nullable=True))
