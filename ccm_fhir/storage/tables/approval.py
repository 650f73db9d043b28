"""Tables of approving typed time, append-only: who asked, who answered, and the policy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args
from ccm_fhir.storage.vocabulary import ApprovalStep


class TimeApprovalRow(TenantRow, table=True):
    """That an entry of typed time needs approval, or what somebody answered; each once."""

    __tablename__ = "time_approval"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "entry_id", "step"),
        belongs_to("entry_id", "time_entry"),
        belongs_to("user_id", "app_user"),
        CheckConstraint("(step = 'answered') = (is_approved IS NOT NULL)", name="only_answers_say"),
    )

    id: str = Field(primary_key=True)
    entry_id: str
    step: ApprovalStep = Field(sa_type=word(ApprovalStep))
    reasons: str
    is_approved: bool | None
    note: str
    user_id: str
    at: datetime = Field(sa_type=UtcDateTime)


class TypedPolicyRow(TenantRow, table=True):
    """What a practice lets people type without a second person; the newest row holds."""

    __tablename__ = "typed_policy"
    __table_args__ = table_args(
        belongs_to("set_by", "app_user"), Index(None, "practice_id", "set_at")
    )

    id: str = Field(primary_key=True)
    late_after_days: int
    longest_minutes: int
    after_month_end: bool
    set_by: str | None
    set_at: datetime = Field(sa_type=UtcDateTime)
