"""Where patients are seen, as people said it: rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, func, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import locations
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, LocationRow, PatientLocationRow, PatientRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPatientLocation:
    """Where a patient is seen from ``month`` on; None is the practice's default again."""

    patient_id: str
    month: ServiceMonth
    location_id: str | None
    user_id: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLocation(NewPatientLocation):
    """A kept statement; ``sequence`` counts a practice's in the order of stating."""

    id: str
    practice_id: str
    sequence: int
    stated_at: datetime


def record(
    session: Session, practice_id: str, new: NewPatientLocation, now: datetime
) -> PatientLocation:
    """Keep where a patient is seen; the same form sent again gives the same row.

    Raises:
        NotFoundError: no such patient, location or person in this practice.
        ConflictError: the form was used for something else, or two stated at one moment.
    """
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    locations.settle(session, practice_id)
    require_parents(
        session,
        practice_id,
        (PatientRow, new.patient_id),
        (LocationRow, new.location_id),
        (AppUserRow, new.user_id),
    )
    row = PatientLocationRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        sequence=_count(session, practice_id) + 1,
        month=str(new.month),
        stated_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("somebody else is saying this at this moment; look at it again")
    return _record_of(row)


def find_by_form(session: Session, practice_id: str, form_key: str) -> PatientLocation | None:
    """Return what a form has recorded already, if anything."""
    found = _select(session, practice_id, col(PatientLocationRow.form_key) == form_key)
    return found[0] if found else None


def in_force(
    session: Session, practice_id: str, month: ServiceMonth, patient_id: str | None = None
) -> dict[str, PatientLocation]:
    """Return what holds in a month, by patient: the latest month begun, and of one the last said.

    Of one patient, or of all; of whom nobody ever spoke is not there. Later months never reach
    back.
    """
    conditions = [col(PatientLocationRow.month) <= str(month)]
    if patient_id is not None:
        conditions.append(col(PatientLocationRow.patient_id) == patient_id)
    return _holding(_select(session, practice_id, *conditions))


def patients_ahead(
    session: Session, practice_id: str, location_id: str, month: ServiceMonth
) -> int:
    """Return how many patients are seen at a location in a month, or will be later."""
    said = _select(session, practice_id)
    now = _holding(one for one in said if one.month <= month).values()
    later = {(one.patient_id, one.month): one for one in said if one.month > month}.values()
    return len({one.patient_id for one in (*now, *later) if one.location_id == location_id})


def _holding(said: Iterable[PatientLocation]) -> dict[str, PatientLocation]:
    ordered = sorted(said, key=lambda one: (one.month, one.sequence))
    return {one.patient_id: one for one in ordered}


def _count(session: Session, practice_id: str) -> int:
    return session.exec(
        select(func.count())
        .select_from(PatientLocationRow)
        .where(col(PatientLocationRow.practice_id) == practice_id)
    ).one()


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[PatientLocation, ...]:
    rows = session.exec(
        select(PatientLocationRow)
        .where(col(PatientLocationRow.practice_id) == practice_id, *conditions)
        .order_by(col(PatientLocationRow.sequence))
    )
    return tuple(_record_of(row) for row in rows)


def _record_of(row: PatientLocationRow) -> PatientLocation:
    return value_of(PatientLocation, row, month=ServiceMonth.parse(row.month))


def _same_or_conflict(stored: PatientLocation, new: NewPatientLocation) -> PatientLocation:
    if not is_same(NewPatientLocation, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored
