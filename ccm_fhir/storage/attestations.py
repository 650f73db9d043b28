"""What people have stated about patient-months, word for word."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, AttestationRow, PatientRow
from ccm_fhir.storage.values import columns_of, of_these, require_parents, value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlmodel import Session

_ALL_TIME: Mapping[str, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttestation:
    """A statement to be kept; ``kind`` is one of the caller's words."""

    patient_id: str
    month: ServiceMonth
    kind: str
    statement: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationRecord(NewAttestation):
    """A kept statement."""

    id: str
    practice_id: str
    attested_at: datetime


def record(
    session: Session, practice_id: str, new: NewAttestation, now: datetime
) -> AttestationRecord:
    """Keep a statement."""
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = AttestationRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        month=str(new.month),
        attested_at=now,
    )
    session.add(row)
    session.flush()
    return value_of(AttestationRecord, row, month=new.month)


def of_month(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> tuple[AttestationRecord, ...]:
    """Return the statements about a patient-month, oldest first."""
    rows = session.exec(
        select(AttestationRow)
        .where(
            col(AttestationRow.practice_id) == practice_id,
            col(AttestationRow.patient_id) == patient_id,
            col(AttestationRow.month) == str(month),
        )
        .order_by(col(AttestationRow.attested_at), col(AttestationRow.id))
    )
    return tuple(
        value_of(AttestationRecord, row, month=ServiceMonth.parse(row.month)) for row in rows
    )


def said_in_month(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    patient_ids: Collection[str] | None = None,
    since: Mapping[str, datetime] = _ALL_TIME,
) -> dict[str, frozenset[tuple[str, str]]]:
    """Return which kinds of statement were made about each patient's month, each with its user.

    Of patients named in ``since``, only what was said after that moment.
    """
    rows = session.exec(
        select(
            AttestationRow.patient_id,
            AttestationRow.kind,
            AttestationRow.user_id,
            AttestationRow.attested_at,
        ).where(
            col(AttestationRow.practice_id) == practice_id,
            col(AttestationRow.month) == str(month),
            *of_these(AttestationRow.patient_id, patient_ids),
        )
    )
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for patient_id, kind, user_id, attested_at in rows:
        if patient_id in since and attested_at <= since[patient_id]:
            continue
        found[patient_id] = found.get(patient_id, frozenset()) | {(kind, user_id)}
    return found


def latest_between(
    session: Session,
    practice_id: str,
    patient_ids: Collection[str],
    first: ServiceMonth,
    last: ServiceMonth,
) -> dict[tuple[str, str], AttestationRecord]:
    """Return the newest statement of each patient and kind about some months, both included."""
    rows = session.exec(
        select(AttestationRow)
        .where(
            col(AttestationRow.practice_id) == practice_id,
            col(AttestationRow.month) >= str(first),
            col(AttestationRow.month) <= str(last),
            *of_these(AttestationRow.patient_id, patient_ids),
        )
        .order_by(col(AttestationRow.attested_at), col(AttestationRow.id))
    )
    return {
        (row.patient_id, row.kind): value_of(
            AttestationRecord, row, month=ServiceMonth.parse(row.month)
        )
        for row in rows
    }
