"""Row-level security on every table that belongs to a practice (PostgreSQL alone has it).

A later revision that makes such a table calls for its policy itself; the app refuses to start
where one has none.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What is looked for before the practice is known, by a key that nobody guesses.
LOOKED_FOR = {
    "cds_client": "issuer || chr(10) || tenant",
    "ehr": "fhir_base",
    "launch_attempt": "state_hash",
    "web_session": "id_hash",
}
OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    inspector = inspect(connection)
    for table in sorted(inspector.get_table_names()):
        if "practice_id" in {column["name"] for column in inspector.get_columns(table)}:
            _guard(table)
    for table, key in LOOKED_FOR.items():
        op.execute(
            f"CREATE POLICY looked_for ON {table} FOR SELECT "
            f"USING ({key} = current_setting('app.lookup', true))"
        )


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")
