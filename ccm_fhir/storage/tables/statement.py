"""The table of what an EHR has declared about itself, as it was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args


class CapabilityStatementRow(TenantRow, table=True):
    """A CapabilityStatement that declared something new; append-only."""

    __tablename__ = "capability_statement"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"), Index(None, "practice_id", "ehr_id", "fetched_at")
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    fetched_at: datetime = Field(sa_type=UtcDateTime)
    body_sha256: str
    declared_sha256: str
    body_json: str
