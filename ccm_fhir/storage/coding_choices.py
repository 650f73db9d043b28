"""What practices chose to report: rows are added, never changed; which one holds is read off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, func, or_, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, CodingChoiceRow, PatientRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.codes import DosPolicy, FamilyChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChoice:
    """A choice from ``month`` on, or for one patient in that month alone.

    A patient's has a ``reason`` and no ``dos_policy``; its ``family`` None takes an earlier
    exception back.
    """

    patient_id: str | None
    month: ServiceMonth
    family: FamilyChoice | None
    dos_policy: DosPolicy | None
    reason: str = field(repr=False)
    user_id: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRecord(NewChoice):
    """A kept choice; ``sequence`` counts a practice's choices in the order of choosing."""

    id: str
    practice_id: str
    sequence: int
    chosen_at: datetime


def record(session: Session, practice_id: str, new: NewChoice, now: datetime) -> ChoiceRecord:
    """Keep a choice; the same form sent again gives the same row.

    Raises:
        ConflictError: the form was used for something else, or two chose at the same moment.
    """
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = CodingChoiceRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        sequence=_count(session, practice_id) + 1,
        month=str(new.month),
        chosen_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("somebody else is choosing at this moment; look at it again")
    return _record_of(row)


def find_by_form(session: Session, practice_id: str, form_key: str) -> ChoiceRecord | None:
    """Return what a form has recorded already, if anything."""
    found = _select(session, practice_id, col(CodingChoiceRow.form_key) == form_key)
    return found[0] if found else None


def of_practice(session: Session, practice_id: str) -> tuple[ChoiceRecord, ...]:
    """Return every choice of the practice as a whole, in the order of choosing."""
    return _select(session, practice_id, col(CodingChoiceRow.patient_id).is_(None))


def bearing_on(
    session: Session, practice_id: str, month: ServiceMonth, patient_id: str | None = None
) -> tuple[ChoiceRecord, ...]:
    """Return the practice's choices begun by a month, and that month's exceptions.

    Those of one patient, or of all. In the order of choosing.
    """
    is_exception = col(CodingChoiceRow.month) == str(month)
    if patient_id is not None:
        is_exception &= col(CodingChoiceRow.patient_id) == patient_id
    of_practice = col(CodingChoiceRow.patient_id).is_(None)
    begun = of_practice & (col(CodingChoiceRow.month) <= str(month))
    return _select(session, practice_id, or_(begun, ~of_practice & is_exception))


def _count(session: Session, practice_id: str) -> int:
    return session.exec(
        select(func.count())
        .select_from(CodingChoiceRow)
        .where(col(CodingChoiceRow.practice_id) == practice_id)
    ).one()


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[ChoiceRecord, ...]:
    rows = session.exec(
        select(CodingChoiceRow)
        .where(col(CodingChoiceRow.practice_id) == practice_id, *conditions)
        .order_by(col(CodingChoiceRow.sequence))
    )
    return tuple(_record_of(row) for row in rows)


def _record_of(row: CodingChoiceRow) -> ChoiceRecord:
    return value_of(ChoiceRecord, row, month=ServiceMonth.parse(row.month))


def _same_or_conflict(stored: ChoiceRecord, new: NewChoice) -> ChoiceRecord:
    if not is_same(NewChoice, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored
