"""What a site's terminology server answered, so that it is asked once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.tables.base import TenantRow, table_args


class TerminologyAnswerRow(TenantRow, table=True):
    """Where a server puts one SNOMED CT concept; ``icd10cm`` and ``family`` empty for nowhere."""

    __tablename__ = "terminology_answer"
    __table_args__ = table_args(UniqueConstraint("practice_id", "source", "code"))

    id: str = Field(primary_key=True)
    source: str
    code: str
    icd10cm: str
    family: str
    version: str
    fetched_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
