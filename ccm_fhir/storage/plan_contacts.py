"""What was done with an adopted plan, written once: reviews, copies that were given, and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.plan_records import (
    OTHER_CONTENT,
    CopyRecord,
    NewCopy,
    NewOutreach,
    NewReview,
    OutreachRecord,
    ReviewRecord,
)
from ccm_fhir.storage.tables import (
    AppUserRow,
    PatientRow,
    PlanCopyRow,
    PlanOutreachRow,
    PlanReviewRow,
    PlanVersionRow,
)
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

R = TypeVar("R", bound="PlanReviewRow | PlanCopyRow | PlanOutreachRow")


def record_review(
    session: Session, practice_id: str, new: NewReview, now: datetime
) -> ReviewRecord:
    """Record a review; the same form sent again gives the same one."""
    _require_version(session, practice_id, new.version_id, new.patient_id)
    row = PlanReviewRow(**columns_of(new), id=new_id(now), practice_id=practice_id, recorded_at=now)
    kept = _kept(session, practice_id, row)
    stored = value_of(ReviewRecord, kept)
    if not is_same(NewReview, stored, new):
        raise ConflictError(OTHER_CONTENT)
    return stored


def reviews_of(session: Session, practice_id: str, patient_id: str) -> tuple[ReviewRecord, ...]:
    """Return a patient's reviews, the latest first."""
    rows = session.exec(
        select(PlanReviewRow)
        .where(
            col(PlanReviewRow.practice_id) == practice_id,
            col(PlanReviewRow.patient_id) == patient_id,
        )
        .order_by(col(PlanReviewRow.reviewed_on).desc(), col(PlanReviewRow.id).desc())
    )
    return tuple(value_of(ReviewRecord, row) for row in rows)


def record_copy(session: Session, practice_id: str, new: NewCopy, now: datetime) -> CopyRecord:
    """Record that a copy was given; the same form sent again gives the same record."""
    _require_version(session, practice_id, new.version_id, new.patient_id)
    row = PlanCopyRow(**columns_of(new), id=new_id(now), practice_id=practice_id, recorded_at=now)
    stored = value_of(CopyRecord, _kept(session, practice_id, row))
    if not is_same(NewCopy, stored, new):
        raise ConflictError(OTHER_CONTENT)
    return stored


def copies_of(session: Session, practice_id: str, patient_id: str) -> tuple[CopyRecord, ...]:
    """Return what was given to a patient, the latest first."""
    rows = session.exec(
        select(PlanCopyRow)
        .where(
            col(PlanCopyRow.practice_id) == practice_id, col(PlanCopyRow.patient_id) == patient_id
        )
        .order_by(col(PlanCopyRow.given_on).desc(), col(PlanCopyRow.id).desc())
    )
    return tuple(value_of(CopyRecord, row) for row in rows)


def record_outreach(
    session: Session, practice_id: str, new: NewOutreach, now: datetime
) -> OutreachRecord:
    """Record an attempt to reach the patient; the same form sent again gives the same one."""
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.tried_by))
    row = PlanOutreachRow(**columns_of(new), id=new_id(now), practice_id=practice_id, tried_at=now)
    stored = value_of(OutreachRecord, _kept(session, practice_id, row))
    if not is_same(NewOutreach, stored, new):
        raise ConflictError(OTHER_CONTENT)
    return stored


def outreach_of(session: Session, practice_id: str, patient_id: str) -> tuple[OutreachRecord, ...]:
    """Return the attempts to reach a patient, the latest first."""
    rows = session.exec(
        select(PlanOutreachRow)
        .where(
            col(PlanOutreachRow.practice_id) == practice_id,
            col(PlanOutreachRow.patient_id) == patient_id,
        )
        .order_by(col(PlanOutreachRow.tried_at).desc(), col(PlanOutreachRow.id).desc())
    )
    return tuple(value_of(OutreachRecord, row) for row in rows)


def _require_version(session: Session, practice_id: str, version_id: str, patient_id: str) -> None:
    version = require(session, PlanVersionRow, practice_id, version_id)
    if version.patient_id != patient_id:
        raise ConflictError("the version is another patient's; look at the page again")


def _kept(session: Session, practice_id: str, row: R) -> R:
    """Return the row, or the one that the same form made before."""
    kind = type(row)
    if insert_once(session, row):
        return row
    return session.exec(
        select(kind).where(col(kind.practice_id) == practice_id, col(kind.form_key) == row.form_key)
    ).one()
