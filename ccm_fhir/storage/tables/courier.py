"""Tables of the delivery engine: whose turn it is, how fast an EHR may be asked, who is alive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.tables.base import Row, TenantRow, belongs_to, table_args


class DeliveryTurnRow(TenantRow, table=True):
    """When a delivery that waits is looked at again; only its newest turn counts.

    ``due_at`` is None while it waits for a person or a reconnection; ``reason`` is a code.
    """

    __tablename__ = "delivery_turn"
    __table_args__ = table_args(
        belongs_to("delivery_id", "delivery"),
        CheckConstraint("number >= 0", name="turns_are_counted"),
    )

    delivery_id: str = Field(primary_key=True)
    number: int
    due_at: datetime | None = Field(sa_type=UtcDateTime)
    reason: str


class EhrPaceRow(TenantRow, table=True):
    """How fast one EHR may be asked, shared by every process; ``per_minute`` None is the usual.

    ``failures`` and ``throttled`` count in a row; ``opened`` is how often the circuit opened
    since the EHR last answered.
    """

    __tablename__ = "ehr_pace"
    __table_args__ = table_args(
        belongs_to("ehr_id", "ehr"),
        CheckConstraint("per_minute IS NULL OR per_minute > 0", name="a_quota_lets_something_by"),
    )

    ehr_id: str = Field(primary_key=True)
    per_minute: int | None
    next_request_at: datetime | None = Field(sa_type=UtcDateTime)
    next_delivery_at: datetime | None = Field(sa_type=UtcDateTime)
    paused_until: datetime | None = Field(sa_type=UtcDateTime)
    probed_until: datetime | None = Field(sa_type=UtcDateTime)
    reason: str
    failures: int
    throttled: int
    opened: int


class KeyedByHandRow(TenantRow, table=True):
    """That a person keyed a delivery into the EHR by hand, under which number; append-only."""

    __tablename__ = "keyed_by_hand"
    __table_args__ = table_args(
        belongs_to("delivery_id", "delivery"), belongs_to("user_id", "app_user")
    )

    delivery_id: str = Field(primary_key=True)
    user_id: str
    person: str = Field(sa_column_kwargs={"server_default": text("''")})
    ehr_number: str
    at: datetime = Field(sa_type=UtcDateTime)


class ReconciliationRow(TenantRow, table=True):
    """What a comparison of ledger, deliveries and EHR found; append-only."""

    __tablename__ = "reconciliation"
    __table_args__ = table_args(Index(None, "practice_id", "at"))

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    report_json: str


class WorkerLeaseRow(Row, table=True):
    """A process that runs the engine, and when it last gave a sign of life."""

    __tablename__ = "worker_lease"

    executor_id: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)
