"""Months locked and unlocked, of a practice or of one patient: rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, func, or_, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, MonthLockRow, PatientRow
from ccm_fhir.storage.values import columns_of, insert_once, is_same, require_parents, value_of
from ccm_fhir.storage.vocabulary import LockAct

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLock:
    """A month to be locked or unlocked: the practice's, or one patient's."""

    patient_id: str | None
    month: ServiceMonth
    act: LockAct
    reason: str = field(repr=False)
    user_id: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRecord(NewLock):
    """A kept act; ``sequence`` counts a practice's acts in their order."""

    id: str
    practice_id: str
    sequence: int
    acted_at: datetime


def record(session: Session, practice_id: str, new: NewLock, now: datetime) -> LockRecord:
    """Keep an act; the same form sent again gives the same row.

    Raises:
        ConflictError: the form was used for something else, or two acted at one moment.
    """
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = MonthLockRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        sequence=_count(session, practice_id) + 1,
        month=str(new.month),
        acted_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("somebody else is locking a month at this moment; look at it again")
    return _record_of(row)


def find_by_form(session: Session, practice_id: str, form_key: str) -> LockRecord | None:
    """Return what a form has recorded already, if anything."""
    found = _select(session, practice_id, col(MonthLockRow.form_key) == form_key)
    return found[0] if found else None


def of_month(session: Session, practice_id: str, month: ServiceMonth) -> tuple[LockRecord, ...]:
    """Return every act on a month, of the practice and of its patients, in their order."""
    return _select(session, practice_id, col(MonthLockRow.month) == str(month))


def of_patient_month(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> tuple[LockRecord, ...]:
    """Return every act that bears on a patient-month, in their order."""
    whose = or_(col(MonthLockRow.patient_id).is_(None), col(MonthLockRow.patient_id) == patient_id)
    return _select(session, practice_id, col(MonthLockRow.month) == str(month), whose)


def of_practice(acts: tuple[LockRecord, ...]) -> LockRecord | None:
    """Return the lock of the whole practice that holds after these acts, if any."""
    return in_force(tuple(act for act in acts if act.patient_id is None)).get(None)


def in_force(acts: tuple[LockRecord, ...]) -> dict[str | None, LockRecord]:
    """Return the locks that hold after these acts, by patient; None is the whole practice."""
    last = {act.patient_id: act for act in acts}
    return {whose: act for whose, act in last.items() if act.act is LockAct.LOCK}


def _count(session: Session, practice_id: str) -> int:
    return session.exec(
        select(func.count())
        .select_from(MonthLockRow)
        .where(col(MonthLockRow.practice_id) == practice_id)
    ).one()


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[LockRecord, ...]:
    rows = session.exec(
        select(MonthLockRow)
        .where(col(MonthLockRow.practice_id) == practice_id, *conditions)
        .order_by(col(MonthLockRow.sequence))
    )
    return tuple(_record_of(row) for row in rows)


def _record_of(row: MonthLockRow) -> LockRecord:
    return value_of(LockRecord, row, month=ServiceMonth.parse(row.month))


def _same_or_conflict(stored: LockRecord, new: NewLock) -> LockRecord:
    if not is_same(NewLock, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored
