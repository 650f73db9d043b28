"""The month's close: where each patient stands, why, and which months are locked.

What a month's standing rests on is watched by triggers, so that no writer can forget to say that
it has changed. They only add rows: nobody waits for anybody.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("month_change", "month_standing", "month_reason", "month_lock")
OURS = "practice_id = current_setting('app.practice', true)"
WATCHED = (
    ("chart_snapshot", "INSERT", "patient"),
    ("time_entry", "INSERT", "patient"),
    ("time_approval", "INSERT", "entry"),
    ("recorded_consent", "INSERT", "patient"),
    ("condition_review", "INSERT", "patient"),
    ("attestation", "INSERT", "patient"),
    ("mdm_attestation", "INSERT", "patient"),
    ("coding_choice", "INSERT", "patient"),
    ("sign_off", "INSERT", "patient"),
    ("claim", "INSERT", "patient"),
    ("month_lock", "INSERT", "patient"),
    ("delivery", "INSERT", "patient"),
    ("delivery", "UPDATE OF state, fell_to", "patient"),
    ("keyed_by_hand", "INSERT", "delivery"),
    ("plan_version", "INSERT", "patient"),
    ("plan_review", "INSERT", "patient"),
    ("patient", "UPDATE", "itself"),
    ("fee", "INSERT", "practice"),
    ("fee", "UPDATE", "practice"),
    ("fee", "DELETE", "practice"),
    ("terminology_answer", "INSERT", "practice"),
    ("terminology_answer", "UPDATE", "practice"),
    ("terminology_answer", "DELETE", "practice"),
    ("practice", "UPDATE", "practice_itself"),
)
WHOSE = {
    "patient": ("practice_id", "coalesce({row}.patient_id, '')"),
    "entry": (
        "practice_id",
        "coalesce((SELECT patient_id FROM time_entry WHERE id = {row}.entry_id), '')",
    ),
    "delivery": (
        "practice_id",
        "coalesce((SELECT patient_id FROM delivery WHERE id = {row}.delivery_id), '')",
    ),
    "itself": ("practice_id", "{row}.id"),
    "practice": ("practice_id", "''"),
    "practice_itself": ("id", "''"),
}


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _tables() -> None:
    op.create_table(
        "month_change",
        *_texts("practice_id", "id", "patient_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_change")),
        _of_practice("month_change"),
    )
    _index("month_change", "practice_id", "patient_id")
    op.create_table(
        "month_standing",
        *_texts("practice_id", "month", "seen_as", "patient_id"),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        *_texts("basis"),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        *_texts("state"),
        sa.Column("counted_seconds", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=True),
        *_texts("detail_json"),
        sa.PrimaryKeyConstraint(
            "practice_id", "month", "seen_as", "patient_id", name=op.f("pk_month_standing")
        ),
        sa.CheckConstraint(
            "amount_cents >= 0", name=op.f("ck_month_standing_amount_is_not_negative")
        ),
        _of_practice("month_standing"),
        _belongs_to("month_standing", "patient_id", "patient"),
    )
    _index("month_standing", "practice_id", "patient_id")
    op.create_table(
        "month_reason",
        *_texts("practice_id", "month", "seen_as", "patient_id", "code", "owner", "fix"),
        sa.PrimaryKeyConstraint(
            "practice_id", "month", "seen_as", "patient_id", "code", name=op.f("pk_month_reason")
        ),
        _of_practice("month_reason"),
        _belongs_to("month_reason", "patient_id", "patient"),
    )
    _index("month_reason", "practice_id", "month", "code")
    op.create_table(
        "month_lock",
        *_texts("practice_id", "id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=True),
        *_texts("month", "act", "reason", "user_id"),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_lock")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_month_lock_a_lock_has_a_reason")),
        _of_practice("month_lock"),
        _belongs_to("month_lock", "patient_id", "patient"),
        _belongs_to("month_lock", "user_id", "app_user"),
        sa.UniqueConstraint(
            "practice_id", "sequence", name=op.f("uq_month_lock_practice_id_sequence")
        ),
        sa.UniqueConstraint(
            "practice_id", "form_key", name=op.f("uq_month_lock_practice_id_form_key")
        ),
    )
    _index("month_lock", "practice_id", "month")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


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


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER tr_month_lock_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "month_lock FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    for whose, (practice, patient) in WHOSE.items():
        for row, name in (("NEW", f"note_{whose}"), ("OLD", f"note_{whose}_gone")):
            mark = _mark("gen_random_uuid()::text", f"{row}.{practice}", patient.format(row=row))
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {mark} RETURN NULL; END $$"
            )
    for table, act, whose in WATCHED:
        name = f"note_{whose}_gone" if act == "DELETE" else f"note_{whose}"
        op.execute(
            f"CREATE TRIGGER tr_{table}_noted_{_word(act)} AFTER {act} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def _guard_on_sqlite() -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_month_lock_no_{act.lower()} BEFORE {act} ON month_lock "
            "BEGIN SELECT RAISE(ABORT, 'month_lock is append-only'); END"
        )
    for table, act, whose in WATCHED:
        row = "OLD" if act == "DELETE" else "NEW"
        practice, patient = WHOSE[whose]
        mark = _mark("lower(hex(randomblob(16)))", f"{row}.{practice}", patient.format(row=row))
        op.execute(
            f"CREATE TRIGGER tr_{table}_noted_{_word(act)} AFTER {act} ON {table} BEGIN {mark} END"
        )


def _mark(mark_id: str, practice: str, patient: str) -> str:
    into = "INSERT INTO month_change (id, practice_id, patient_id)"
    return f"{into} VALUES ({mark_id}, {practice}, {patient});"


def _word(act: str) -> str:
    return act.partition(" ")[0].lower()
