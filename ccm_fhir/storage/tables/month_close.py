"""Tables of a month's close: where each patient stands (derived), why, and what is locked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args
from ccm_fhir.storage.vocabulary import LockAct


class MonthChangeRow(TenantRow, table=True):
    """A mark that something was written which a judgement rests on; triggers make it.

    ``patient_id`` is empty where it was of the whole practice. Whoever refreshes takes it away.
    """

    __tablename__ = "month_change"
    __table_args__ = table_args(Index(None, "practice_id", "patient_id"))

    id: str = Field(primary_key=True)
    patient_id: str


class MonthStandingRow(TenantRow, table=True):
    """Where a patient-month stands, as it was last judged; can be made again from the rest.

    ``seen_as`` names the practitioner whom the answer is for, and is empty for everybody else.
    ``generation`` counts how often it became stale, so that a slow judge overwrites nothing newer.
    """

    __tablename__ = "month_standing"
    __table_args__ = table_args(
        belongs_to("patient_id", "patient"),
        Index(None, "practice_id", "patient_id"),
        CheckConstraint("amount_cents >= 0", name="amount_is_not_negative"),
    )

    practice_id: str = Field(foreign_key="practice.id", primary_key=True, nullable=False)
    month: str = Field(primary_key=True)
    seen_as: str = Field(primary_key=True)
    patient_id: str = Field(primary_key=True)
    generation: int
    is_stale: bool
    basis: str
    judged_at: datetime | None = Field(sa_type=UtcDateTime)
    state: str
    counted_seconds: int
    amount_cents: int | None
    detail_json: str


class MonthReasonRow(TenantRow, table=True):
    """One reason why a patient-month is not ready, who can mend it and how; derived as well."""

    __tablename__ = "month_reason"
    __table_args__ = table_args(
        belongs_to("patient_id", "patient"),
        Index(None, "practice_id", "month", "code"),
    )

    practice_id: str = Field(foreign_key="practice.id", primary_key=True, nullable=False)
    month: str = Field(primary_key=True)
    seen_as: str = Field(primary_key=True)
    patient_id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    owner: str
    fix: str


class MonthLockRow(TenantRow, table=True):
    """That somebody locked or unlocked a month, of the practice or of one patient; append-only."""

    __tablename__ = "month_lock"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "sequence"),
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "month"),
        CheckConstraint("reason <> ''", name="a_lock_has_a_reason"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    patient_id: str | None
    month: str
    act: LockAct = Field(sa_type=word(LockAct))
    reason: str
    user_id: str
    acted_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str
