"""Care plans of ours: drafts saved over, versions and what was done with them written once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

import msgspec
from sqlalchemy import func
from sqlmodel import col, select

from ccm_fhir.domain.plans.drafting import Draft
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.plans.versions import AdoptedPlan
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.plan_records import (
    CopyRecord,
    NewCopy,
    NewOutreach,
    NewReview,
    NewVersion,
    OutreachRecord,
    ReviewRecord,
    SavedDraft,
    VersionRecord,
)
from ccm_fhir.storage.tables import (
    AppUserRow,
    PatientRow,
    PlanCopyRow,
    PlanDraftRow,
    PlanOutreachRow,
    PlanReviewRow,
    PlanVersionRow,
)
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

__all__ = [
    "CopyRecord",
    "NewCopy",
    "NewOutreach",
    "NewReview",
    "NewVersion",
    "OutreachRecord",
    "ReviewRecord",
    "SavedDraft",
    "VersionRecord",
    "adopt",
    "adopted_of",
    "adopted_of_practice",
    "copies_of",
    "draft_of",
    "drop_draft",
    "outreach_of",
    "record_copy",
    "record_outreach",
    "record_review",
    "reviews_of",
    "save_draft",
    "version",
    "version_of_form",
    "versions_of",
]

_PLAN = msgspec.json.Decoder(Plan)
_DRAFT = msgspec.json.Decoder(Draft)
_OTHER_CONTENT = "this form was sent before with other content; open a new one"
_ADOPTED_MEANWHILE = "another version was adopted meanwhile; look at it before you adopt yours"
R = TypeVar("R", bound="PlanReviewRow | PlanCopyRow | PlanOutreachRow")


def draft_of(
    session: Session, practice_id: str, patient_id: str, user_id: str
) -> SavedDraft | None:
    """Return a person's draft of a patient's plan, if there is one."""
    row = _draft_row(session, practice_id, patient_id, user_id)
    if row is None:
        return None
    return SavedDraft(draft=_DRAFT.decode(row.draft_json), saved_at=row.saved_at)


def save_draft(
    session: Session, practice_id: str, owner: tuple[str, str], draft: Draft, now: datetime
) -> None:
    """Save a draft over the one before; ``owner`` is the patient's id and the person's."""
    patient_id, user_id = owner
    row = _draft_row(session, practice_id, patient_id, user_id)
    if row is None:
        require_parents(session, practice_id, (PatientRow, patient_id), (AppUserRow, user_id))
        row = PlanDraftRow(
            id=new_id(now),
            practice_id=practice_id,
            patient_id=patient_id,
            user_id=user_id,
            draft_json="",
            saved_at=now,
        )
    row.draft_json, row.saved_at = msgspec.json.encode(draft).decode(), now
    session.add(row)
    session.flush()


def drop_draft(session: Session, practice_id: str, patient_id: str, user_id: str) -> None:
    """Throw a person's draft away; nothing where there is none."""
    row = _draft_row(session, practice_id, patient_id, user_id)
    if row is not None:
        session.delete(row)
        session.flush()


def adopt(session: Session, practice_id: str, new: NewVersion, now: datetime) -> VersionRecord:
    """Keep a version; the same form sent again gives the same one.

    Raises:
        ConflictError: the form was used for something else, or its number is taken.
    """
    before = version_of_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(
        session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.adopted_by)
    )
    if new.number != _last_number(session, practice_id, new.patient_id) + 1:
        raise ConflictError(_ADOPTED_MEANWHILE)
    row = PlanVersionRow(
        **columns_of(new, without=frozenset({"plan"})),
        id=new_id(now),
        practice_id=practice_id,
        plan_json=msgspec.json.encode(new.plan).decode(),
        adopted_at=now,
    )
    if insert_once(session, row):
        return _version(row)
    meanwhile = version_of_form(session, practice_id, new.form_key)
    if meanwhile is None:
        raise ConflictError(_ADOPTED_MEANWHILE)
    return _same_or_conflict(meanwhile, new)


def version_of_form(session: Session, practice_id: str, form_key: str) -> VersionRecord | None:
    """Return the version that a form made, if it made one."""
    found = _versions(session, practice_id, col(PlanVersionRow.form_key) == form_key)
    return found[0] if found else None


