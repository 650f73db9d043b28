"""Sign-offs: a practitioner's signature, frozen with the decision it stands under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, PatientRow, SignOffRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from ccm_fhir.domain.decision import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignOff:
    """A signature to be kept; ``decision_json`` is exactly what was shown and signed."""

    patient_id: str
    month: ServiceMonth
    programme: Programme
    revision: int
    user_id: str
    decision_json: str = field(repr=False)
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffRecord(NewSignOff):
    """A kept signature."""

    id: str
    practice_id: str
    signed_at: datetime
    decision_hash: str


def record(session: Session, practice_id: str, new: NewSignOff, now: datetime) -> SignOffRecord:
    """Keep a signature; the same form sent again gives the same row.

    Raises:
        ConflictError: this revision of the month is signed already, or the form was used
            before for something else.
    """
    before = _by_form(session, practice_id, new.form_key)
    if before is None:
        require_parents(
            session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id)
        )
        row = SignOffRow(
            **columns_of(new, without=frozenset({"month"})),
            id=new_id(now),
            practice_id=practice_id,
            month=str(new.month),
            signed_at=now,
            decision_hash=_hash(new),
        )
        if insert_once(session, row):
            return sign_off_of(row)
        before = _by_form(session, practice_id, new.form_key)
    if before is None:
        raise ConflictError("this month is signed already; look at it again")
    return _same_or_conflict(before, new)


def get(session: Session, practice_id: str, sign_off_id: str) -> SignOffRecord:
    """Return a signature; raises NotFoundError."""
    return sign_off_of(require(session, SignOffRow, practice_id, sign_off_id))


def find_latest(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> SignOffRecord | None:
    """Return the newest signature of a patient-month, if there is any."""
    signed = history(session, practice_id, patient_id, month)
    return signed[-1] if signed else None


def history(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> tuple[SignOffRecord, ...]:
    """Return every signature of a patient-month, by revision."""
    rows = session.exec(
        select(SignOffRow)
        .where(
            col(SignOffRow.practice_id) == practice_id,
            col(SignOffRow.patient_id) == patient_id,
            col(SignOffRow.month) == str(month),
        )
        .order_by(col(SignOffRow.revision), col(SignOffRow.id))
    )
    return tuple(sign_off_of(row) for row in rows)


def signed_months(session: Session, practice_id: str, patient_id: str) -> tuple[ServiceMonth, ...]:
    """Return the months of a patient that somebody has signed, oldest first."""
    found = session.exec(
        select(SignOffRow.month)
        .where(col(SignOffRow.practice_id) == practice_id, col(SignOffRow.patient_id) == patient_id)
        .distinct()
    )
    return tuple(sorted(ServiceMonth.parse(month) for month in found))


def months_signed(session: Session, practice_id: str) -> tuple[ServiceMonth, ...]:
    """Return the months in which some patient's is signed, earliest first."""
    found = session.exec(
        select(SignOffRow.month).where(col(SignOffRow.practice_id) == practice_id).distinct()
    )
    return tuple(sorted(ServiceMonth.parse(month) for month in found))


def sign_off_of(row: SignOffRow) -> SignOffRecord:
    """Read a stored signature."""
    return value_of(SignOffRecord, row, month=ServiceMonth.parse(row.month))


def _by_form(session: Session, practice_id: str, form_key: str) -> SignOffRecord | None:
    row = session.exec(
        select(SignOffRow).where(
            col(SignOffRow.practice_id) == practice_id, col(SignOffRow.form_key) == form_key
        )
    ).one_or_none()
    return None if row is None else sign_off_of(row)


def _same_or_conflict(stored: SignOffRecord, new: NewSignOff) -> SignOffRecord:
    if not is_same(NewSignOff, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored


def _hash(new: NewSignOff) -> str:
    return hashlib.sha256(new.decision_json.encode()).hexdigest()
