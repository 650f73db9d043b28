"""The first tables.

Long because it is all of them at once; later revisions are small.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from datetime import date, datetime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "chart_snapshot",
    "time_entry",
    "attestation",
    "sign_off",
    "claim",
    "audit",
    "delivery_event",
)


def upgrade() -> None:
    _practice()
    _people()
    _access()
    _ledger()
    _billing()
    _deliveries()
    _append_only()


def _practice() -> None:
    op.create_table(
        "practice",
        *_texts(
            "id",
            "name",
            "time_zone",
            "npi",
            "tax_id",
            "taxonomy",
            "organization_ref",
            "identifier_namespace",
            "place_of_service",
        ),
        *_flags("attested_24_7", "attested_certified_ehr", "attested_team_member", null=True),
        *_days("attested_on", null=True),
        *_moments("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice")),
    )
    op.create_table(
        "fee",
        *_texts("practice_id", "id", "code"),
        *_days("in_force_from"),
        *_numbers("amount_cents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee")),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_fee_amount_is_not_negative")),
        _of_practice("fee"),
        _unique("fee", "practice_id", "code", "in_force_from"),
    )


def _people() -> None:
    op.create_table(
        "signing_key",
        *_texts("id", "alg", "public_jwk_json"),
        *_sealed("private_pem_sealed"),
        *_moments("created_at"),
        *_moments("retired_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "ehr",
        *_texts(
            "practice_id",
            "id",
            "name",
            "fhir_base",
            "client_id",
            "client_auth",
            "pinned_origins_json",
        ),
        *_sealed("client_secret_sealed", null=True),
        *_texts("discovery_json", "capability_json", "capability_hash", null=True),
        *_moments("discovered_at", "capability_at", null=True),
        *_flags("allow_loopback_http", "is_active"),
        *_moments("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ehr")),
        _of_practice("ehr"),
        _unique("ehr", "fhir_base"),
        _unique("ehr", "practice_id", "id"),
    )
    op.create_table(
        "app_user",
        *_texts(
            "practice_id",
            "id",
            "ehr_id",
            "issuer",
            "subject",
            "fhir_user",
            "name",
            "npi",
            "taxonomy",
        ),
        *_texts("role", "profession", null=True),
        *_moments("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        _of_practice("app_user"),
        _belongs_to("app_user", "ehr_id", "ehr"),
        _unique("app_user", "ehr_id", "issuer", "subject"),
        _unique("app_user", "practice_id", "id"),
    )
    op.create_table(
        "patient",
        *_texts(
            "practice_id",
            "id",
            "ehr_id",
            "fhir_id",
            "name",
            "birth_date_text",
            "gender",
            "mrn",
            "mbi",
            "language",
            "died_on_text",
        ),
        *_flags("is_deceased"),
        *_moments("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        _of_practice("patient"),
        _belongs_to("patient", "ehr_id", "ehr"),
        _unique("patient", "ehr_id", "fhir_id"),
        _unique("patient", "practice_id", "id"),
    )


def _access() -> None:
    op.create_table(
        "launch_attempt",
        *_texts("practice_id", "state_hash", "ehr_id", "nonce", "browser_hash"),
        *_texts("launch", null=True),
        *_sealed("code_verifier_sealed"),
        *_moments("created_at", "expires_at"),
        *_moments("used_at", null=True),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_launch_attempt")),
        _of_practice("launch_attempt"),
        _belongs_to("launch_attempt", "ehr_id", "ehr"),
    )
    _index("launch_attempt", "practice_id", "created_at")
    op.create_table(
        "web_session",
        *_texts("practice_id", "id_hash", "user_id"),
        *_sealed("csrf_secret_sealed"),
        *_moments("created_at", "last_seen_at", "expires_at"),
        *_moments("ended_at", null=True),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
        _of_practice("web_session"),
        _belongs_to("web_session", "user_id", "app_user"),
        _unique("web_session", "practice_id", "id_hash"),
    )
    _index("web_session", "practice_id", "user_id")
    op.create_table(
        "token_grant",
        *_texts("practice_id", "id", "ehr_id", "kind", "scope", "status"),
        *_sealed("access_token_sealed"),
        *_sealed("refresh_token_sealed", null=True),
        *_moments("expires_at", "updated_at"),
        *_numbers("version"),
        *_moments("refreshing_until", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_grant")),
        _of_practice("token_grant"),
        _belongs_to("token_grant", "ehr_id", "ehr"),
        _unique("token_grant", "practice_id", "id"),
    )
    _index("token_grant", "practice_id", "ehr_id")
    op.create_table(
        "launch",
        *_texts(
            "practice_id",
            "id",
            "ehr_id",
            "user_id",
            "session_id_hash",
            "grant_id",
            "style_url",
            "intent",
            "encounter_ref",
            "scopes",
        ),
        *_texts("patient_id", null=True),
        *_flags("need_patient_banner"),
        *_moments("created_at"),
        *_moments("ended_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch")),
        _of_practice("launch"),
        _belongs_to("launch", "ehr_id", "ehr"),
        _belongs_to("launch", "grant_id", "token_grant"),
        _belongs_to("launch", "patient_id", "patient"),
        _belongs_to("launch", "session_id_hash", "web_session", "id_hash"),
        _belongs_to("launch", "user_id", "app_user"),
    )
    _index("launch", "practice_id", "session_id_hash")


def _ledger() -> None:
    op.create_table(
        "chart_snapshot",
        *_texts("practice_id", "id", "patient_id", "facts_json", "source"),
        *_moments("read_at"),
        *_texts("read_by_user_id", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chart_snapshot")),
        _of_practice("chart_snapshot"),
        _belongs_to("chart_snapshot", "patient_id", "patient"),
        _belongs_to("chart_snapshot", "read_by_user_id", "app_user"),
    )
    _index("chart_snapshot", "practice_id", "patient_id", "read_at")
    op.create_table(
        "time_entry",
        *_texts(
            "practice_id",
            "id",
            "patient_id",
            "user_id",
            "performer",
            "credential",
            "zone",
            "activity",
            "source",
            "note",
            "recorded_by",
            "form_key",
            "change",
            "change_reason",
        ),
        *_moments("started_at", "ended_at", "recorded_at"),
        *_flags("is_contact"),
        *_texts("contact_mode", "supersedes_id", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entry")),
        sa.CheckConstraint(
            "(supersedes_id IS NULL) = (change = 'entry')",
            name=op.f("ck_time_entry_changes_supersede_something"),
        ),
        sa.CheckConstraint(
            "ended_at > started_at", name=op.f("ck_time_entry_ends_after_it_starts")
        ),
        _of_practice("time_entry"),
        _belongs_to("time_entry", "patient_id", "patient"),
        _belongs_to("time_entry", "recorded_by", "app_user"),
        _belongs_to("time_entry", "supersedes_id", "time_entry"),
        _belongs_to("time_entry", "user_id", "app_user"),
        _unique("time_entry", "practice_id", "form_key"),
        _unique("time_entry", "practice_id", "id"),
        _unique("time_entry", "supersedes_id"),
    )
    _index("time_entry", "practice_id", "ended_at")
    _index("time_entry", "practice_id", "patient_id", "started_at")
    _index("time_entry", "practice_id", "user_id", "started_at")
    op.create_table(
        "attestation",
        *_texts("practice_id", "id", "patient_id", "month", "kind", "statement", "user_id"),
        *_moments("attested_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
        _of_practice("attestation"),
        _belongs_to("attestation", "patient_id", "patient"),
        _belongs_to("attestation", "user_id", "app_user"),
    )
    _index("attestation", "practice_id", "patient_id", "month")
    op.create_table(
        "audit",
        *_texts("practice_id", "id", "act", "previous_hash", "hash"),
        *_numbers("sequence"),
        *_texts("user_id", "patient_id", null=True),
        *_moments("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        _of_practice("audit"),
        _belongs_to("audit", "patient_id", "patient"),
        _belongs_to("audit", "user_id", "app_user"),
        _unique("audit", "practice_id", "sequence"),
    )
    _index("audit", "practice_id", "patient_id", "at")


def _billing() -> None:
    op.create_table(
        "sign_off",
        *_texts(
            "practice_id",
            "id",
            "patient_id",
            "month",
            "programme",
            "user_id",
            "decision_json",
            "decision_hash",
            "form_key",
        ),
        *_numbers("revision"),
        *_moments("signed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_sign_off_revisions_start_at_one")),
        _of_practice("sign_off"),
        _belongs_to("sign_off", "patient_id", "patient"),
        _belongs_to("sign_off", "user_id", "app_user"),
        _unique("sign_off", "practice_id", "form_key"),
        _unique("sign_off", "practice_id", "id"),
        _unique("sign_off", "practice_id", "patient_id", "month", "programme", "revision"),
    )
    _index("sign_off", "practice_id", "month")
    op.create_table(
        "claim",
        *_texts(
            "practice_id",
            "id",
            "patient_id",
            "month",
            "programme",
            "sign_off_id",
            "identifier",
            "draft_json",
        ),
        *_numbers("revision", "total_cents"),
        *_moments("created_at"),
        *_texts("prior_id", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.CheckConstraint("total_cents >= 0", name=op.f("ck_claim_total_is_not_negative")),
        _of_practice("claim"),
        _belongs_to("claim", "patient_id", "patient"),
        _belongs_to("claim", "prior_id", "claim"),
        _belongs_to("claim", "sign_off_id", "sign_off"),
        _unique("claim", "identifier"),
        _unique("claim", "practice_id", "id"),
        _unique("claim", "practice_id", "patient_id", "month", "programme", "revision"),
        _unique("claim", "prior_id"),
    )
    _index("claim", "practice_id", "month")


def _deliveries() -> None:
    op.create_table(
        "delivery",
        *_texts(
            "practice_id",
            "id",
            "ehr_id",
            "patient_id",
            "resource_type",
            "artefact_kind",
            "artefact_id",
            "identifier_system",
            "identifier",
            "body_json",
            "body_hash",
            "depends_on_json",
            "state",
            "remote_id",
            "remote_version",
            "remote_hash",
            "lossy_json",
            "last_problem",
        ),
        *_moments("intent_at", "read_back_at", null=True),
        *_numbers("tries"),
        *_moments("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_delivery_tries_are_counted")),
        _of_practice("delivery"),
        _belongs_to("delivery", "ehr_id", "ehr"),
        _belongs_to("delivery", "patient_id", "patient"),
        _unique("delivery", "practice_id", "id"),
        _unique("delivery", "practice_id", "identifier"),
    )
    _index("delivery", "practice_id", "artefact_kind", "artefact_id")
    _index("delivery", "practice_id", "patient_id")
    _index("delivery", "practice_id", "state")
    op.create_table(
        "delivery_event",
        *_texts("practice_id", "id", "delivery_id", "event", "detail_code"),
        *_numbers("sequence"),
        *_moments("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_event")),
        _of_practice("delivery_event"),
        _belongs_to("delivery_event", "delivery_id", "delivery"),
        _unique("delivery_event", "practice_id", "delivery_id", "sequence"),
    )


def _append_only() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END $$
            """
        )
    for table in APPEND_ONLY:
        if is_sqlite:
            _refuse_on_sqlite(table, "UPDATE")
            _refuse_on_sqlite(table, "DELETE")
        else:
            op.execute(
                f"CREATE TRIGGER tr_{table}_append_only "
                f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _refuse_on_sqlite(table: str, act: str) -> None:
    op.execute(
        f"CREATE TRIGGER tr_{table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def _moments(*names: str, null: bool = False) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


def _days(*names: str, null: bool = False) -> list[sa.Column[date]]:
    return [sa.Column(name, sa.Date(), nullable=null) for name in names]


def _flags(*names: str, null: bool = False) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=null) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _sealed(*names: str, null: bool = False) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=null) for name in names]


def _of_practice(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id"], ["practice.id"], name=op.f(f"fk_{table}_practice_id")
    )


def _belongs_to(table: str, column: str, parent: str, key: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{parent}.practice_id", f"{parent}.{key}"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
