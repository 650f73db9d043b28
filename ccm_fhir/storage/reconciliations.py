"""Reports of comparing ledger, deliveries and EHR: each is kept as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import ReconciliationRow
from ccm_fhir.storage.values import value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """One report, as JSON of the caller's own."""

    id: str
    at: datetime
    report_json: str


def record(session: Session, practice_id: str, report_json: str, now: datetime) -> KeptReport:
    """Keep a report of a practice."""
    row = ReconciliationRow(
        id=new_id(now), practice_id=practice_id, at=now, report_json=report_json
    )
    session.add(row)
    session.flush()
    return value_of(KeptReport, row)


def latest(session: Session, practice_id: str) -> KeptReport | None:
    """Return a practice's newest report, or None where there was never one."""
    row = session.exec(
        select(ReconciliationRow)
        .where(col(ReconciliationRow.practice_id) == practice_id)
        .order_by(col(ReconciliationRow.at).desc(), col(ReconciliationRow.id).desc())
        .limit(1)
    ).first()
    return None if row is None else value_of(KeptReport, row)
