"""Tables of EHRs, people, sign-in and tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.codes import EligibleProfession, Role
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import Row, TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import ClientAuth, GrantKind, GrantStatus


class EhrRow(TenantRow, table=True):
    """An EHR of a practice: where it is, who we are there, and what it can do."""

    __tablename__ = "ehr"
    __table_args__ = table_args(UniqueConstraint("fhir_base"), within_practice())

    id: str = Field(primary_key=True)
    name: str
    fhir_base: str
    client_id: str
    client_auth: ClientAuth = Field(sa_type=word(ClientAuth))
    client_secret_sealed: bytes | None
    discovery_json: str | None
    discovered_at: datetime | None = Field(sa_type=UtcDateTime)
    pinned_origins_json: str
    capability_json: str | None
    capability_hash: str | None
    capability_at: datetime | None = Field(sa_type=UtcDateTime)
    allow_loopback_http: bool
    is_active: bool
    created_at: datetime = Field(sa_type=UtcDateTime)
    bill_codes_json: str | None = None


class SigningKeyRow(Row, table=True):
    """A key with which this installation proves itself to EHRs."""

    __tablename__ = "signing_key"

    id: str = Field(primary_key=True)
    alg: str
    private_pem_sealed: bytes
    public_jwk_json: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(sa_type=UtcDateTime)


class AppUserRow(TenantRow, table=True):
    """A person as an EHR identifies them; the role is empty until it is given."""

    __tablename__ = "app_user"
    __table_args__ = table_args(
        UniqueConstraint("ehr_id", "issuer", "subject"),
        within_practice(),
        belongs_to("ehr_id", "ehr"),
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    issuer: str
    subject: str
    fhir_user: str
    name: str
    role: Role | None = Field(sa_type=word(Role))
    npi: str
    taxonomy: str
    profession: EligibleProfession | None = Field(sa_type=word(EligibleProfession))
    created_at: datetime = Field(sa_type=UtcDateTime)
    deactivated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LaunchAttemptRow(TenantRow, table=True):
    """A launch between our redirect to the EHR and its redirect back."""

    __tablename__ = "launch_attempt"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"), Index(None, "practice_id", "created_at")
    )

    state_hash: str = Field(primary_key=True)
    ehr_id: str
    launch: str | None
    code_verifier_sealed: bytes
    nonce: str
    browser_hash: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(sa_type=UtcDateTime)


class WebSessionRow(TenantRow, table=True):
    """A signed-in browser; its cookie's value is known here by hash only."""

    __tablename__ = "web_session"
    __table_args__ = table_args(
        within_practice("id_hash"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "user_id"),
    )

    id_hash: str = Field(primary_key=True)
    user_id: str
    csrf_secret_sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)


class TokenGrantRow(TenantRow, table=True):
    """Tokens of one launch or one backend service; ``version`` counts their rotations."""

    __tablename__ = "token_grant"
    __table_args__ = table_args(
        within_practice(), belongs_to("ehr_id", "ehr"), Index(None, "practice_id", "ehr_id")
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    kind: GrantKind = Field(sa_type=word(GrantKind))
    access_token_sealed: bytes
    refresh_token_sealed: bytes | None
    scope: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    status: GrantStatus = Field(sa_type=word(GrantStatus))
    updated_at: datetime = Field(sa_type=UtcDateTime)
    version: int
    refreshing_until: datetime | None = Field(sa_type=UtcDateTime)


class EmergencyAccessRow(TenantRow, table=True):
    """A practice opened for reading in an emergency; append-only, its code known by hash only."""

    __tablename__ = "emergency_access"
    __table_args__ = table_args(UniqueConstraint("code_hash"))

    id: str = Field(primary_key=True)
    code_hash: str
    opened_by: str
    reason: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class LaunchRow(TenantRow, table=True):
    """One launch of the app: a person, a context and their tokens, named by an opaque id."""

    __tablename__ = "launch"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"),
        belongs_to("user_id", "app_user"),
        belongs_to("patient_id", "patient"),
        belongs_to("grant_id", "token_grant"),
        belongs_to("session_id_hash", "web_session", "id_hash"),
        Index(None, "practice_id", "session_id_hash"),
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    user_id: str
    session_id_hash: str
    patient_id: str | None
    grant_id: str
    need_patient_banner: bool
    style_url: str
    intent: str
    encounter_ref: str
    scopes: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
