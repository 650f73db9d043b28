"""Append-only tables of what people state about a patient: consent, and what a Condition is."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice


class RecordedConsentRow(TenantRow, table=True):
    """What a patient decided about care management, as it was recorded here."""

    __tablename__ = "recorded_consent"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        UniqueConstraint("supersedes_id"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("recorded_by", "app_user"),
        belongs_to("supersedes_id", "recorded_consent"),
        Index(None, "practice_id", "patient_id", "recorded_at"),
        CheckConstraint(
            "(supersedes_id IS NULL) = (change_reason = '')", name="corrections_say_why"
        ),
        CheckConstraint(
            "decision <> 'entered_in_error' OR supersedes_id IS NOT NULL",
            name="an_error_is_of_something",
        ),
        CheckConstraint(
            "(effective_on IS NOT NULL) = (decision = 'revoked')", name="revocations_take_effect"
        ),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    decision: ConsentDecision = Field(sa_type=word(ConsentDecision))
    decided_on: date
    effective_on: date | None
    statements_json: str
    mode: ConsentMode | None = Field(sa_type=word(ConsentMode))
    language: str
    given_by: ConsentGiver | None = Field(sa_type=word(ConsentGiver))
    representative_name: str
    representative_relation: str
    script_version: str
    note: str
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str
    supersedes_id: str | None
    change_reason: str


class ConditionReviewRow(TenantRow, table=True):
    """A practitioner's answer about one Condition as it stood; the highest revision holds."""

    __tablename__ = "condition_review"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        UniqueConstraint(
            "practice_id",
            "patient_id",
            "condition_id",
            "revision",
            name="uq_condition_review_revision",  # spelt out, it is too long for PostgreSQL
        ),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        CheckConstraint("revision >= 1", name="revisions_start_at_one"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    condition_id: str
    condition_version: str
    fingerprint: str
    answer: ReviewAnswer = Field(sa_type=word(ReviewAnswer))
    family: str
    reason: str
    revision: int
    user_id: str
    person: str
    reviewed_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str
