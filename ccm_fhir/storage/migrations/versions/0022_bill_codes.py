"""How an EHR's tenant codes a charge, where its operation wants bill codes of its own.

A column that a release before neither reads nor writes.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ehr", sa.Column("bill_codes_json", sa.String(), nullable=True))
