"""Tells the EHR of a task, where it takes Tasks, and of its end, where it lets one be changed.

Nothing waits for either: the task stands here, and the page says what the EHR was not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.writeback import UPDATE, Act, DeliveryState, ResourceKind, judge
from ccm_fhir.fhir.write_task import TaskTold, ended_task, task_resource
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import Planned, our_identifier, plan
from ccm_fhir.services.retract import TAKEN_BACK
from ccm_fhir.services.write_plan import tenant_of
from ccm_fhir.storage import deliveries, ehrs, patients, plans, practices, sending, users
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.plan_tasks import TaskEnd, TaskRecord
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.sending import Problem
from ccm_fhir.storage.vocabulary import ArtefactKind, Purpose, TaskOutcome

_TASK = ResourceKind.TASK


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """Where a task's Task stands, and the change that ends it; None where none was planned."""

    brought: DeliveryState
    ended: DeliveryState | None = None


def send_task(
    world: Installation, session: Session, practice_id: str, task: TaskRecord, now: datetime
) -> DeliveryRecord | None:
    """Plan a task's Task, in the transaction that records it; None where the EHR takes none."""
    practice = practices.get(session, practice_id)
    patient = patients.get(session, practice_id, task.patient_id)
    ehr = ehrs.get(session, practice_id, patient.ehr_id)
    if not judge(Act(resource_type=_TASK.value), tenant_of(session, ehr, None)).is_possible:
        return None
    ours = our_identifier(world, practice, _TASK, task.id)
    planned = Planned(
        ehr_id=ehr.id,
        patient_id=patient.id,
        kind=_TASK,
        artefact_kind=ArtefactKind.PLAN_TASK,
        artefact_id=task.id,
        ours=ours,
        body=task_resource(_told(session, practice, task, patient.ref), ours),
        purpose=Purpose.NOTICE,
    )
    return plan(world, session, practice_id, planned, now)


def send_end(
    world: Installation, session: Session, practice_id: str, end: TaskEnd, now: datetime
) -> DeliveryRecord | None:
    """Plan the change of a Task that was told; None where there is none, or it takes no change.

    A Task that surely was not sent is not sent any more.
    """
    task = task_delivery(session, practice_id, end.task_id)
    if task is None:
        return None
    if task.state is DeliveryState.PLANNED and not task.tries:
        withdrawn = Problem(delivery_id=task.id, code=TAKEN_BACK)
        sending.mark_withdrawn(session, practice_id, withdrawn, now)
        return None
    ehr = ehrs.get(session, practice_id, task.ehr_id)
    judged = judge(Act(resource_type=_TASK.value, code=UPDATE), tenant_of(session, ehr, None))
    if not judged.is_possible:
        return None
    practice = practices.get(session, practice_id)
    planned = Planned(
        ehr_id=task.ehr_id,
        patient_id=task.patient_id,
        kind=_TASK,
        artefact_kind=ArtefactKind.PLAN_TASK,
        artefact_id=end.task_id,
        ours=our_identifier(world, practice, _TASK, f"{end.task_id}|end"),
        body=ended_task(is_done=end.outcome is TaskOutcome.DONE),
        depends_on=(task.id,),
        purpose=Purpose.AMENDMENT,
        of_delivery_id=task.id,
    )
    return plan(world, session, practice_id, planned, now)


def task_delivery(session: Session, practice_id: str, task_id: str) -> DeliveryRecord | None:
    """Return the delivery that brings a task's Task; None where none was planned."""
    found = deliveries.of_artefact(session, practice_id, ArtefactKind.PLAN_TASK, task_id)
    return next((one for one in found if one.purpose is Purpose.NOTICE), None)


def task_standings(session: Session, practice_id: str, patient_id: str) -> dict[str, TaskStanding]:
    """Return where the Tasks of a patient stand, by the ids of the tasks."""
    found = [
        one
        for one in deliveries.of_patient(session, practice_id, patient_id)
        if one.artefact_kind is ArtefactKind.PLAN_TASK
    ]
    ended = {one.artefact_id: one.state for one in found if one.purpose is Purpose.AMENDMENT}
    return {
        one.artefact_id: TaskStanding(brought=one.state, ended=ended.get(one.artefact_id))
        for one in found
        if one.purpose is Purpose.NOTICE
    }


def _told(session: Session, practice: Practice, task: TaskRecord, patient_ref: str) -> TaskTold:
    versions = plans.versions_of(session, practice.id, task.patient_id)
    part = versions[-1].plan.part(task.part_key) if versions else None
    there = (
        one.remote_ref
        for one in deliveries.of_patient(session, practice.id, task.patient_id)
        if one.resource_type is ResourceKind.CARE_PLAN and one.remote_ref
    )
    return TaskTold(
        patient_ref=patient_ref,
        requester_ref=users.get(session, practice.id, task.made_by).fhir_user,
        care_plan_ref=next(there, ""),
        text=task.text,
        performer=task.performer.value.replace("_", " "),
        serves="" if part is None else part.text,
        made_at=task.made_at.astimezone(practice.zone),
        due_on=task.due_on,
    )
