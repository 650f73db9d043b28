"""What a person keyed by hand is stated in one table: the marks of hand-offs join the others.

Every mark is carried over, with who made it, under which name, when, and the EHR's number. Its own
id goes: nothing refers to it. No release has written such marks yet; a worker of this morning
that is still running can make none until it is started anew, and says so with an error.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE, FORMER = "keyed_by_hand", "hand_off_mark"
_CARRIED = sa.text(
    f"INSERT INTO {TABLE} (practice_id, delivery_id, user_id, person, ehr_number, at) "  # noqa: S608
    f"SELECT practice_id, delivery_id, user_id, person, ehr_number, marked_at FROM {FORMER} "
    "WHERE practice_id = :practice"
)


def upgrade() -> None:
    op.add_column(
        TABLE, sa.Column("person", sa.String(), nullable=False, server_default=sa.text("''"))
    )
    connection = op.get_bind()
    for practice_id in connection.execute(sa.text("SELECT id FROM practice")).scalars().all():
        if connection.dialect.name == "postgresql":  # row-level security binds the owner, too
            told = sa.text("SELECT set_config('app.practice', :practice, true)")
            connection.execute(told, {"practice": practice_id})
        connection.execute(_CARRIED, {"practice": practice_id})
    op.drop_table(FORMER)
