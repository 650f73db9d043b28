"""The practice's choice of codes, and the attestation of medical decision making.

Adds two append-only tables and changes none, so the previous release runs beside it.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _coding_choice()
    _mdm_attestation()
    for table in ("coding_choice", "mdm_attestation"):
        _append_only(table)


def _coding_choice() -> None:
    table = "coding_choice"
    op.create_table(
        table,
        *_texts("practice_id", "id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("patient_id", null=True),
        *_texts("month"),
        *_texts("family", "dos_policy", null=True),
        *_texts("reason", "user_id"),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coding_choice")),
        *_keys(table),
        _unique(table, "practice_id", "sequence"),
        _unique(table, "practice_id", "form_key"),
        _check(
            table,
            "a_practice_chooses_its_day",
            "(patient_id IS NULL) = (dos_policy IS NOT NULL)",
        ),
        _check(
            table,
            "a_practice_names_a_family",
            "patient_id IS NOT NULL OR family IS NOT NULL",
        ),
        _check(
            table,
            "an_exception_names_its_codes",
            "patient_id IS NULL OR family IS NULL OR family <> 'highest_allowed'",
        ),
        _check(table, "an_exception_has_a_reason", "patient_id IS NULL OR reason <> ''"),
    )


def _mdm_attestation() -> None:
    table = "mdm_attestation"
    op.create_table(
        table,
        *_texts("practice_id", "id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("patient_id", "month", "answer"),
        sa.Column("is_plan_revised", sa.Boolean(), nullable=True),
        *_texts("rationale", "user_id"),
        sa.Column("attested_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mdm_attestation")),
        *_keys(table),
        _unique(table, "practice_id", "patient_id", "month", "sequence"),
        _unique(table, "practice_id", "form_key"),
        _check(table, "a_level_has_a_rationale", "answer = 'not_met' OR rationale <> ''"),
    )


def _append_only(table: str) -> None:
    """Refuse changes; on PostgreSQL with the function that revision 0001 made."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER tr_{table}_append_only "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def _keys(table: str) -> list[sa.ForeignKeyConstraint]:
    practice = sa.ForeignKeyConstraint(
        ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
    )
    parents = {"patient_id": "patient", "user_id": "app_user"}
    return [
        practice,
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{parent}.practice_id", f"{parent}.id"],
                name=op.f(f"fk_{table}_practice_id_{column}"),
            )
            for column, parent in parents.items()
        ),
    ]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
