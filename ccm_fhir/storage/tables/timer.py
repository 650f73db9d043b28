"""Tables of timers: where each stands (it moves), and what was worked (append-only)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from ccm_fhir.domain.codes import Activity, Role
from ccm_fhir.domain.timers import Ending, TimerPolicy
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import TimerOutcome

_RUNS = text("running_since IS NOT NULL")
_OPEN = text("closed_at IS NULL")


class TimerRow(TenantRow, table=True):
    """One person's timer for one patient; the database itself allows one running a person."""

    __tablename__ = "timer"
    __table_args__ = table_args(
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        Index(
            "uq_timer_one_running",
            "practice_id",
            "user_id",
            unique=True,
            sqlite_where=_RUNS,
            postgresql_where=_RUNS,
        ),
        Index(
            "uq_timer_one_open",
            "practice_id",
            "user_id",
            "patient_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        CheckConstraint(
            "closed_at IS NULL OR running_since IS NULL", name="a_closed_timer_does_not_run"
        ),
        CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name="a_closed_timer_has_an_outcome"
        ),
    )

    id: str = Field(primary_key=True)
    user_id: str
    patient_id: str
    activity: Activity | None = Field(sa_type=word(Activity))
    contact_mode: ContactMode | None = Field(sa_type=word(ContactMode))
    started_at: datetime = Field(sa_type=UtcDateTime)
    running_since: datetime | None = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    active_at: datetime = Field(sa_type=UtcDateTime)
    is_watched: bool
    closed_at: datetime | None = Field(sa_type=UtcDateTime)
    outcome: TimerOutcome | None = Field(sa_type=word(TimerOutcome))


class TimerStretchRow(TenantRow, table=True):
    """One unbroken piece of work by a timer."""

    __tablename__ = "timer_stretch"
    __table_args__ = table_args(
        within_practice(),
        belongs_to("timer_id", "timer"),
        UniqueConstraint("practice_id", "timer_id", "started_at"),
        CheckConstraint("ended_at > started_at", name="ends_after_it_starts"),
    )

    id: str = Field(primary_key=True)
    timer_id: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime = Field(sa_type=UtcDateTime)
    ending: Ending = Field(sa_type=word(Ending))
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class TimerPolicyRow(TenantRow, table=True):
    """How timers start for a role; the newest row of a role holds."""

    __tablename__ = "timer_policy"
    __table_args__ = table_args(
        belongs_to("set_by", "app_user"), Index(None, "practice_id", "role", "set_at")
    )

    id: str = Field(primary_key=True)
    role: Role = Field(sa_type=word(Role))
    policy: TimerPolicy = Field(sa_type=word(TimerPolicy))
    set_by: str | None
    set_at: datetime = Field(sa_type=UtcDateTime)
