"""Tables of patients and of their charts as read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import ChartSource


class PatientRow(TenantRow, table=True):
    """A patient of one EHR, with what the banner and the lists show."""

    __tablename__ = "patient"
    __table_args__ = table_args(
        UniqueConstraint("ehr_id", "fhir_id"), within_practice(), belongs_to("ehr_id", "ehr")
    )

    id: str = Field(primary_key=True)
    ehr_id: str
    fhir_id: str
    name: str
    birth_date_text: str
    gender: str
    mrn: str
    mbi: str
    language: str
    died_on_text: str
    is_deceased: bool
    chart_problem: str | None = None
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ChartSnapshotRow(TenantRow, table=True):
    """The facts of one chart at the moment they were read; append-only."""

    __tablename__ = "chart_snapshot"
    __table_args__ = table_args(
        belongs_to("patient_id", "patient"),
        belongs_to("read_by_user_id", "app_user"),
        Index(None, "practice_id", "patient_id", "read_at"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    read_at: datetime = Field(sa_type=UtcDateTime)
    facts_json: str
    source: ChartSource = Field(sa_type=word(ChartSource))
    read_by_user_id: str | None
