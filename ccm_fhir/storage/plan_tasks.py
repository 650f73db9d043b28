"""Tasks of care plans, written once; that one is done or dropped is a further row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import col, select

from ccm_fhir.errors import ConflictError, NotFoundError
from ccm_fhir.storage.ids import new_id
from ccm_fhir.storage.plan_records import OTHER_CONTENT
from ccm_fhir.storage.tables import AppUserRow, PatientRow, PlanTaskEndRow, PlanTaskRow
from ccm_fhir.storage.values import (
    columns_of,
    insert_once,
    is_same,
    require,
    require_parents,
    value_of,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from ccm_fhir.domain.plans.parts import Performer
    from ccm_fhir.storage.vocabulary import TaskOutcome

_ENDED_ALREADY = "The task was ended already; look at the list again."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """Something to be done, by whom and until when; ``part_key`` is the part that it serves."""

    patient_id: str
    text: str = field(repr=False)
    performer: Performer
    due_on: date | None = None
    part_key: str = ""
    made_by: str
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord(NewTask):
    """A row."""

    id: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTaskEnd:
    """What became of a task."""

    task_id: str
    outcome: TaskOutcome
    note: str = field(default="", repr=False)
    ended_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd(NewTaskEnd):
    """A row."""

    id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTask:
    """A task with its end; None while it is open."""

    task: TaskRecord
    end: TaskEnd | None = None


def record_task(session: Session, practice_id: str, new: NewTask, now: datetime) -> TaskRecord:
    """Record a task; the same form sent again gives the same one.

    Raises:
        ConflictError: the form was sent before with other content.
        NotFoundError: no such patient or person in this practice.
    """
    require_parents(session, practice_id, (PatientRow, new.patient_id), (AppUserRow, new.made_by))
    row = PlanTaskRow(**columns_of(new), id=new_id(now), practice_id=practice_id, made_at=now)
    if not insert_once(session, row):
        row = session.exec(
            select(PlanTaskRow).where(
                col(PlanTaskRow.practice_id) == practice_id,
                col(PlanTaskRow.form_key) == new.form_key,
            )
        ).one()
    stored = value_of(TaskRecord, row)
    if not is_same(NewTask, stored, new):
        raise ConflictError(OTHER_CONTENT)
    return stored


def end_task(session: Session, practice_id: str, new: NewTaskEnd, now: datetime) -> TaskEnd:
    """End a task; ending it again in the same way gives the same end.

    Raises:
        ConflictError: it was ended in another way.
        NotFoundError: no such task or person in this practice.
    """
    require_parents(session, practice_id, (PlanTaskRow, new.task_id), (AppUserRow, new.ended_by))
    row = PlanTaskEndRow(**columns_of(new), id=new_id(now), practice_id=practice_id, ended_at=now)
    if not insert_once(session, row):
        row = session.exec(
            select(PlanTaskEndRow).where(
                col(PlanTaskEndRow.practice_id) == practice_id,
                col(PlanTaskEndRow.task_id) == new.task_id,
            )
        ).one()
    stored = value_of(TaskEnd, row)
    if not is_same(NewTaskEnd, stored, new):
        raise ConflictError(_ENDED_ALREADY)
    return stored


def get(session: Session, practice_id: str, patient_id: str, task_id: str) -> TaskRecord:
    """Return a patient's task.

    Raises:
        NotFoundError: no such task of this patient in this practice.
    """
    row = require(session, PlanTaskRow, practice_id, task_id)
    if row.patient_id != patient_id:
        raise NotFoundError("task")
    return value_of(TaskRecord, row)


def is_open(session: Session, practice_id: str, task_id: str) -> bool:
    """Whether a task was not ended yet."""
    ended = select(PlanTaskEndRow.id).where(
        col(PlanTaskEndRow.practice_id) == practice_id, col(PlanTaskEndRow.task_id) == task_id
    )
    return session.exec(ended).first() is None


def of_patient(session: Session, practice_id: str, patient_id: str) -> tuple[KeptTask, ...]:
    """Return a patient's tasks with their ends, in the order in which they were made."""
    tasks = session.exec(
        select(PlanTaskRow)
        .where(
            col(PlanTaskRow.practice_id) == practice_id, col(PlanTaskRow.patient_id) == patient_id
        )
        .order_by(col(PlanTaskRow.made_at), col(PlanTaskRow.id))
    ).all()
    ends = session.exec(
        select(PlanTaskEndRow).where(
            col(PlanTaskEndRow.practice_id) == practice_id,
            col(PlanTaskEndRow.task_id).in_([task.id for task in tasks]),
        )
    )
    by_task = {end.task_id: value_of(TaskEnd, end) for end in ends}
    return tuple(
        KeptTask(task=value_of(TaskRecord, task), end=by_task.get(task.id)) for task in tasks
    )
