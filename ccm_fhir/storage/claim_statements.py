"""What people said of claims, each with its reason; rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.corrections import OPENS_THE_MONTH, ClaimSaid
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage import claims
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, ClaimRow, ClaimStatementRow, PatientRow
from ccm_fhir.storage.values import columns_of, insert_once, is_same, require_parents, value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.storage.claims import ClaimRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaimStatement:
    """What somebody says of a claim, and why."""

    claim_id: str
    patient_id: str
    month: ServiceMonth
    said: ClaimSaid
    reason: str = field(repr=False)
    user_id: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRecord(NewClaimStatement):
    """A kept statement; ``turn`` counts those of its claim."""

    id: str
    practice_id: str
    turn: int
    said_at: datetime


def record(
    session: Session, practice_id: str, new: NewClaimStatement, now: datetime
) -> StatementRecord:
    """Keep a statement; the same form sent again gives the same row.

    Raises:
        ConflictError: the form was used for something else, or two spoke at one moment.
        NotFoundError: no such claim, patient or person in this practice.
    """
    before = find_by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(
        session,
        practice_id,
        (ClaimRow, new.claim_id),
        (PatientRow, new.patient_id),
        (AppUserRow, new.user_id),
    )
    row = ClaimStatementRow(
        **columns_of(new, without=frozenset({"month"})),
        id=new_id(now),
        practice_id=practice_id,
        month=str(new.month),
        turn=len(of_claims(session, practice_id, [new.claim_id]).get(new.claim_id, ())) + 1,
        said_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError("Somebody else speaks of this claim at this moment; look at it again.")
    return _record_of(row)


def find_by_form(session: Session, practice_id: str, form_key: str) -> StatementRecord | None:
    """Return what a form has recorded already, if anything."""
    found = _select(session, practice_id, col(ClaimStatementRow.form_key) == form_key)
    return found[0] if found else None


def of_claims(
    session: Session, practice_id: str, claim_ids: Collection[str]
) -> dict[str, tuple[StatementRecord, ...]]:
    """Return what was said of some claims, by claim, in order."""
    if not claim_ids:
        return {}
    return _by_claim(_select(session, practice_id, col(ClaimStatementRow.claim_id).in_(claim_ids)))


def open_of_month(
    session: Session, practice_id: str, month: ServiceMonth, newest: Iterable[ClaimRecord]
) -> dict[str, StatementRecord]:
    """Return the corrections that are open in a month, by patient.

    Args:
        session: to read by.
        practice_id: whose.
        month: of the claims.
        newest: the newest claim of each patient.
    """
    claimed = tuple(newest)
    if not claimed:
        return {}
    said = _by_claim(_select(session, practice_id, col(ClaimStatementRow.month) == str(month)))
    found = ((one.patient_id, open_after(said.get(one.id, ()))) for one in claimed)
    return {patient_id: one for patient_id, one in found if one is not None}


def find_open(
    session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> StatementRecord | None:
    """Return the correction of a patient-month that is open, if there is one."""
    newest = claims.find_latest(session, practice_id, patient_id, month)
    if newest is None:
        return None
    return open_after(of_claims(session, practice_id, [newest.id]).get(newest.id, ()))


def open_after(said: Iterable[StatementRecord]) -> StatementRecord | None:
    """Return the correction that is open after what was said of the newest claim."""
    told = [one for one in said if one.said in {*OPENS_THE_MONTH, ClaimSaid.KEPT}]
    return told[-1] if told and told[-1].said is not ClaimSaid.KEPT else None


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[StatementRecord, ...]:
    rows = session.exec(
        select(ClaimStatementRow)
        .where(col(ClaimStatementRow.practice_id) == practice_id, *conditions)
        .order_by(col(ClaimStatementRow.claim_id), col(ClaimStatementRow.turn))
    )
    return tuple(_record_of(row) for row in rows)


def _by_claim(records: Iterable[StatementRecord]) -> dict[str, tuple[StatementRecord, ...]]:
    found: dict[str, tuple[StatementRecord, ...]] = {}
    for one in records:
        found[one.claim_id] = (*found.get(one.claim_id, ()), one)
    return found


def _record_of(row: ClaimStatementRow) -> StatementRecord:
    return value_of(StatementRecord, row, month=ServiceMonth.parse(row.month))


def _same_or_conflict(stored: StatementRecord, new: NewClaimStatement) -> StatementRecord:
    if not is_same(NewClaimStatement, stored, new):
        raise ConflictError("this form was sent before with other content; open a new one")
    return stored
