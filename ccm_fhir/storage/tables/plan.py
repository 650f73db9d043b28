"""Care plans of ours: drafts that change; versions, reviews, copies, calls, tasks that do not."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import (
    CopyGivenBy,
    CopyLanguage,
    OutreachOutcome,
    TaskOutcome,
)


class PlanDraftRow(TenantRow, table=True):
    """One person's unfinished plan of one patient; saved over and over."""

    __tablename__ = "plan_draft"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "patient_id", "user_id"),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    user_id: str
    draft_json: str
    saved_at: datetime = Field(sa_type=UtcDateTime)


class PlanVersionRow(TenantRow, table=True):
    """One adopted version of a patient's plan; the highest number stands."""

    __tablename__ = "plan_version"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        UniqueConstraint("practice_id", "patient_id", "number"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("adopted_by", "app_user"),
        CheckConstraint("number >= 1", name="numbers_start_at_one"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    number: int
    plan_json: str
    adopted_on: date
    adopted_by: str
    adopted_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class PlanReviewRow(TenantRow, table=True):
    """Somebody went through a version with the patient and found it as it should be."""

    __tablename__ = "plan_review"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("version_id", "plan_version"),
        belongs_to("reviewed_by", "app_user"),
        Index(None, "practice_id", "patient_id", "reviewed_on"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    version_id: str
    reviewed_on: date
    note: str
    reviewed_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class PlanCopyRow(TenantRow, table=True):
    """A copy of a version that was given to somebody, with the words that stood in it."""

    __tablename__ = "plan_copy"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("version_id", "plan_version"),
        belongs_to("recorded_by", "app_user"),
        Index(None, "practice_id", "patient_id", "given_on"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    version_id: str
    given_on: date
    way: CopyGivenBy = Field(sa_type=word(CopyGivenBy))
    language: CopyLanguage = Field(sa_type=word(CopyLanguage))
    given_to: str
    message: str
    text_sha256: str
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class PlanOutreachRow(TenantRow, table=True):
    """One attempt to reach the patient; it counts no time by itself."""

    __tablename__ = "plan_outreach"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("tried_by", "app_user"),
        Index(None, "practice_id", "patient_id", "tried_at"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    outcome: OutreachOutcome = Field(sa_type=word(OutreachOutcome))
    note: str
    next_on: date | None
    tried_by: str
    tried_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class PlanTaskRow(TenantRow, table=True):
    """Something that somebody is to do for the patient; its end is a row of its own."""

    __tablename__ = "plan_task"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("made_by", "app_user"),
        CheckConstraint("text <> ''", name="a_task_says_what"),
        Index(None, "practice_id", "patient_id", "made_at"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    text: str
    performer: Performer = Field(sa_type=word(Performer))
    due_on: date | None
    part_key: str
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str


class PlanTaskEndRow(TenantRow, table=True):
    """A task is done, or will not be: once, by whom, and with what to say of it."""

    __tablename__ = "plan_task_end"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "task_id"),
        belongs_to("task_id", "plan_task"),
        belongs_to("ended_by", "app_user"),
    )

    id: str = Field(primary_key=True)
    task_id: str
    outcome: TaskOutcome = Field(sa_type=word(TaskOutcome))
    note: str
    ended_by: str
    ended_at: datetime = Field(sa_type=UtcDateTime)
