"""What billing practitioners attested of a month's decision making; the newest row holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, MdmAttestationRow, PatientRow
from ccm_fhir.storage.values import columns_of, insert_once, is_same, require_parents, value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.codes import MdmAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMdmAttestation:
    """An answer to be kept; ``is_plan_revised`` is None where the month's law does not ask."""

    patient_id: str
    month: ServiceMonth
    answer: MdmAnswer
    is_plan_revised: bool | None
    rationale: str = field(repr=False)
    user_id: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MdmAttestationRecord(NewMdmAttestation):
    """A kept answer; ``sequence`` counts the answers to one patient-month."""

    id: str
    practice_id: str
    sequence: int
    attested_at: datetime


def record(
    session: Session, practice_id: str, new: NewMdmAttestation, now: datetime
) -> MdmAttestationRecord:
    """Keep an answer, which supersedes those before it; the same form twice keeps one row.

    Raises:
        ConflictError: the form was used for something else, or two answered at one moment.
    """
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = MdmAttestationRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        sequence=len(of_patient_month(session, practice_id, new.patient_id, new.month)) + 1,
        month=str(new.month),
        attested_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("somebody else is attesting at this moment; look at it again")
    return _record_of(row)


def find_by_form(session: Session, practice_id: str, form_key: str) -> MdmAttestationRecord | None:
    """Return what a form has recorded already, if anything."""
    found = _select(session, practice_id, col(MdmAttestationRow.form_key) == form_key)
    return found[0] if found else None


def of_patient_month(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> tuple[MdmAttestationRecord, ...]:
    """Return every answer to a patient-month, oldest first; the last one holds."""
    is_of_patient = col(MdmAttestationRow.patient_id) == patient_id
    return _select(session, practice_id, is_of_patient, col(MdmAttestationRow.month) == str(month))


def latest_of_month(
    session: Session, practice_id: str, month: ServiceMonth
) -> dict[str, MdmAttestationRecord]:
    """Return the answer that holds for each patient of a month."""
    found = _select(session, practice_id, col(MdmAttestationRow.month) == str(month))
    return {one.patient_id: one for one in found}


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[MdmAttestationRecord, ...]:
    rows = session.exec(
        select(MdmAttestationRow)
        .where(col(MdmAttestationRow.practice_id) == practice_id, *conditions)
        .order_by(col(MdmAttestationRow.sequence))
    )
    return tuple(_record_of(row) for row in rows)


def _record_of(row: MdmAttestationRow) -> MdmAttestationRecord:
    return value_of(MdmAttestationRecord, row, month=ServiceMonth.parse(row.month))


def _same_or_conflict(stored: MdmAttestationRecord, new: NewMdmAttestation) -> MdmAttestationRecord:
    if not is_same(NewMdmAttestation, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored
