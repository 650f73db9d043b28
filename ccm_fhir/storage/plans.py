"""Care plans of ours: drafts saved over, versions written once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func
from sqlmodel import col, select

from ccm_fhir.domain.plans.drafting import Draft
from ccm_fhir.domain.plans.parts import Plan
from ccm_fhir.domain.plans.versions import AdoptedPlan
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.plan_records import (
    OTHER_CONTENT,
    NewVersion,
    SavedDraft,
    VersionRecord,
)
from ccm_fhir.storage.tables import (
    AppUserRow,
    PatientRow,
    PlanDraftRow,
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

_PLAN = msgspec.json.Decoder(Plan)
_DRAFT = msgspec.json.Decoder(Draft)
_ADOPTED_MEANWHILE = "another version was adopted meanwhile; look at it before you adopt yours"


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
    raise ConflictError(OTHER_CONTENT)


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
