"""Tasks of the care plan: who is to do what until when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from ccm_fhir.domain.plans.parts import Performer
from ccm_fhir.errors import InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.care_plan import EDITORS
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.send_task import send_end, send_task
from ccm_fhir.storage import patients, plan_tasks, practices
from ccm_fhir.storage.plan_tasks import KeptTask, NewTask, NewTaskEnd
from ccm_fhir.storage.vocabulary import TaskOutcome

__all__ = ["EndedTask", "KeptTask", "TaskOutcome", "WantedTask", "add_task", "end_task"]

LONGEST_TASK = 500
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTask:
    """A task as a person writes it; ``part_key`` is the part of the plan that it serves, if any."""

    patient_id: str
    text: str = field(repr=False)
    performer: Performer
    due_on: date | None = None
    part_key: str = ""
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTask:
    """What a person says became of a task."""

    patient_id: str
    task_id: str
    outcome: TaskOutcome
    note: str = field(default="", repr=False)


def add_task(world: Installation, actor: Actor, wanted: WantedTask, now: datetime) -> str:
    """Record a task and tell the EHR where it takes Tasks; return its id.

    Raises:
        NotAllowedError: the person writes no care plans.
        InputError: it says nothing or too much, or its day has passed.
        ConflictError: the form was sent before with other content.
    """
    actor.must_be("writing a task", *EDITORS)
    practice_id = actor.practice_id
    with world.db.write(practice_id) as session:
        audited(world, session, actor, "add_plan_task", wanted.patient_id)
        patients.get(session, practice_id, wanted.patient_id)
        known = plan_tasks.of_patient(session, practice_id, wanted.patient_id)
        if all(each.task.form_key != wanted.form_key for each in known):
            _refuse_a_past_day(session, actor, wanted.due_on, now)
        new = NewTask(
            patient_id=wanted.patient_id,
            text=_said(wanted.text),
            performer=wanted.performer,
            due_on=wanted.due_on,
            part_key=wanted.part_key,
            made_by=actor.user_id,
            form_key=wanted.form_key,
        )
        kept = plan_tasks.record_task(session, practice_id, new, now)
        send_task(world, session, practice_id, kept, now)
        return kept.id


def end_task(world: Installation, actor: Actor, ended: EndedTask, now: datetime) -> None:
    """Record that a task is done, or will not be, and tell the EHR where it may be changed.

    Raises:
        NotAllowedError: the person writes no care plans.
        InputError: the note is too long.
        NotFoundError: no such task of this patient.
        ConflictError: it was ended in another way.
    """
    actor.must_be("ending a task", *EDITORS)
    practice_id = actor.practice_id
    if len(ended.note) > LONGEST_NOTE:
        raise InputError("note", f"Keep it under {LONGEST_NOTE} characters.")
    with world.db.write(practice_id) as session:
        audited(world, session, actor, "end_plan_task", ended.patient_id)
        task = plan_tasks.get(session, practice_id, ended.patient_id, ended.task_id)
        new = NewTaskEnd(
            task_id=task.id,
            outcome=ended.outcome,
            note=ended.note.strip(),
            ended_by=actor.user_id,
        )
        send_end(
            world, session, practice_id, plan_tasks.end_task(session, practice_id, new, now), now
        )


def _said(text: str) -> str:
    said = text.strip()
    if not said:
        raise InputError("text", "Write what is to be done.")
    if len(said) > LONGEST_TASK:
        raise InputError("text", f"Keep it under {LONGEST_TASK} characters.")
    return said


def _refuse_a_past_day(session: Session, actor: Actor, due_on: date | None, now: datetime) -> None:
    today = now.astimezone(practices.get(session, actor.practice_id).zone).date()
    if due_on is not None and due_on < today:
        raise InputError("due_on", "The day has passed; give one that lies ahead, or none.")
