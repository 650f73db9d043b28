"""Tables of what an EHR has proved, and of what a person signed of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args
from ccm_fhir.storage.vocabulary import ProofWord


class WriteProofRow(TenantRow, table=True):
    """What an answer proved about one act at one EHR, or its withdrawal; append-only."""

    __tablename__ = "write_proof"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"),
        belongs_to("delivery_id", "delivery"),
        Index(None, "practice_id", "ehr_id"),
        CheckConstraint(
            "verdict <> 'withdrawn' OR (person <> '' AND reason <> '')",
            name="who_withdraws_says_why",
        ),
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    resource_type: str
    code: str
    verdict: ProofWord = Field(sa_type=word(ProofWord))
    status: int
    delivery_id: str | None
    statement_sha256: str
    person: str
    reason: str
    proved_at: datetime = Field(sa_type=UtcDateTime)


class WriteOverrideRow(TenantRow, table=True):
    """A person's signed word on what an EHR takes; append-only, the newest holds."""

    __tablename__ = "write_override"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "ehr_id"),
        CheckConstraint("signed_by <> '' AND reason <> ''", name="somebody_signs"),
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    resource_type: str
    code: str
    is_supported: bool
    signed_by: str
    user_id: str | None
    reason: str
    signed_at: datetime = Field(sa_type=UtcDateTime)
