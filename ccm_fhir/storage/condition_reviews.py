"""What practitioners said of Conditions: each answer a row, the highest revision holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.domain.reviews import ConditionReview
from ccm_fhir.errors import ConflictError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.tables import AppUserRow, ConditionReviewRow, PatientRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    of_these,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from ccm_fhir.domain.reviews import ReviewAnswer

_ANSWERED_MEANWHILE = "somebody has answered about this condition meanwhile; look at it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """An answer about a Condition; ``revision`` is one more than that of the answer before.

    ``person`` is the practitioner's name on that day.
    """

    patient_id: str
    condition_id: str = field(repr=False)
    condition_version: str = field(repr=False)
    fingerprint: str
    answer: ReviewAnswer
    family: str = field(default="", repr=False)
    reason: str = field(repr=False)
    revision: int
    user_id: str
    person: str = field(repr=False)
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord(NewReview):
    """A row."""

    id: str
    practice_id: str
    reviewed_at: datetime

    def as_review(self, zone: ZoneInfo) -> ConditionReview:
        """Return the answer as it is applied, dated as the practice's calendar was."""
        return ConditionReview(
            condition_id=self.condition_id,
            fingerprint=self.fingerprint,
            answer=self.answer,
            family=self.family,
            reason=self.reason,
            person=self.person,
            reviewed_on=self.reviewed_at.astimezone(zone).date(),
            revision=self.revision,
        )


def record(session: Session, practice_id: str, new: NewReview, now: datetime) -> ReviewRecord:
    """Keep an answer; the same form sent again gives the same row.

    Raises:
        ConflictError: the form was used for something else, or somebody has answered meanwhile.
    """
    before = by_form(session, practice_id, new.form_key)
    if before is not None:
        return _same_or_conflict(before, new)
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.user_id))
    row = ConditionReviewRow(
        **columns_of(new), id=new_id(now), practice_id=practice_id, reviewed_at=now
    )
    if insert_once(session, row):
        return value_of(ReviewRecord, row)
    meanwhile = by_form(session, practice_id, new.form_key)
    if meanwhile is None:
        raise ConflictError(_ANSWERED_MEANWHILE)
    return _same_or_conflict(meanwhile, new)


def by_form(session: Session, practice_id: str, form_key: str) -> ReviewRecord | None:
    """Return the answer that a form gave, if it was sent before."""
    found = _select(session, practice_id, col(ConditionReviewRow.form_key) == form_key)
    return found[0] if found else None


def of_patient(session: Session, practice_id: str, patient_id: str) -> tuple[ReviewRecord, ...]:
    """Return every answer about a patient's Conditions, oldest first for each."""
    return _select(session, practice_id, col(ConditionReviewRow.patient_id) == patient_id)


def of_practice(
    session: Session, practice_id: str, patient_ids: Collection[str] | None = None
) -> dict[str, tuple[ReviewRecord, ...]]:
    """Return every answer of a practice by its patient, oldest first for each Condition."""
    groups: dict[str, list[ReviewRecord]] = defaultdict(list)
    for one in _select(session, practice_id, *of_these(ConditionReviewRow.patient_id, patient_ids)):
        groups[one.patient_id].append(one)
    return {patient_id: tuple(answers) for patient_id, answers in groups.items()}


def _select(
    session: Session, practice_id: str, *conditions: ColumnElement[bool]
) -> tuple[ReviewRecord, ...]:
    rows = session.exec(
        select(ConditionReviewRow)
        .where(col(ConditionReviewRow.practice_id) == practice_id, *conditions)
        .order_by(
            col(ConditionReviewRow.patient_id),
            col(ConditionReviewRow.condition_id),
            col(ConditionReviewRow.revision),
        )
    )
    return tuple(value_of(ReviewRecord, row) for row in rows)


def _same_or_conflict(stored: ReviewRecord, new: NewReview) -> ReviewRecord:
    if is_same(NewReview, stored, new, but=frozenset({"revision"})):
        return stored
    raise ConflictError("this form was sent before with other content; open a new one")
