"""What people keyed into the EHR by hand: who, when, and under which number; stated once, kept."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """Which delivery was keyed by whom, and the EHR's number where it gave one.

    ``person`` is their name as it was then; empty in what was stated before names were kept.
    """

    delivery_id: str
    user_id: str
    person: str
    ehr_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed(NewKeyed):
    """What was stated, and when."""

    at: datetime


def record(session: Session, practice_id: str, new: NewKeyed, now: datetime) -> Keyed:
    """State that a delivery was keyed by hand; the same number again changes nothing.

    Raises:
        ConflictError: another number was stated before.
        NotFoundError: no such delivery or person in this practice.
    """
    require_parents(session, practice_id, (DeliveryRow, new.delivery_id), (AppUserRow, new.user_id))
    row = KeyedByHandRow(**columns_of(new), practice_id=practice_id, at=now)
    if insert_once(session, row):
        return value_of(Keyed, row)
    before = of_practice(session, practice_id)[new.delivery_id]
    if before.ehr_number != new.ehr_number:
        raise ConflictError("It was marked as keyed by hand already, under another number.")
    return before


def of_practice(session: Session, practice_id: str) -> dict[str, Keyed]:
    """Return everything of a practice that was keyed by hand, by delivery."""
    rows = session.exec(
        select(KeyedByHandRow).where(col(KeyedByHandRow.practice_id) == practice_id)
    )
    return {row.delivery_id: value_of(Keyed, row) for row in rows}
