"""CDS Hooks: callers, their used tokens, the cards they were given and what became of them.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("cds_card", "cds_feedback")


def upgrade() -> None:
    _clients()
    _cards()
    _append_only()


def _clients() -> None:
    op.create_table(
        "cds_client",
        *_texts("practice_id", "id", "ehr_id", "issuer", "tenant", "jwks_url"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cds_client")),
        _of_practice("cds_client"),
        _belongs_to("cds_client", "ehr_id", "ehr"),
        _unique("cds_client", "issuer", "tenant"),
        _unique("cds_client", "practice_id", "id"),
    )
    op.create_table(
        "cds_token",
        *_texts("practice_id", "token_hash", "client_id"),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_cds_token")),
        _of_practice("cds_token"),
        _belongs_to("cds_token", "client_id", "cds_client"),
    )
    _index("cds_token", "practice_id", "expires_at")


def _cards() -> None:
    op.create_table(
        "cds_card",
        *_texts("practice_id", "id", "client_id"),
        sa.Column("patient_id", sa.String(), nullable=True),
        *_texts("kind", "month"),
        _moment("issued_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cds_card")),
        _of_practice("cds_card"),
        _belongs_to("cds_card", "client_id", "cds_client"),
        _belongs_to("cds_card", "patient_id", "patient"),
        _unique("cds_card", "practice_id", "id"),
    )
    _index("cds_card", "practice_id", "issued_at")
    op.create_table(
        "cds_feedback",
        *_texts("practice_id", "id", "card_id", "outcome", "reason"),
        _moment("happened_at"),
        _moment("received_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cds_feedback")),
        _of_practice("cds_feedback"),
        _belongs_to("cds_feedback", "card_id", "cds_card"),
        _unique("cds_feedback", "practice_id", "card_id", "outcome", "happened_at", "reason"),
    )


def _append_only() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        if is_sqlite:
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


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


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


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
