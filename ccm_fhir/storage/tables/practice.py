"""Tables of the practice and of what it charges."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlmodel import Field

from ccm_fhir.storage.columns import UtcDateTime
from ccm_fhir.storage.tables.base import Row, TenantRow, table_args


class PracticeRow(Row, table=True):
    """A practice: the tenant everything else belongs to, and who it is on a claim."""

    __tablename__ = "practice"

    id: str = Field(primary_key=True)
    name: str
    time_zone: str
    npi: str
    tax_id: str
    taxonomy: str
    organization_ref: str
    identifier_namespace: str
    place_of_service: str
    locality: str = Field(sa_column_kwargs={"server_default": text("''")})
    attested_24_7: bool | None
    attested_certified_ehr: bool | None
    attested_team_member: bool | None
    attested_on: date | None
    created_at: datetime = Field(sa_type=UtcDateTime)


class FeeRow(TenantRow, table=True):
    """What a practice charges for one unit of a code from a day on."""

    __tablename__ = "fee"
    __table_args__ = table_args(
        UniqueConstraint("practice_id", "code", "in_force_from"),
        CheckConstraint("amount_cents >= 0", name="amount_is_not_negative"),
    )

    id: str = Field(primary_key=True)
    code: str
    in_force_from: date
    amount_cents: int
