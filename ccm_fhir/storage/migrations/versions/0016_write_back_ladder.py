"""What the EHR answered to each delivery, the rung it is on, and what was proved or signed.

Adds columns with defaults and new append-only tables, so the previous release runs beside it.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OURS = "practice_id = current_setting('app.practice', true)"


def upgrade() -> None:
    _widen_deliveries()
    op.create_table(
        "write_proof",
        *_texts("practice_id", "id", "ehr_id", "resource_type", "code", "verdict"),
        sa.Column("status", sa.Integer(), nullable=False),
        *_texts("delivery_id", null=True),
        *_texts("statement_sha256", "person", "reason"),
        _moment("proved_at"),
        *_keys("write_proof", ("ehr_id", "ehr"), ("delivery_id", "delivery")),
        sa.CheckConstraint(
            "verdict <> 'withdrawn' OR (person <> '' AND reason <> '')",
            name=op.f("ck_write_proof_who_withdraws_says_why"),
        ),
    )
    op.create_table(
        "write_override",
        *_texts("practice_id", "id", "ehr_id", "resource_type", "code"),
        sa.Column("is_supported", sa.Boolean(), nullable=False),
        *_texts("signed_by", "reason"),
        *_texts("user_id", null=True),
        _moment("signed_at"),
        *_keys("write_override", ("ehr_id", "ehr"), ("user_id", "app_user")),
        sa.CheckConstraint(
            "signed_by <> '' AND reason <> ''", name=op.f("ck_write_override_somebody_signs")
        ),
    )
    op.create_table(
        "hand_off_mark",
        *_texts("practice_id", "id", "delivery_id", "user_id", "person", "ehr_number"),
        _moment("marked_at"),
        *_keys("hand_off_mark", ("delivery_id", "delivery"), ("user_id", "app_user")),
        sa.UniqueConstraint(
            "practice_id", "delivery_id", name=op.f("uq_hand_off_mark_practice_id_delivery_id")
        ),
    )
    for table in ("write_proof", "write_override"):
        op.create_index(op.f(f"ix_{table}_practice_id_ehr_id"), table, ["practice_id", "ehr_id"])
    for table in ("write_proof", "write_override", "hand_off_mark"):
        _guard(table)


def _widen_deliveries() -> None:
    empty = sa.text("''")
    op.add_column("delivery", sa.Column("rung", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("fell_to", sa.String(), nullable=True))
    op.add_column(
        "delivery",
        sa.Column("purpose", sa.String(), nullable=False, server_default=sa.text("'artefact'")),
    )
    for name in ("rule", "statement_sha256", "of_delivery_id"):
        op.add_column(
            "delivery", sa.Column(name, sa.String(), nullable=False, server_default=empty)
        )
    op.add_column(
        "delivery",
        sa.Column("answer_status", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column(
        "delivery",
        sa.Column("answer_codes_json", sa.String(), nullable=False, server_default=sa.text("'[]'")),
    )


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _keys(table: str, *parents: tuple[str, str]) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{parent}.practice_id", f"{parent}.id"],
                name=op.f(f"fk_{table}_practice_id_{column}"),
            )
            for column, parent in parents
        ),
    ]


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
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
