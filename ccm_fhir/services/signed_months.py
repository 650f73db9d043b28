"""A signed month is closed, and a locked one: its time can neither be added to nor changed.

A correction that somebody has opened opens a signed month again, until it is signed or given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.storage import claim_statements, sign_offs
from ccm_fhir.storage.practices import Practice


def is_signed(session: Session, practice_id: str, patient_id: str, month: ServiceMonth) -> bool:
    """Whether a patient-month is signed, and nobody has opened it for a correction."""
    if sign_offs.find_latest(session, practice_id, patient_id, month) is None:
        return False
    return claim_statements.find_open(session, practice_id, patient_id, month) is None


def refuse_signed_months(
    session: Session, practice: Practice, patient_id: str, started_at: datetime, ended_at: datetime
) -> None:
    """Raise ConflictError where work lies in a month of the patient that is signed or locked."""
    for moment in (started_at, ended_at - timedelta(seconds=1)):
        month = ServiceMonth.containing(moment.astimezone(practice.zone).date())
        if is_signed(session, practice.id, patient_id, month):
            raise ConflictError(
                f"{month} is signed; its time can no longer be changed. If the claim is wrong, "
                "open a correction of it first."
            )
        refuse_locked(session, practice, patient_id, month)
