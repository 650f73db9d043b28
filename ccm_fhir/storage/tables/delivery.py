"""Tables of what the EHR is told, and how far each telling has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from ccm_fhir.domain.writeback import ResourceKind, RungName
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import ArtefactKind, DeliveryState, Purpose

_EMPTY = {"server_default": text("''")}


class DeliveryRow(TenantRow, table=True):
    """One resource with its frozen body, our identifier and its state."""

    __tablename__ = "delivery"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "identifier"),
        within_practice(),
        belongs_to("ehr_id", "ehr"),
        belongs_to("patient_id", "patient"),
        Index(None, "practice_id", "patient_id"),
        Index(None, "practice_id", "artefact_kind", "artefact_id"),
        Index(None, "practice_id", "state"),
        CheckConstraint("tries >= 0", name="tries_are_counted"),
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    patient_id: str
    resource_type: ResourceKind = Field(sa_type=word(ResourceKind))
    artefact_kind: ArtefactKind = Field(sa_type=word(ArtefactKind))
    artefact_id: str
    identifier_system: str
    identifier: str
    body_json: str
    body_hash: str
    depends_on_json: str
    state: DeliveryState = Field(sa_type=word(DeliveryState))
    intent_at: datetime | None = Field(sa_type=UtcDateTime)
    tries: int
    remote_id: str
    remote_version: str
    remote_hash: str
    read_back_at: datetime | None = Field(sa_type=UtcDateTime)
    lossy_json: str
    last_problem: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    rung: RungName | None = Field(default=None, sa_type=word(RungName))
    fell_to: RungName | None = Field(default=None, sa_type=word(RungName))
    purpose: Purpose = Field(
        sa_type=word(Purpose), sa_column_kwargs={"server_default": text("'artefact'")}
    )
    rule: str = Field(sa_column_kwargs=_EMPTY)
    statement_sha256: str = Field(sa_column_kwargs=_EMPTY)
    of_delivery_id: str = Field(sa_column_kwargs=_EMPTY)
    answer_status: int = Field(sa_column_kwargs={"server_default": text("0")})
    answer_codes_json: str = Field(sa_column_kwargs={"server_default": text("'[]'")})


class DeliveryEventRow(TenantRow, table=True):
    """One step of one delivery; append-only."""

    __tablename__ = "delivery_event"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "delivery_id", "sequence"),
        belongs_to("delivery_id", "delivery"),
    )

    id: str = Field(primary_key=True)
    delivery_id: str
    sequence: int
    at: datetime = Field(sa_type=UtcDateTime)
    event: str
    detail_code: str
