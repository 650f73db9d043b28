"""Patients, as the EHR last described them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import EhrRow, PatientRow
from ccm_fhir.storage.values import insert_once, of_these, require, value_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.facts import PatientFact


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """A patient of an EHR; prints our opaque ids alone.

    ``chart_problem`` says why the chart could not be read when that was last tried; None where
    it was read.
    """

    id: str
    practice_id: str
    ehr_id: str
    fhir_id: str = field(repr=False)
    name: str = field(repr=False)
    birth_date_text: str = field(repr=False)
    gender: str = field(repr=False)
    mrn: str = field(repr=False)
    mbi: str = field(repr=False)
    language: str = field(repr=False)
    died_on_text: str = field(repr=False)
    is_deceased: bool = field(repr=False)
    chart_problem: str | None = None
    updated_at: datetime

    @property
    def ref(self) -> str:
        """The patient's FHIR reference."""
        return f"Patient/{self.fhir_id}"

    @property
    def birth_date(self) -> PartialDate | None:
        """The date of birth, as precise as it is known."""
        return PartialDate.parse(self.birth_date_text)


def upsert(
    session: Session, practice_id: str, ehr_id: str, fact: PatientFact, now: datetime
) -> PatientRecord:
    """Return the patient a chart is of, with the newest description."""
    require(session, EhrRow, practice_id, ehr_id)
    row = _find(session, practice_id, ehr_id, fact.ref.resource_id)
    if row is None:
        made = PatientRow(
            **_described(fact),
            id=new_id(now),
            practice_id=practice_id,
            ehr_id=ehr_id,
            fhir_id=fact.ref.resource_id,
            updated_at=now,
        )
        if insert_once(session, made):
            return value_of(PatientRecord, made)
        row = _find(session, practice_id, ehr_id, fact.ref.resource_id) or made
    row.sqlmodel_update({**_described(fact), "updated_at": now})
    session.flush()
    return value_of(PatientRecord, row)


def get(session: Session, practice_id: str, patient_id: str) -> PatientRecord:
    """Return a patient; raises NotFoundError."""
    return value_of(PatientRecord, require(session, PatientRow, practice_id, patient_id))


def find_by_fhir_id(
    session: Session, practice_id: str, ehr_id: str, fhir_id: str
) -> PatientRecord | None:
    """Return a patient by the EHR's own id, or None."""
    row = _find(session, practice_id, ehr_id, fhir_id)
    return None if row is None else value_of(PatientRecord, row)


def fhir_ids(
    session: Session, practice_id: str, patient_ids: Collection[str | None]
) -> dict[str, str]:
    """Return the EHR's ids of patients, by ours."""
    rows = session.exec(
        select(PatientRow.id, PatientRow.fhir_id).where(
            col(PatientRow.practice_id) == practice_id, col(PatientRow.id).in_(patient_ids)
        )
    )
    return dict(iter(rows))


def list_all(
    session: Session, practice_id: str, patient_ids: Collection[str] | None = None
) -> tuple[PatientRecord, ...]:
    """Return a practice's patients by name; all of them, or those named."""
    rows = session.exec(
        select(PatientRow)
        .where(col(PatientRow.practice_id) == practice_id, *of_these(PatientRow.id, patient_ids))
        .order_by(col(PatientRow.name), col(PatientRow.id))
    )
    return tuple(value_of(PatientRecord, row) for row in rows)


def record_chart_problem(
    session: Session, practice_id: str, patient_id: str, problem: str | None
) -> None:
    """Keep why a chart could not be read, or that it was (None)."""
    require(session, PatientRow, practice_id, patient_id).chart_problem = problem
    session.flush()


def _described(fact: PatientFact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "birth_date_text": _text(fact.birth_date),
        "gender": fact.gender,
        "mrn": fact.mrn,
        "mbi": fact.mbi,
        "language": fact.language,
        "died_on_text": _text(fact.died_on),
        "is_deceased": fact.is_deceased,
    }


def _text(partial: PartialDate | None) -> str:
    return "" if partial is None else str(partial)


def _find(session: Session, practice_id: str, ehr_id: str, fhir_id: str) -> PatientRow | None:
    return session.exec(
        select(PatientRow).where(
            col(PatientRow.practice_id) == practice_id,
            col(PatientRow.ehr_id) == ehr_id,
            col(PatientRow.fhir_id) == fhir_id,
        )
    ).one_or_none()
