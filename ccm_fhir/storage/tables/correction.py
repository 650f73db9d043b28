"""Tables of claims' corrections, and of what the EHR shows that payers decided."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args
from ccm_fhir.storage.vocabulary import ClaimSaid


class ClaimStatementRow(TenantRow, table=True):
    """What a person said of a claim, and why; append-only, numbered for each claim."""

    __tablename__ = "claim_statement"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "claim_id", "turn"),
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("claim_id", "claim"),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "month"),
        CheckConstraint("turn >= 1", name="turns_start_at_one"),
        CheckConstraint("reason <> ''", name="a_statement_has_a_reason"),
    )

    id: str = Field(primary_key=True)
    claim_id: str
    patient_id: str
    month: str
    turn: int
    said: ClaimSaid = Field(sa_type=word(ClaimSaid))
    reason: str
    user_id: str
    said_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class EhrAnswerRow(TenantRow, table=True):
    """What a resource of the EHR said of a claim when it was read; append-only.

    The newest row of a resource holds; ``stands`` is false where the EHR has taken it back.
    """

    __tablename__ = "ehr_answer"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "claim_id", "source_ref", "turn"),
        belongs_to("claim_id", "claim"),
        CheckConstraint("turn >= 1", name="turns_start_at_one"),
    )

    id: str = Field(primary_key=True)
    claim_id: str
    source_ref: str
    turn: int
    stands: bool
    answer_json: str
    read_at: datetime = Field(sa_type=UtcDateTime)
