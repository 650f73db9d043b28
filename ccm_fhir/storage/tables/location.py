"""Tables of a practice's locations, and of which one a patient is seen at from a month on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.tables.base import TenantRow, belongs_to, table_args, within_practice

_DEFAULT = text("is_default")


class LocationRow(TenantRow, table=True):
    """A place where a practice sees its patients; the database itself allows one default.

    ``name_key`` is the name as two are compared. An empty ``time_zone`` is the practice's own.
    """

    __tablename__ = "location"
    __table_args__ = table_args(
        within_practice(),
        UniqueConstraint("practice_id", "name_key"),
        Index(
            "uq_location_one_default",
            "practice_id",
            unique=True,
            sqlite_where=_DEFAULT,
            postgresql_where=_DEFAULT,
        ),
        CheckConstraint("is_active OR NOT is_default", name="the_default_is_active"),
    )

    id: str = Field(primary_key=True)
    name: str
    name_key: str
    place_of_service: str
    time_zone: str
    locality: str
    is_active: bool
    is_default: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


class PatientLocationRow(TenantRow, table=True):
    """Where a person said that a patient is seen from a month on; append-only.

    Without ``location_id`` it is the practice's default again.
    """

    __tablename__ = "patient_location"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "sequence"),
        UniqueConstraint("practice_id", "form_key"),
        belongs_to("patient_id", "patient"),
        belongs_to("location_id", "location"),
        belongs_to("user_id", "app_user"),
        Index(None, "practice_id", "patient_id"),
    )

    id: str = Field(primary_key=True)
    sequence: int
    patient_id: str
    month: str
    location_id: str | None
    user_id: str
    stated_at: datetime = Field(sa_type=UtcDateTime)
    form_key: str
