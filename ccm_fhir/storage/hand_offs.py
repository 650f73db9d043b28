"""What a person has keyed into the EHR by hand: who, when, and under which number of the EHR's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, DeliveryRow, HandOffMarkRow
from ccm_fhir.storage.values import columns_of, insert_once, require_parents, value_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMark:
    """A person's word that they have keyed a delivery; the EHR's number where it gave one."""

    delivery_id: str
    user_id: str
    person: str
    ehr_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(NewMark):
    """A mark as it was made."""

    marked_at: datetime


def mark(session: Session, practice_id: str, new: NewMark, now: datetime) -> Mark:
    """Keep a mark.

    Raises:
        ConflictError: the delivery is marked already.
        NotFoundError: no such delivery or person in this practice.
    """
    parents = (DeliveryRow, new.delivery_id), (AppUserRow, new.user_id)
    require_parents(session, practice_id, *parents)
    row = HandOffMarkRow(**columns_of(new), id=new_id(now), practice_id=practice_id, marked_at=now)
    if not insert_once(session, row):
        raise ConflictError("This was marked as keyed already.")
    return value_of(Mark, row)


def of_deliveries(
    session: Session, practice_id: str, delivery_ids: Collection[str]
) -> dict[str, Mark]:
    """Return the marks of deliveries, by delivery."""
    rows = session.exec(
        select(HandOffMarkRow).where(
            col(HandOffMarkRow.practice_id) == practice_id,
            col(HandOffMarkRow.delivery_id).in_(delivery_ids),
        )
    )
    return {row.delivery_id: value_of(Mark, row) for row in rows}
