"""A practice's locations, and where a patient is seen from a month on.

What each practice says of itself becomes its first location, the default, under the practice's
own id. The practice's columns stay and are kept in step, so the previous release runs beside it.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("location", "patient_location")
OURS = "practice_id = current_setting('app.practice', true)"
PRACTICE = sa.table("practice", *map(sa.column, ("id", "name", "place_of_service", "locality")))
LOCATION = sa.table(
    "location",
    *map(sa.column, ("practice_id", "id", "name", "name_key", "place_of_service", "time_zone")),
    *map(sa.column, ("locality", "is_active", "is_default")),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
# What a month's standing rests on is watched: see 0017.
WATCHED = (
    ("location", "INSERT", "practice"),
    ("location", "UPDATE", "practice"),
    ("patient_location", "INSERT", "patient"),
)


def upgrade() -> None:
    _tables()
    _first_locations()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _tables() -> None:
    op.create_table(
        "location",
        *_texts("practice_id", "id", "name", "name_key", "place_of_service", "time_zone"),
        *_texts("locality"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.CheckConstraint(
            "is_active OR NOT is_default", name=op.f("ck_location_the_default_is_active")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_location_practice_id")
        ),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_location_practice_id_id")),
        sa.UniqueConstraint(
            "practice_id", "name_key", name=op.f("uq_location_practice_id_name_key")
        ),
    )
    op.create_index(
        "uq_location_one_default",
        "location",
        ["practice_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "patient_location",
        *_texts("practice_id", "id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *_texts("patient_id", "month"),
        sa.Column("location_id", sa.String(), nullable=True),
        *_texts("user_id"),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("form_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_location")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_patient_location_practice_id")
        ),
        _belongs_to("patient_id", "patient"),
        _belongs_to("location_id", "location"),
        _belongs_to("user_id", "app_user"),
        sa.UniqueConstraint(
            "practice_id", "sequence", name=op.f("uq_patient_location_practice_id_sequence")
        ),
        sa.UniqueConstraint(
            "practice_id", "form_key", name=op.f("uq_patient_location_practice_id_form_key")
        ),
    )
    op.create_index(
        op.f("ix_patient_location_practice_id_patient_id"),
        "patient_location",
        ["practice_id", "patient_id"],
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _belongs_to(column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{parent}.practice_id", f"{parent}.id"],
        name=op.f(f"fk_patient_location_practice_id_{column}"),
    )


def _first_locations() -> None:
    """Make the location that each practice has been until now; its clock is the practice's."""
    connection = op.get_bind()
    now = datetime.now(UTC)  # noqa: TID251  # a revision has no other clock
    rows = [
        {
            "practice_id": practice.id,
            "id": practice.id,
            "name": practice.name,
            "name_key": " ".join(practice.name.split()).casefold(),
            "place_of_service": practice.place_of_service,
            "time_zone": "",
            "locality": practice.locality,
            "is_active": True,
            "is_default": True,
            "created_at": now,
        }
        for practice in connection.execute(sa.select(PRACTICE))
    ]
    if rows:
        connection.execute(sa.insert(LOCATION), rows)


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER tr_patient_location_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "patient_location FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_practice ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    for table, act, whose in WATCHED:
        op.execute(
            f"CREATE TRIGGER tr_{table}_noted_{act.lower()} AFTER {act} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION note_{whose}()"
        )


def _guard_on_sqlite() -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_patient_location_no_{act.lower()} BEFORE {act} ON patient_location "
            "BEGIN SELECT RAISE(ABORT, 'patient_location is append-only'); END"
        )
    into = "INSERT INTO month_change (id, practice_id, patient_id)"
    for table, act, whose in WATCHED:
        patient = "NEW.patient_id" if whose == "patient" else "''"
        op.execute(
            f"CREATE TRIGGER tr_{table}_noted_{act.lower()} AFTER {act} ON {table} BEGIN "
            f"{into} VALUES (lower(hex(randomblob(16))), NEW.practice_id, {patient}); END"
        )
