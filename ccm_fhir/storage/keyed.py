"""What people entered in the EHR by hand, where a delivery could not: stated once, kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.tables import AppUserRow, DeliveryRow, KeyedByHandRow
from ccm_fhir.storage.values import columns_of, insert_once, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKeyed:
    """Which delivery was entered by whom, and the number that the EHR gave it."""

    delivery_id: str
    user_id: str
    ehr_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed(NewKeyed):
    """What was stated, and when."""

    at: datetime


def record(session: Session, practice_id: str, new: NewKeyed, now: datetime) -> Keyed:
    """State that a delivery was entered by hand; the same statement again changes nothing.

    Raises:
        ConflictError: another number was stated before.
    """
    require_parents(session, practice_id, (DeliveryRow, new.delivery_id), (AppUserRow, new.user_id))
    row = KeyedByHandRow(**columns_of(new), practice_id=practice_id, at=now)
    if insert_once(session, row):
        return value_of(Keyed, row)
    before = of_practice(session, practice_id)[new.delivery_id]
    if before.ehr_number != new.ehr_number:
        raise ConflictError("It was marked as entered by hand already, under another number.")
    return before


def of_practice(session: Session, practice_id: str) -> dict[str, Keyed]:
    """Return everything of a practice that was entered by hand, by delivery."""
    rows = session.exec(
        select(KeyedByHandRow).where(col(KeyedByHandRow.practice_id) == practice_id)
    )
    return {row.delivery_id: value_of(Keyed, row) for row in rows}
