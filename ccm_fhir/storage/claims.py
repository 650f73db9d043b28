"""Claims as drafted and frozen; a recomputed draft of the same revision keeps its identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.money import to_cents, to_usd
from ccm_fhir.storage.tables import ClaimRow, PatientRow, SignOffRow
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
    from datetime import datetime
    from decimal import Decimal

    from sqlmodel import Session

    from ccm_fhir.domain.decision import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaim:
    """A claim to be kept; ``identifier`` names it in the EHR, ``prior_id`` is the one before."""

    patient_id: str
    month: ServiceMonth
    programme: Programme
    revision: int
    sign_off_id: str
    identifier: str
    total_usd: Decimal
    draft_json: str = field(repr=False)
    prior_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRecord(NewClaim):
    """A kept claim; whether it has been sent is its delivery's to say."""

    id: str
    practice_id: str
    created_at: datetime


def record(session: Session, practice_id: str, new: NewClaim, now: datetime) -> ClaimRecord:
    """Keep a claim; recording the same one again gives the same row.

    Raises:
        ConflictError: this revision exists with other content, or its prior claim has been
            followed already.
    """
    before = _by_identifier(session, practice_id, new.identifier)
    if before is None:
        require_parents(
            session,
            practice_id,
            (PatientRow, new.patient_id),
            (SignOffRow, new.sign_off_id),
            (ClaimRow, new.prior_id),
        )
        row = ClaimRow(
            **columns_of(new, without=frozenset({"month", "total_usd"})),
            id=new_id(now),
            practice_id=practice_id,
            month=str(new.month),
            total_cents=to_cents(new.total_usd),
            created_at=now,
        )
        if insert_once(session, row):
            return claim_of(row)
        before = _by_identifier(session, practice_id, new.identifier)
    if before is None or not is_same(NewClaim, before, new):
        raise ConflictError("a claim of this month and revision exists with other content")
    return before


def get(session: Session, practice_id: str, claim_id: str) -> ClaimRecord:
    """Return a claim; raises NotFoundError."""
    return claim_of(require(session, ClaimRow, practice_id, claim_id))


def find_latest(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> ClaimRecord | None:
    """Return the newest revision of a patient-month's claim, if there is any."""
    row = session.exec(
        select(ClaimRow)
        .where(
            col(ClaimRow.practice_id) == practice_id,
            col(ClaimRow.patient_id) == patient_id,
            col(ClaimRow.month) == str(month),
        )
        .order_by(col(ClaimRow.revision).desc(), col(ClaimRow.id).desc())
    ).first()
    return None if row is None else claim_of(row)


def of_month(
    session: Session,
    practice_id: str,
    month: ServiceMonth,
    patient_ids: Collection[str] | None = None,
) -> tuple[ClaimRecord, ...]:
    """Return every claim of a practice's month, or of some of its patients, by revision."""
    rows = session.exec(
        select(ClaimRow)
        .where(
            col(ClaimRow.practice_id) == practice_id,
            col(ClaimRow.month) == str(month),
            *of_these(ClaimRow.patient_id, patient_ids),
        )
        .order_by(col(ClaimRow.revision), col(ClaimRow.id))
    )
    return tuple(claim_of(row) for row in rows)


def find_by_identifier(session: Session, practice_id: str, identifier: str) -> ClaimRecord | None:
    """Return the claim with our identifier, or None."""
    return _by_identifier(session, practice_id, identifier)


def claim_of(row: ClaimRow) -> ClaimRecord:
    """Read a stored claim."""
    return value_of(
        ClaimRecord,
        row,
        month=ServiceMonth.parse(row.month),
        total_usd=to_usd(row.total_cents),
    )


def _by_identifier(session: Session, practice_id: str, identifier: str) -> ClaimRecord | None:
    row = session.exec(
        select(ClaimRow).where(
            col(ClaimRow.practice_id) == practice_id, col(ClaimRow.identifier) == identifier
        )
    ).one_or_none()
    return None if row is None else claim_of(row)
