"""Consents recorded here: written once, and corrected by further rows only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import col, select

from ccm_fhir.domain.consents import ConsentDecision, RecordedConsent
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, PatientRow, RecordedConsentRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    of_these,
    require,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.consents import ConsentGiver, ConsentMode

_CORRECTED_ALREADY = "the record was corrected already; look at it again"
_STATEMENTS = msgspec.json.Decoder(tuple[str, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """What a patient decided, by whom it was said, and who recorded it.

    ``supersedes_id`` names the record that this one corrects, and ``change_reason`` why.
    """

    patient_id: str
    decision: ConsentDecision
    decided_on: date
    effective_on: date | None = None
    statements: tuple[str, ...] = ()
    mode: ConsentMode | None = None
    language: str = ""
    given_by: ConsentGiver | None = None
    representative_name: str = field(default="", repr=False)
    representative_relation: str = field(default="", repr=False)
    script_version: str = ""
    note: str = field(default="", repr=False)
    recorded_by: str
    form_key: str
    supersedes_id: str | None = None
    change_reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord(NewConsent):
    """A row."""

    id: str
    practice_id: str
    recorded_at: datetime

    @property
    def as_recorded(self) -> RecordedConsent:
        """The record as it is judged."""
        return RecordedConsent(
            id=self.id,
            decision=self.decision,
            decided_on=self.decided_on,
            statements=self.statements,
            mode=self.mode,
            language=self.language,
            supersedes_id=self.supersedes_id,
        )


def record(session: Session, practice_id: str, new: NewConsent, now: datetime) -> ConsentRecord:
    """Record a decision, or a correction; the same form sent again gives the same row.

    Raises:
        ConflictError: the form was used for something else, or the record was corrected already.
        InputError: a correction cannot move a record to another patient.
    """
    before = _by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(
        session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.recorded_by)
    )
    _refuse_impossible_correction(session, practice_id, new)
    row = RecordedConsentRow(
        **columns_of(new, without=frozenset({"statements"})),
        id=new_id(now),
        practice_id=practice_id,
        statements_json=msgspec.json.encode(new.statements).decode(),
        recorded_at=now,
    )
    if insert_once(session, row):
        return _record_of(row)
    meanwhile = _by_form(session, practice_id, new.form_key)
    if meanwhile is None:
        raise ConflictError(_CORRECTED_ALREADY)
    return _same_or_conflict(meanwhile, new)


def get(session: Session, practice_id: str, record_id: str) -> ConsentRecord:
    """Return a record; raises NotFoundError."""
    return _record_of(require(session, RecordedConsentRow, practice_id, record_id))


def of_patient(session: Session, practice_id: str, patient_id: str) -> tuple[ConsentRecord, ...]:
    """Return every record of a patient, corrected ones too, in the order of recording."""
    return _select(session, practice_id, col(RecordedConsentRow.patient_id) == patient_id)


def of_practice(
    session: Session, practice_id: str, patient_ids: Collection[str] | None = None
) -> dict[str, tuple[ConsentRecord, ...]]:
    """Return every record of a practice by its patient, in the order of recording."""
    groups: dict[str, list[ConsentRecord]] = defaultdict(list)
    for one in _select(session, practice_id, *of_these(RecordedConsentRow.patient_id, patient_ids)):
        groups[one.patient_id].append(one)
    return {patient_id: tuple(records) for patient_id, records in groups.items()}


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[ConsentRecord, ...]:
    rows = session.exec(
        select(RecordedConsentRow)
        .where(col(RecordedConsentRow.practice_id) == practice_id, *conditions)
        .order_by(col(RecordedConsentRow.recorded_at), col(RecordedConsentRow.id))
    )
    return tuple(_record_of(row) for row in rows)


def _by_form(session: Session, practice_id: str, form_key: str) -> ConsentRecord | None:
    found = _select(session, practice_id, col(RecordedConsentRow.form_key) == form_key)
    return found[0] if found else None


def _same_or_conflict(stored: ConsentRecord, new: NewConsent) -> ConsentRecord:
    if is_same(NewConsent, stored, new):
        return stored
    raise ConflictError("this form was sent before with other content; open a new one")


def _refuse_impossible_correction(session: Session, practice_id: str, new: NewConsent) -> None:
    if new.supersedes_id is None:
        return
    old = require(session, RecordedConsentRow, practice_id, new.supersedes_id)
    if old.patient_id != new.patient_id:
        raise InputError("patient", "a correction cannot move a consent to another patient")
    if old.decision is ConsentDecision.ENTERED_IN_ERROR:
        raise ConflictError(_CORRECTED_ALREADY)


def _record_of(row: RecordedConsentRow) -> ConsentRecord:
    return value_of(ConsentRecord, row, statements=_STATEMENTS.decode(row.statements_json))
