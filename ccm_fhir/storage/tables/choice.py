"""Append-only tables: what a practice chose to report, and what its practitioners attested."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args


class CodingChoiceRow(TenantRow, table=True):
    """A practice's choice from ``month`` on; with a patient, an exception for that month alone.

    An exception without a family takes an earlier one back. Rows of a practice are numbered.
    """

    __tablename__ = "coding_choice"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "sequence"),
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        CheckConstraint(
            "(patient_id IS NULL) = (dos_policy IS NOT NULL)", name="a_practice_chooses_its_day"
        ),
        CheckConstraint(
            "patient_id IS NOT NULL OR family IS NOT NULL", name="a_practice_names_a_family"
        ),
        CheckConstraint(
            "patient_id IS NULL OR family IS NULL OR family <> 'highest_allowed'",
            name="an_exception_names_its_codes",
        ),
        CheckConstraint("patient_id IS NULL OR reason <> ''", name="an_exception_has_a_reason"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    patient_id: str | None
    month: str
    family: FamilyChoice | None = Field(sa_type=word(FamilyChoice))
    dos_policy: DosPolicy | None = Field(sa_type=word(DosPolicy))
    reason: str
    user_id: str
    chosen_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class MdmAttestationRow(TenantRow, table=True):
    """What a billing practitioner said of a month's decision making; the newest row holds."""

    __tablename__ = "mdm_attestation"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "patient_id", "month", "sequence"),
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        CheckConstraint("answer = 'not_met' OR rationale <> ''", name="a_level_has_a_rationale"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    patient_id: str
    month: str
    answer: MdmAnswer = Field(sa_type=word(MdmAnswer))
    is_plan_revised: bool | None
    rationale: str
    user_id: str
    attested_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str
