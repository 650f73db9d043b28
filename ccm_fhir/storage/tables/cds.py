"""Tables of CDS Hooks: which EHRs may call, with which tokens they did, and what cards became."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import CardKind, CardOutcome


class CdsClientRow(TenantRow, table=True):
    """An EHR as a caller of our hooks: its issuer, its one key set, its tenant (or none)."""

    __tablename__ = "cds_client"
    __table_args__ = table_args(
        UniqueConstraint("issuer", "tenant"), within_practice(), belongs_to("ehr_id", "ehr")
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    issuer: str
    tenant: str
    jwks_url: str
    is_active: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


class CdsTokenRow(TenantRow, table=True):
    """A caller's token that was used, known by hash, until it has expired."""

    __tablename__ = "cds_token"
    __table_args__ = table_args(
        belongs_to("client_id", "cds_client"), Index(None, "practice_id", "expires_at")
    )

    token_hash: str = Field(primary_key=True)
    client_id: str
    expires_at: datetime = Field(sa_type=UtcDateTime)


class CdsCardRow(TenantRow, table=True):
    """A card that was given; append-only. Its words are not kept."""

    __tablename__ = "cds_card"
    __table_args__ = table_args(
        within_practice(),
        belongs_to("client_id", "cds_client"),
        belongs_to("patient_id", "patient"),
        Index(None, "practice_id", "issued_at"),
    )

    id: str = Field(primary_key=True)
    client_id: str
    patient_id: str | None
    kind: CardKind = Field(sa_type=word(CardKind))
    month: str
    issued_at: datetime = Field(sa_type=UtcDateTime)


class CdsFeedbackRow(TenantRow, table=True):
    """What a person did with a card; append-only."""

    __tablename__ = "cds_feedback"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "card_id", "outcome", "happened_at", "reason"),
        belongs_to("card_id", "cds_card"),
    )

    id: str = Field(primary_key=True)
    card_id: str
    outcome: CardOutcome = Field(sa_type=word(CardOutcome))
    reason: str
    happened_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
