"""Append-only tables: time, attestations, sign-offs, claims and the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from ccm_fhir.domain.codes import Activity, PerformerKind
from ccm_fhir.domain.decision import Programme
from ccm_fhir.domain.writeback import ContactMode
from ccm_fhir.storage.columns import UtcDateTime, word
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice
from ccm_fhir.storage.vocabulary import EntryChange, EntrySource


class TimeEntryRow(TenantRow, table=True):
    """One interval of work, or the correction or voiding of one."""

    __tablename__ = "time_entry"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "form_key"),
        UniqueConstraint("supersedes_id"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        belongs_to("recorded_by", "app_user"),
        belongs_to("supersedes_id", "time_entry"),
        Index(None, "practice_id", "patient_id", "started_at"),
        Index(None, "practice_id", "user_id", "started_at"),
        Index(None, "practice_id", "ended_at"),
        CheckConstraint("ended_at > started_at", name="ends_after_it_starts"),
        CheckConstraint(
            "(supersedes_id IS NULL) = (change = 'entry')", name="changes_supersede_something"
        ),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    user_id: str
    performer: PerformerKind = Field(sa_type=word(PerformerKind))
    credential: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime = Field(sa_type=UtcDateTime)
    zone: str
    activity: Activity = Field(sa_type=word(Activity))
    is_contact: bool
    contact_mode: ContactMode | None = Field(sa_type=word(ContactMode))
    source: EntrySource = Field(sa_type=word(EntrySource))
    note: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str
    form_key: str
    supersedes_id: str | None
    change: EntryChange = Field(sa_type=word(EntryChange))
    change_reason: str


class TimeLinkRow(TenantRow, table=True):
    """A link of the time ledger's chain: the keyed hash of one of its rows and the link before."""

    __tablename__ = "time_link"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "sequence"),
        UniqueConstraint("practice_id", "row_id"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    row_id: str
    previous_hash: str
    hash: str


class AttestationRow(TenantRow, table=True):
    """A statement a person made about a patient-month."""

    __tablename__ = "attestation"
    __table_args__ = table_args(
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "patient_id", "month"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    month: str
    kind: str
    statement: str
    user_id: str
    attested_at: datetime = Field(sa_type=UtcDateTime)


class SignOffRow(TenantRow, table=True):
    """A practitioner's signature under one decision, frozen with it."""

    __tablename__ = "sign_off"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "patient_id", "month", "programme", "revision"),
        UniqueConstraint("practice_id", "form_key"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "month"),
        CheckConstraint("revision >= 1", name="revisions_start_at_one"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    month: str
    programme: Programme = Field(sa_type=word(Programme))
    revision: int
    user_id: str
    signed_at: datetime = Field(sa_type=UtcDateTime)
    decision_json: str
    decision_hash: str
    form_key: str


class ClaimRow(TenantRow, table=True):
    """A claim as drafted, frozen; where it stands is its delivery's to say."""

    __tablename__ = "claim"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "patient_id", "month", "programme", "revision"),
        UniqueConstraint("identifier"),
        UniqueConstraint("prior_id"),
        within_practice(),
        belongs_to("patient_id", "patient"),
        belongs_to("sign_off_id", "sign_off"),
        belongs_to("prior_id", "claim"),
        Index(None, "practice_id", "month"),
        CheckConstraint("total_cents >= 0", name="total_is_not_negative"),
    )

    id: str = Field(primary_key=True)
    patient_id: str
    month: str
    programme: Programme = Field(sa_type=word(Programme))
    revision: int
    sign_off_id: str
    identifier: str
    total_cents: int
    draft_json: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    prior_id: str | None


class AuditRow(TenantRow, table=True):
    """Who did what to which chart, chained so that a missing or altered line shows."""

    __tablename__ = "audit"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "sequence"),
        belongs_to("user_id", "app_user"),
        belongs_to("patient_id", "patient"),
        Index(None, "practice_id", "patient_id", "at"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    user_id: str | None
    patient_id: str | None
    act: str
    at: datetime = Field(sa_type=UtcDateTime)
    previous_hash: str
    hash: str