def version(session: Session, practice_id: str, version_id: str) -> VersionRecord:
    """Return a version; raises NotFoundError."""
    return _version(require(session, PlanVersionRow, practice_id, version_id))


def versions_of(session: Session, practice_id: str, patient_id: str) -> tuple[VersionRecord, ...]:
    """Return every version of a patient's plan, the first first."""
    return _versions(session, practice_id, col(PlanVersionRow.patient_id) == patient_id)


def adopted_of(session: Session, practice_id: str, patient_id: str) -> tuple[AdoptedPlan, ...]:
    """Return a patient's versions as they are judged, with the day of each one's last review."""
    versions = versions_of(session, practice_id, patient_id)
    if not versions:
        return ()
    days = _review_days(session, practice_id, col(PlanReviewRow.patient_id) == patient_id)
    return tuple(_adopted(version, days) for version in versions)


def adopted_of_practice(
    session: Session, practice_id: str, patient_ids: Collection[str] | None = None
) -> dict[str, tuple[AdoptedPlan, ...]]:
    """Return every version of a practice, or of some patients, as it is judged, by patient."""
    days = _review_days(session, practice_id, *of_these(PlanReviewRow.patient_id, patient_ids))
    groups: dict[str, list[AdoptedPlan]] = defaultdict(list)
    those = of_these(PlanVersionRow.patient_id, patient_ids)
    for version in _versions(session, practice_id, *those):
        groups[version.patient_id].append(_adopted(version, days))
    return {patient_id: tuple(versions) for patient_id, versions in groups.items()}


def record_review(
    session: Session, practice_id: str, new: NewReview, now: datetime
) -> ReviewRecord:
    """Record a review; the same form sent again gives the same one."""
    _require_version(session, practice_id, new.version_id, new.patient_id)
    row = PlanReviewRow(**columns_of(new), id=new_id(now), practice_id=practice_id, recorded_at=now)
    kept = _kept(session, practice_id, row)
    stored = value_of(ReviewRecord, kept)
    if not is_same(NewReview, stored, new):
        raise ConflictError(_OTHER_CONTENT)
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
        raise ConflictError(_OTHER_CONTENT)
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
        raise ConflictError(_OTHER_CONTENT)
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


def _draft_row(
    session: Session, practice_id: str, patient_id: str, user_id: str
) -> PlanDraftRow | None:
    return session.exec(
        select(PlanDraftRow).where(
            col(PlanDraftRow.practice_id) == practice_id,
            col(PlanDraftRow.patient_id) == patient_id,
            col(PlanDraftRow.user_id) == user_id,
        )
    ).one_or_none()


def _versions(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[VersionRecord, ...]:
    rows = session.exec(
        select(PlanVersionRow)
        .where(col(PlanVersionRow.practice_id) == practice_id, *conditions)
        .order_by(col(PlanVersionRow.patient_id), col(PlanVersionRow.number))
    )
    return tuple(_version(row) for row in rows)


def _version(row: PlanVersionRow) -> VersionRecord:
    return value_of(VersionRecord, row, plan=_PLAN.decode(row.plan_json))


def _same_or_conflict(stored: VersionRecord, new: NewVersion) -> VersionRecord:
    """Return what the form made; its number and day were given by the first sending."""
    if is_same(NewVersion, stored, new, but=frozenset({"number", "adopted_on", "plan"})):
        return stored
    raise ConflictError(_OTHER_CONTENT)


def _last_number(session: Session, practice_id: str, patient_id: str) -> int:
    found = session.exec(
        select(func.max(PlanVersionRow.number)).where(
            col(PlanVersionRow.practice_id) == practice_id,
            col(PlanVersionRow.patient_id) == patient_id,
        )
    ).one()
    return found or 0


def _adopted(version: VersionRecord, days: dict[str, date]) -> AdoptedPlan:
    return AdoptedPlan(
        id=version.id,
        number=version.number,
        adopted_on=version.adopted_on,
        plan=version.plan,
        reviewed_on=days.get(version.id),
    )


def _review_days(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> dict[str, date]:
    found = session.exec(
        select(PlanReviewRow.version_id, func.max(PlanReviewRow.reviewed_on))
        .where(col(PlanReviewRow.practice_id) == practice_id, *conditions)
        .group_by(col(PlanReviewRow.version_id))
    )
    return dict(found.all())


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
