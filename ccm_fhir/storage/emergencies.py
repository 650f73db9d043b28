"""Emergency access to a practice: opened with a reason, for a while, and never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import EmergencyAccessRow
from ccm_fhir.storage.tenancy import enter, looking_for
from ccm_fhir.storage.values import columns_of, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmergency:
    """Who opens a practice for reading, and why; the code is known here by hash only."""

    code_hash: str = field(repr=False)
    opened_by: str
    reason: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency(NewEmergency):
    """An emergency access as it was opened."""

    id: str
    practice_id: str
    opened_at: datetime


def begin(session: Session, practice_id: str, new: NewEmergency, now: datetime) -> Emergency:
    """Record that a practice was opened."""
    row = EmergencyAccessRow(
        **columns_of(new), id=new_id(now), practice_id=practice_id, opened_at=now
    )
    session.add(row)
    session.flush()
    return value_of(Emergency, row)


def find(session: Session, code_hash: str) -> Emergency | None:
    """Return the access of a code, expired ones too; the transaction is then of its practice."""
    looking_for(session, code_hash)
    row = session.exec(
        select(EmergencyAccessRow).where(col(EmergencyAccessRow.code_hash) == code_hash)
    ).one_or_none()
    if row is None:
        return None
    enter(session, row.practice_id)
    return value_of(Emergency, row)
